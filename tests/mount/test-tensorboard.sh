#!/bin/bash
# SPDX-License-Identifier: MIT
# tensorboard/: which runs it shows and what of them, that nothing moves under a reader, and that the
# links outlive the daemon. What TensorBoard makes of it: tests/e2e/test-tensorboard-mount.sh.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<END
- model: m
  operations:
    files: {exec: sh files.sh, flags: {lr: 0.1, path: a/b}}
    live: {exec: sh live.sh}
    none: {exec: 'true'}
    fast: {exec: sh fast.sh}
END
cat >"$PROJECT/files.sh" <<END
echo "loss: 0.5"
echo "kind: cnn"
mkdir -p logs/deep/er empty/er other
"$BUILD/lib/events" write logs/deep/er
"$BUILD/lib/events" write .
echo >other/model.json
ln -s ../logs other/loop
ln -s /etc/passwd events.out.tfevents.1.link
mkfifo events.out.tfevents.2.fifo
END
cat >"$PROJECT/live.sh" <<'END'
i=0
while [ ! -e stop ]; do i=$((i + 1)); echo "count: $i"; echo "kind: cnn"; sleep 0.05; done
END
cat >"$PROJECT/fast.sh" <<'END'
i=0
while [ ! -e stop ]; do i=$((i + 1)); echo "count: $i"; done
END
start_mount
cd "$MNT" || exit 1
start() { echo >"models/m/operations/$1/flags"; }
name_of() { (cd tensorboard && echo "${1:0:8} "*); }
started_of() { date -d "$(cat "runs/$1/started")" '+%F %T'; }
# Everything in a run's directory, with what it is.
tree() { (cd "tensorboard/$1" && find . -mindepth 1 -printf '%P %y\n' | sed 's/events.out.tfevents.1[0-9]*[^ ]*\.[0-9]\+/EVENTS/' | sort); }

equal "nothing before a run" "" "$(ls -A tensorboard)"
start files
finish
first=$(newest)
one=$(name_of "$first")
equal "a run, named as Guild AI names it" "${first:0:8} m:files $(started_of "$first") lr=0.1 path=a%2Fb" "$(ls tensorboard)"
equal "its event files, and directories that have some" ".guild d
.guild/EVENTS l
.guild/EVENTS.attrs l
EVENTS l
EVENTS.attrs l
EVENTS.hparams l
events.out.tfevents.0000000000.hparams f
events.out.tfevents.9999999999.hparams f
logs d
logs/deep d
logs/deep/er d
logs/deep/er/EVENTS l
logs/deep/er/EVENTS.attrs l
logs/deep/er/EVENTS.hparams l" "$(tree "$one")"
wrong=$(find "tensorboard/$one" -type l | while read -r link; do
	[ "$(readlink "$link")" = "$HOME_DIR/runs/$first/${link#"tensorboard/$one/"}" ] || echo "$link"
done)
equal "links lead to the same place in the store" "" "$wrong"
equal "they are as long as they say" "$(readlink "tensorboard/$one/.guild/"*.0 | tr -d '\n' | wc -c)" \
	"$(stat -c %s "tensorboard/$one/.guild/"*.0)"
for f in 0000000000 9999999999; do
	f=tensorboard/$one/events.out.tfevents.$f.hparams
	equal "size of ${f##*/}" "$(wc -c <"$f")" "$(stat -c %s "$f")"
done
cp "tensorboard/$one/"events.out.tfevents.*9.hparams "$T/end"
touch "$T/stop"
equal "the session's end is an event file" 2 "$("$BUILD/lib/events" follow "$T/end" "$T/stop")"
equal "and its start" 2 "$("$BUILD/lib/events" follow "tensorboard/$one/events.out.tfevents.0000000000.hparams" "$T/stop")"
equal "mtime is when the run changed" "$(stat -c %Y "runs/$first")" "$(stat -c %Y "tensorboard/$one")"
refuse "nothing can be removed" rm "tensorboard/$one/events.out.tfevents.0000000000.hparams"
refuse "nor made" touch "tensorboard/x"
check "tar takes it" sh -c 'tar -cf - tensorboard | tar -df - '
refuse "no other name" test -e "tensorboard/${one% *}"
refuse "no id" test -e "tensorboard/$first"

# Which runs: those that have started.
echo >models/m/operations/none/stage
staged=$(newest)
equal "a staged run is not there" "$one" "$(ls tensorboard)"
echo start >"runs/$staged/ctl"
finish "$staged"
two=$(name_of "$staged")
equal "a run without event files has its flags" "events.out.tfevents.0000000000.hparams f
events.out.tfevents.9999999999.hparams f" "$(tree "$two")"

# The runs that a filter selects are links to those.
W="where/operation = 'm:none'/tensorboard"
equal "runs of a filter" "$two" "$(ls "$W")"
equal "are links" "../../../tensorboard/$two" "$(readlink "$W/$two")"
equal "that lead there" "$(stat -c %i "tensorboard/$two")" "$(stat -Lc %i "$W/$two")"
refuse "no others" readlink "$W/$one"
equal "nor those that have not started" "" "$(ls "where/status = staged/tensorboard")"

