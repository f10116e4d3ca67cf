#!/bin/bash
# SPDX-License-Identifier: MIT
# The real Guild AI 0.9 and ours on one home: each lists the other's runs as they are.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/guild-ai.sh"

install_guild_ai
theirs() { "$T/venv/bin/guild" -H "$HOME_DIR" "$@"; }
ours() { "$BUILD/guild" -H "$HOME_DIR" "$@"; }

cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    train: {main: train, flags-dest: args, flags: {epochs: 3, name: a b, rate: 0.001, deep: yes}}
    fail: {exec: sh -c "exit 3"}
    die: {exec: sh -c 'kill -TERM $$'}
    missing: {exec: no-such-program}
    slow: {exec: sleep 60}
    version: {exec: cat version.txt}
    asks: {main: asks}
END
echo 'import guild, guild.util; print("Guild AI", guild.__version__)' >"$PROJECT/asks.py"
echo 'import sys; print(sys.argv[1:]); open("out.txt", "w").write("x")' >"$PROJECT/train.py"
cd "$PROJECT" || exit 1

# Ours, seen by theirs.
ours run train epochs=5 -y >"$T/ours.out"
ours run fail -y >/dev/null 2>&1
ours run train --stage -y 2>/dev/null
ours label -y -s 'from ours' 3 2>/dev/null
list=$(theirs runs)
matches "they list our runs" "m:train .*completed  from ours" "$list"
matches "with status error" "m:fail .*error" "$list"
matches "with status staged" "m:train .*staged" "$list"
info=$(theirs runs info 3)
matches "info: operation" "operation: m:train" "$info"
matches "info: flags" "epochs: 5" "$info"
matches "info: exit status" "exit_status: 0" "$info"
equal "cat --output" "$(cat "$T/ours.out")" "$(theirs cat --output 3)"
check "their ls shows the artifact" grep -q out.txt <(theirs ls 3)
id=$(basename "$(ours ls 3 -n -f | head -1 | xargs dirname)")
check "they restart our run" theirs run --restart "$id" -y
equal "which is completed" completed "$(ours runs list "$id" | awk '{print $5}')"

# Theirs, seen by ours.
theirs run train epochs=7 -y >"$T/theirs.out" 2>&1
matches "we list their run" "m:train .*completed .*epochs=7" "$(ours runs list 1)"
matches "info: flags" "  epochs: 7" "$(ours runs info)"
matches "our argv is theirs" "$(grep -o '\[.*\]' "$T/theirs.out" | sed 's/7/5/; s/[][]/./g')" "$(cat "$T/ours.out")"
equal "their command is ours" "$(ours runs info 1 | grep -o -- '-um guild.*' | sed 's/epochs 7/epochs 5/')" \
	"$(ours runs info "$id" | grep -o -- '-um guild.*')"
equal "cat --output" "$(grep '\[' "$T/theirs.out")" "$(ours cat -O | grep '\[')"
theirs label -y -s 'from theirs' 1 2>/dev/null
matches "their label" "from theirs" "$(ours runs list 1)"
start_mount
id=$(newest)
equal "in the mount: operation" m:train "$(cat "$MNT/runs/$id/operation")"
equal "in the mount: flags" "deep: true
epochs: 7
name: a b
rate: 0.001" "$(cat "$MNT/runs/$id/flags")"
theirs run fail -y >/dev/null 2>&1
check "a run of theirs shows in the mount" wait_until 5 sh -c "grep -qx error '$MNT/runs/latest/status'"
theirs label -y -s 'while mounted' 1 2>/dev/null
check "and their label" wait_until 5 grep -qx 'while mounted' "$MNT/runs/latest/label"
cp "$MNT/runs/$id/flags" "$MNT/models/m/operations/train/flags"
finish
equal "a run of theirs is repeated by cp" completed "$(cat "$MNT/runs/latest/status")"
equal "with its flags" "$(cat "$MNT/runs/$id/flags")" "$(cat "$MNT/runs/latest/flags")"
stop_mount

