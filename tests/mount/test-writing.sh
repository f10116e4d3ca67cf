#!/bin/bash
# SPDX-License-Identifier: MIT
# Every tool that people start runs with: how many runs come into being, with which flags, and
# what the tool says.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
start_mount
OP=$MNT/models/m/operations/quick
F=$OP/flags
cd "$T" || exit 1
echo 'epochs: 21' >given.yml

# starts NAME COUNT EPOCHS COMMAND...: the command succeeds and makes COUNT runs, the newest with
# this value of epochs (of all runs when COUNT is 0).
starts() {
	local name=$1 count=$2 epochs=$3 before after out
	shift 3
	before=$(count_runs)
	if ! out=$("$@" 2>&1); then
		not_ok "$name" "failed: $out"
		return
	fi
	sleep 0.05
	after=$(count_runs)
	if [ $((after - before)) != "$count" ]; then
		not_ok "$name" "wanted $count run(s), got $((after - before))"
	elif [ "$count" != 0 ] && ! grep -qx "epochs: $epochs" "$MNT/runs/latest/flags"; then
		not_ok "$name" "wanted epochs $epochs, got $(cat "$MNT/runs/latest/flags")"
	else
		ok "$name"
	fi
}
shell() { bash -c "$*"; }
dash_() { dash -c "$*"; }

starts "echo in bash" 1 2 shell "echo 'epochs: 2' > '$F'"
starts "echo in dash" 1 3 dash_ "echo 'epochs: 3' > '$F'"
starts "/bin/echo" 1 4 shell "/bin/echo 'epochs: 4' > '$F'"
starts "one newline: all defaults" 1 10 shell "echo > '$F'"
starts "{}: all defaults" 1 10 shell "echo '{}' > '$F'"
starts "assignments" 1 5 shell "echo 'epochs=5 rate=0.5' > '$F'"
equal "assignments: the second one" "rate: 0.5" "$(grep rate "$MNT/runs/latest/flags")"
starts "assignments with quotes" 1 5 shell "echo \"epochs=5 name='x y'\" > '$F'"
equal "quoted value" "name: x y" "$(grep name "$MNT/runs/latest/flags")"
starts "printf of several lines" 1 6 shell "printf 'epochs: 6\nrate: 0.2\n' > '$F'"
equal "printf: the second line counts" "rate: 0.2" "$(grep rate "$MNT/runs/latest/flags")"
starts "printf without a newline" 1 7 shell "printf 'epochs: 7' > '$F'"
starts "a group of commands" 1 8 shell "{ echo 'epochs: 8'; echo 'rate: 0.3'; } > '$F'"
starts "(cat a; cat b) >" 1 9 shell "echo 'epochs: 9' > a; echo 'rate: 0.4' > b; (cat a; cat b) > '$F'"
equal "(cat a; cat b): both count" "rate: 0.4" "$(grep rate "$MNT/runs/latest/flags")"
starts "exec 3>" 1 11 shell "exec 3> '$F'; echo 'epochs: 11' >&3; echo 'rate: 0.6' >&3; exec 3>&-"
equal "exec 3>: both count" "rate: 0.6" "$(grep rate "$MNT/runs/latest/flags")"
starts "a child in the background" 1 12 shell "{ echo 'epochs: 12'; sleep 0.3 & } > '$F'; wait; sleep 0.4"
starts "append" 1 13 shell "echo 'epochs: 13' >> '$F'"
starts "cp" 1 21 cp given.yml "$F"
starts "cp -p" 1 21 cp -p given.yml "$F"
starts "cp -a" 1 21 cp -a given.yml "$F"
starts "mv from elsewhere" 1 21 shell "cp given.yml moved.yml && mv moved.yml '$F'"
starts "install" 1 21 install -m 644 given.yml "$F"
starts "tee" 1 14 shell "echo 'epochs: 14' | tee '$F'"
starts "dd" 1 21 dd if=given.yml of="$F"
starts "dd conv=notrunc writes over what is shown" 1 99 shell "printf 'epochs: 99\n' | dd of='$F' conv=notrunc"
starts "cat" 1 21 shell "cat given.yml > '$F'"
starts "sed -i" 1 33 sed -i 's/epochs: 10/epochs: 33/' "$F"
starts "perl -pi" 1 34 perl -pi -e 's/epochs: 10/epochs: 34/' "$F"
starts "python" 1 15 python3 -c "
with open('$F', 'w') as f: f.write('epochs: 15')"
starts "python json" 1 16 python3 -c "
import json
with open('$F', 'w') as f: json.dump({'epochs': 16}, f)"
starts "rsync --inplace" 1 21 rsync --inplace given.yml "$F"
starts "rsync" 1 21 rsync given.yml "$F"
if command -v vim >/dev/null; then
	starts "vim" 1 17 vim -es -u NONE -c '%s/epochs: 10/epochs: 17/' -c wq "$F"
else
	skip "vim" "not installed"
fi