# While one runs.
start live
live=$(newest)
check "a run that runs is there" wait_until 20 sh -c "ls '$MNT/tensorboard/${live:0:8} '*/.guild/*.0"
name=$(name_of "$live")
equal "without what comes last" ".guild d
.guild/EVENTS l
events.out.tfevents.0000000000.hparams f" "$(tree "$name")"
# (Attributes come whenever something logs them, the other at the end.)
inodes_of() { find "tensorboard/$1" -printf '%i %P\n' | grep -v 'attrs\|999' | sort; }
inodes=$(inodes_of "$name")
first_stat=$(stat -c '%i %Y' "tensorboard/$one")
events=$(echo "tensorboard/$name/.guild/"*.0)
exec 3<"$events"
size=$(stat -Lc %s "$events")
check "it grows" wait_until 20 sh -c "[ \$(stat -Lc %s '$events') -gt $size ]"
equal "in the same inodes" "$inodes" "$(find "tensorboard/$name" -printf '%i %P\n' | sort)"
target=$(readlink "$events")

# The daemon dies: links that somebody has open go on, and lead to the same place afterwards.
cd "$T" || exit 1
kill -KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null
DAEMON=
size=$(stat -c %s "$target")
check "the run goes on without the daemon" wait_until 20 sh -c "[ \$(stat -c %s '$target') -gt $size ]"
check "what is open can be read to its end" sh -c "[ \$(wc -c <&3) -gt $size ]"
exec 3<&-
umount -l "$MNT"
start_mount
cd "$MNT" || exit 1
equal "the same name after a remount" "$name" "$(name_of "$live")"
equal "the same link" "$target" "$(readlink "$events")"
equal "and the other runs" "$one" "$(name_of "$first")"
equal "as they were" "${first_stat#* }" "$(stat -c %Y "tensorboard/$one")"

ls -Rl tensorboard >/dev/null
inodes=$(find "tensorboard/$name" -printf '%i %P\n' | sort)
touch "$HOME_DIR/runs/$live/stop"
finish "$live"
equal "what comes last comes when it is over" ".guild d
.guild/EVENTS l
.guild/EVENTS.attrs l
events.out.tfevents.0000000000.hparams f
events.out.tfevents.9999999999.hparams f" "$(tree "$name")"
equal "nothing else has moved" "$inodes" "$(inodes_of "$name")"

# A label is part of the name.
inode=$(stat -c %i "tensorboard/$name")
echo 'best/of 50%' >"runs/$live/label"
equal "a label is in the name at once" "${name}best%2Fof 50%25" "$(name_of "$live" | sed 's/ best/best/')"
equal "in the same inode" "$inode" "$(stat -c %i "tensorboard/$(name_of "$live")")"
refuse "the old name is gone" test -e "tensorboard/$name"
head -c 400 /dev/zero | tr '\0' x >"runs/$live/label"
equal "a long one is cut" 255 "$(name_of "$live" | tr -d '\n' | wc -c)"
check "and found" test -d "tensorboard/$(name_of "$live")"
# What somebody else writes later into a run that is over.
mkdir "$HOME_DIR/runs/$first/empty/late"
cp "$T/end" "$HOME_DIR/runs/$first/empty/late/events.out.tfevents.3.late"
check "a file that comes later shows" test -L "tensorboard/$one/empty/late/events.out.tfevents.3.late"
lists() { tree "$1" | grep -qx "$2"; }
check "before long in the listing too" wait_until 45 lists "$one" "empty/late/events.out.tfevents.3.late l"
guild runs rm -y "$first" >/dev/null 2>&1
check "a run that is deleted goes" wait_until 10 sh -c "! ls '$MNT/tensorboard' | grep -q '^${first:0:8}'"
refuse "its name too" test -e "tensorboard/$one"

# A file that grows as fast as it can, read by two who keep it open while others ask for its size:
# by the link, and through the mount. GROWTH_SECONDS=60 for a long look.
start fast
fast=$(newest)
wait_until 20 sh -c "ls '$MNT/tensorboard/${fast:0:8} '*/.guild/*.0"
link=$(echo "tensorboard/$(name_of "$fast")/.guild/"*.0)
through=runs/$fast/files/${link#*/*/}
readers=
for n in 1 2; do
	"$BUILD/lib/events" follow "$link" "$T/end-of-growth" >"$T/link.$n" 2>&1 &
	readers="$readers $!"
	"$BUILD/lib/events" follow "$through" "$T/end-of-growth" >"$T/through.$n" 2>&1 &
	readers="$readers $!"
done
end=$((SECONDS + ${GROWTH_SECONDS:-3}))
while [ $SECONDS -lt $end ]; do ls -lL "$link" "$through" "runs/$fast/files/.guild" >/dev/null; done
touch "$HOME_DIR/runs/$fast/stop"
finish "$fast"
touch "$T/end-of-growth"
failed=0
for pid in $readers; do wait "$pid" || failed=$((failed + 1)); done
equal "no reader finds damage" 0 "$failed"
records=$(cat "$T/link.1")
equal "all read all of it" "$records" "$(sort -u "$T"/link.? "$T"/through.? | xargs)"
check "which is a lot" test "$records" -gt 100