# The same end is the same status, whoever ran it and whoever asks.
for who in theirs ours; do
	for op in fail die missing; do $who run $op --run-id $who-$op -y >/dev/null 2>&1; done
	$who run slow --run-id $who-slow --background -y >/dev/null 2>&1
done
list=
status() { "$1" runs info "$2" | sed -n "s/^status: /$2 /p"; }
for id in {theirs,ours}-{fail,die,missing,slow}; do list+="$(status ours $id)|"; done
wanted="theirs-fail error|theirs-die terminated|theirs-missing error|theirs-slow running|"
equal "statuses, as we see them" "$wanted${wanted//theirs/ours}" "$list"
list=
for id in theirs-slow ours-{fail,die,missing,slow}; do list+="$(status theirs $id)|"; done
equal "as they see them" "theirs-slow running|${wanted//theirs/ours}" "$list"
ours stop -y theirs-slow >/dev/null 2>&1
theirs runs stop -y ours-slow >/dev/null 2>&1
for id in theirs-slow ours-slow; do
	check "$id is stopped by the other" wait_until 10 grep -qx -- -15 \
		"$HOME_DIR/runs/$id/.guild/attrs/exit_status"
done

# A run has its own source code, whatever becomes of the project.
echo one >version.txt
for who in theirs ours; do
	$who run version --run-id $who-version -y >/dev/null 2>&1
	$who run version --run-id $who-staged --stage -y >/dev/null 2>&1
done
echo two >version.txt
prints() { equal "$1" "$2" "$("${@:3}" -y 2>/dev/null)"; }
prints "what they staged has its source code, and its output is shown" one \
	ours run --start theirs-staged
prints "what we staged has it" one theirs run --start ours-staged
prints "restarted by us" one ours run --restart theirs-version
prints "restarted by them" one theirs run --restart ours-version
prints "--force-sourcecode: ours" two ours run --restart theirs-version --force-sourcecode
prints "--force-sourcecode: theirs" two theirs run --restart ours-version --force-sourcecode
# Their Guild AI is in the path that they store; ours goes before it.
theirs run train --run-id theirs-train -y >/dev/null 2>&1
python_path() { sed -n 's/^PYTHONPATH: //p' "$HOME_DIR/runs/theirs-train/.guild/attrs/env" | tr : '\n'; }
check "their path leads to Guild AI" grep -q "^$T/venv/.*site-packages" <(python_path)
check "we restart it" ours run --restart theirs-train -y
equal "our shim stands before it" "$BUILD/python" "$(python_path | grep -x -e "$BUILD/python" -e "$T/venv/.*site-packages" | head -1)"
check "and still behind it" grep -q "^$T/venv/.*site-packages" <(python_path)
ours run version --run-id queued --stage -y >/dev/null 2>&1
theirs run queue run-once=yes -y >/dev/null 2>&1
equal "their queue starts what we staged" two "$(cat "$HOME_DIR/runs/queued/.guild/output")"

# What people write on a run.
ours label -y -s L1 theirs-version 2>/dev/null
ours tag -y -a T1 theirs-version 2>/dev/null
ours mark -y theirs-version 2>/dev/null
ours comment -y -a C1 theirs-version 2>/dev/null
matches "they show our label, tag, mark and comment" "marked: yes.*label: L1.*T1.*C1" \
	"$(theirs runs info theirs-version --comments | xargs)"
theirs label -y -s L2 ours-version 2>/dev/null
theirs tag -y -a T2 ours-version 2>/dev/null
theirs mark -y ours-version 2>/dev/null
theirs comment -y -a C2 ours-version 2>/dev/null
matches "we show theirs" "marked: yes.*label: L2.*T2.*C2" \
	"$(ours runs info ours-version --comments | xargs)"
ours runs rm -y theirs-version 2>/dev/null
theirs runs restore -y theirs-version 2>/dev/null
theirs runs rm -y ours-version 2>/dev/null
ours runs restore -y ours-version 2>/dev/null
equal "deleted by one, restored by the other" 2 \
	"$(ours runs list theirs-version ours-version | wc -l)"