starts "touch starts nothing" 0 - touch "$F"
starts ": > starts nothing" 0 - shell ": > '$F'"
starts "> starts nothing" 0 - shell "> '$F'"
starts "opening starts nothing" 0 - shell "exec 3> '$F'; exec 3>&-"
starts "reading starts nothing" 0 - cat "$F"
starts "truncate starts nothing" 0 - truncate -s 0 "$F"
starts "chmod, touch -d start nothing" 0 - shell "chmod 600 '$F'; touch -d yesterday '$F'"

# Repeating, staging, types.
starts "cp of a run's flags repeats it" 1 17 shell "
	id=\$(grep -lx 'epochs: 17' $MNT/runs/*/flags | head -1); [ -n \"\$id\" ] || id=given.yml
	echo 'epochs: 17' > again; cp again '$F'"
finish
cp "$MNT/runs/latest/flags" "$F"
equal "a repeated run has the same flags" 1 \
	"$(for r in $(ls -t "$MNT/runs" | head -2); do md5sum <"$MNT/runs/$r/flags"; done | sort -u | wc -l)"
starts "stage" 1 18 shell "echo 'epochs: 18' > '$OP/stage'"
equal "a staged run is staged" staged "$(cat "$MNT/runs/latest/status")"
echo "rate: '0.5'" >"$F"
equal "a quoted value is a string" "rate: '0.5'" "$(grep rate "$MNT/runs/latest/flags")"
echo "rate: 1e-3" >"$F"
equal "numbers decode as on the command line" "rate: 0.001" "$(grep rate "$MNT/runs/latest/flags")"

# Dropped files.
starts "a dropped .yml" 1 21 cp given.yml "$OP/fast.yml"
finish
equal "its name is a link to the run" "../../../../runs/$(newest)" "$(readlink "$OP/fast.yml")"
equal "its stem is the label" fast "$(cat "$MNT/runs/latest/label")"
check "it is listed" test -n "$(ls "$OP" | grep -x fast.yml)"
first=$(newest)
sed -i 's/^    fail:/    labelled: {exec: "true", label: "n is ${n}", flags: {n: 1}}\n&/' "$PROJECT/guild.yml"
wait_until 5 test -d "$MNT/models/m/operations/labelled"
echo 'n: 2' >"$MNT/models/m/operations/labelled/stem.yml"
equal "a label of the operation's own goes before" "n is 2" "$(cat "$MNT/runs/latest/label")"
starts "echo into a new .yaml" 1 22 shell "echo 'epochs: 22' > '$OP/x.yaml'"
starts "a .json" 1 23 shell "echo '{\"epochs\": 23}' > '$OP/y.json'"
cp given.yml "$OP/fast.yml" 2>/dev/null
equal "cp goes by a link, into the run: it fails" 1 $?
matches "and errors says what to do" "runs/[0-9a-f]{32}/given.yml	nothing is put into a run.*rm the link first" \
	"$(tail -1 "$MNT/errors")"
starts "which starts anew" 1 21 shell "rm '$OP/fast.yml' && cp given.yml '$OP/fast.yml'"
starts "cp -p of a new .yml" 1 21 cp -p given.yml "$OP/z.yml"
starts "mv of a new .yml" 1 21 shell "cp given.yml m.yml; mv m.yml '$OP/'"
starts "python writes a new .yml" 1 24 python3 -c "
with open('$OP/p.yml', 'w') as f: f.write('epochs: 24\n')"
starts "a scratch file starts nothing" 0 - cp given.yml "$OP/scratch.txt"
equal "a scratch file can be read" "epochs: 21" "$(cat "$OP/scratch.txt")"
starts "a swap file starts nothing" 0 - cp given.yml "$OP/.flags.yml.swp"
starts "a scratch file renamed to a .yml" 1 21 mv "$OP/scratch.txt" "$OP/renamed.yml"
starts "another file renamed onto a link" 1 25 shell "
	echo 'epochs: 25' > '$OP/tmp1'; mv -T '$OP/tmp1' '$OP/fast.yml'"
check "the link leads to the new run" test "$(readlink "$OP/fast.yml")" != "../../../../runs/$first"
check "the first run is still there" test -e "$MNT/runs/$first/id"
check "rm of the link" rm "$OP/fast.yml"
refuse "the link is gone" test -L "$OP/fast.yml"
check "its run is not" test -e "$MNT/runs/latest/id"
starts "touch of a new .yml starts nothing" 0 - touch "$OP/empty.yml"
starts "and it can be written then" 1 26 shell "echo 'epochs: 26' > '$OP/empty.yml'"
refuse "a name with its own meaning cannot be made" mv "$F" "$OP/cmd"

# unlink and create, as install and mv do, and what is between.
rm "$F"
refuse "flags is hidden" test -e "$F"
starts "and made again" 1 27 shell "echo 'epochs: 27' > '$F'"
check "and there" test -e "$F"
rm "$F"
sleep 1.1
check "a hidden name comes back" test -e "$F"

wait_until 20 sh -c "! grep -l running $MNT/runs/*/status"
stop_mount
start_mount
check "links of dropped files are there after a remount" test -L "$OP/x.yaml"
check "and lead to runs" test -e "$OP/x.yaml/id"
refuse "a removed one is not" test -L "$OP/gone.yml"