equal "inside an operation of ours their package is whole" "Guild AI 0.9.0" \
	"$(GUILD_PYTHON_EXE=$T/venv/bin/python ours run asks -y 2>&1 | tail -1)"

# What Guild files say, to them and to us: tests/guildfiles/run.py has the public ones.
mkdir -p "$T/repo/includes"
cp "$PROJECT/guild.yml" "$T/repo"
cat >"$T/repo/includes/guild.yml" <<'END'
- include: more.yml
- model: m
  extends: base
  params: {what: numbers, rate: 0.5}
  operations:
    train:
      flags: {$include: common, epochs: {default: 3, choices: [3, {value: 5}]}}
      requires: [{operation: prepare, name: data}, {file: in.txt, flag-name: in}]
    look: {notebook: a.ipynb --html}
    old: {cmd: [python, -c, 'print("a b")']}
END
cat >"$T/repo/includes/more.yml" <<'END'
- config: common
  flags: {rate: '{{rate}}', deep: {default: yes, arg-switch: yes}}
- config: base
  params: {what: nothing}
  operations:
    prepare: {main: "prepare --what '{{what}}'", description: 'Prepare {{what}}'}
END
printf -- '- include: cycle.yml\n' >"$T/repo/includes/cycle.yml"
echo 'a: [1' >"$T/repo/includes/open.yml"
printf -- '- model: a\n  extends: b\n- test: t\n' >"$T/repo/includes/faults.yml"
git init -q "$T/repo"
git -C "$T/repo" add -A
git -C "$T/repo" -c user.name=t -c user.email=t@example.com commit -qm files
python3 "$ROOT/tests/guildfiles/run.py" -B "$BUILD" --python "$T/venv/bin/python" "$T/repo" >"$T/table"
equal "both load the same Guild files" "6 passed, 0 failed, 0 skipped" "$(tail -1 "$T/table")"
matches "but for what we do on purpose" "2018: cmd is main" "$(cat "$T/table")"

git() { command git -C "$T" -c user.name=t -c user.email=t@t "$@" >/dev/null; }
git init -q && git add project && git commit -qm 'the project'
git commit -qm 'something else' --allow-empty
theirs run version --run-id theirs-git -y >/dev/null 2>&1
ours run version --run-id ours-git -y >/dev/null 2>&1
for f in attrs/vcs_commit manifest; do
	check "$f under git" wait_until 5 cmp "$HOME_DIR"/runs/{theirs,ours}-git/.guild/$f
done

# Zip files and directories of runs, from one to the other.
ln -s out.txt "$HOME_DIR/runs/$id/link-to-file"
for n in theirs ours; do
	check "$n: export to a zip file" $n export "$T/$n.zip" -y
	check "$n: export to a directory" $n export "$T/$n.dir" -y
done
names() { python3 -m zipfile -l "$1" | awk 'NR > 1 {print $1, $NF}' | sort; }
equal "both zip files have the same entries" "$(names "$T/theirs.zip")" "$(names "$T/ours.zip")"
equal "both directories are the same" "" "$(diff -r "$T/theirs.dir" "$T/ours.dir")"
cp -a "$T/ours.dir" "$T/all"
mv "$HOME_DIR/runs" "$T/runs-before"
for n in theirs ours; do
	other=$([ $n = ours ] && echo theirs || echo ours)
	for from in zip dir; do
		mkdir -p "$HOME_DIR/runs"
		check "$n imports their $from of $other" $n import "$T/$other.$from" -y
		equal "all of it, whole" "" "$(diff -r "$T/all" "$HOME_DIR/runs" | grep -v -e '\.guild-nocopy' -e '^Only in .*all/[^ ]*: dangling')"
		rm -r "$HOME_DIR/runs"
	done
done
mv "$T/runs-before" "$HOME_DIR/runs"
