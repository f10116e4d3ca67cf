#!/bin/bash
# SPDX-License-Identifier: MIT
# Death of the daemon, remounts, damaged runs, and mounting itself.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
start_mount
OPS=$MNT/models/m/operations
echo 'seconds: 3' >"$OPS/slow/flags"
id=$(newest)
wait_until 10 status_is "$id" running
wait_until 5 grep -q 'tick 3' "$MNT/runs/$id/output"
kill -KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null
DAEMON=
refuse "the mount is dead" cat "$MNT/README"
cd "$PROJECT" || exit 1
check "guild mount recovers it" "$BUILD/guild" -H "$HOME_DIR" mount "$MNT"
check "it answers" test -e "$MNT/README"
equal "the run goes on" running "$(cat "$MNT/runs/$id/status")"
finish "$id"
equal "it completes" completed "$(cat "$MNT/runs/$id/status")"
equal "its exit status is recorded" 0 "$(cat "$MNT/runs/$id/exit_status")"
equal "its output is whole" "begin $(seq -f 'tick %g' 30 | xargs) end" "$(xargs <"$MNT/runs/$id/output")"
refuse "mounting twice" "$BUILD/guild" -H "$HOME_DIR" mount "$MNT"
check "guild unmount" "$BUILD/guild" unmount "$MNT"
refuse "it is gone" test -e "$MNT/README"
refuse "unmounting what is not mounted" "$BUILD/guild" unmount "$MNT"
refuse "a mount point that is not there" "$BUILD/guild" mount "$T/nowhere"

# A supervisor that dies takes nothing with it: the run goes on, and is told so until it is over.
# (What prints, ends as soon as nobody reads that any more.)
sed -i 's/^    slow:/    silent: {exec: sleep 300}\n&/' "$PROJECT/guild.yml"
start_mount
echo >"$OPS/silent/flags"
id=$(newest)
wait_until 10 status_is "$id" running
wait_until 10 test -s "$HOME_DIR/runs/$id/.guild/guildfs/process"
kill -KILL "$(cut -d' ' -f1 "$HOME_DIR/runs/$id/.guild/guildfs/supervisor")"
sleep 1
equal "a run without its supervisor still runs" running "$(cat "$MNT/runs/$id/status")"
matches "for guild, too" running "$("$BUILD/guild" -H "$HOME_DIR" runs | grep "${id:0:8}")"
refuse "it is not deleted" rmdir "$MNT/runs/$id"
refuse "it is not started beside itself" sh -c "echo restart > '$MNT/runs/$id/ctl'"
check "its process can still be killed" sh -c "echo kill > '$MNT/runs/$id/ctl'"
check "then it is an error" wait_until 5 status_is "$id" error
equal "nobody saw when it ended" "" "$(cat "$MNT/runs/$id/stopped" 2>/dev/null)"
check "now it can be deleted" rmdir "$MNT/runs/$id"
equal "no ghosts" "" "$(grep -lx running "$MNT"/runs/*/status)"

# A run that a dead daemon left between flush and release is started, once.
exec 7>"$OPS/quick/flags"
echo 'epochs: 42' >&7
/bin/true >&7
id=$(newest)
equal "the run exists before the last close" pending "$(cat "$MNT/runs/$id/status")"
kill -KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null
exec 7>&- 2>/dev/null
umount -l "$MNT"
equal "it is still pending" 1 "$(ls "$HOME_DIR/runs/$id/.guild/PENDING" | wc -l)"
start_mount
check "the next daemon starts it" wait_until 10 status_is "$id" completed
equal "once" "epochs=42 rate=0.1 name=a b" "$(cat "$MNT/runs/$id/output")"

# What clients have open when the daemon is told to end is closed as by them: what was acknowledged is
# done, and nothing of it is kept (which AddressSanitizer sees).
echo before >"$MNT/runs/$id/label"
exec 3<"$MNT/runs/$id/status" 4<"$MNT/runs/$id/files/result.txt" 5<"$MNT/runs" \
	6>>"$MNT/runs/$id/comments" 7>"$OPS/quick/flags" 8>"$MNT/runs/$id/label" 9>"$OPS/quick/some.yml"
echo 'epochs: 43' >&7
/bin/true >&7 8>&8
left=$(newest)
cat "$MNT/events" >"$T/events" 2>&1 &
reader=$!
wait_until 5 grep -q fuse "/proc/$reader/wchan"
end_daemon
exec 3<&- 4<&- 5<&- 6>&- 7>&- 8>&- 9>&-
check "whoever reads events is let go" wait_until 10 sh -c "! kill -0 $reader"
wait "$reader" 2>/dev/null
! is_mounted || umount -l "$MNT"
check "a run whose file is open when the daemon ends is started" \
	wait_until 10 test -e "$HOME_DIR/runs/$left/.guild/attrs/exit_status"
equal "by its flags" "epochs=43 rate=0.1 name=a b" "$(cat "$HOME_DIR/runs/$left/.guild/output")"
equal "a label that was emptied is" "" "$(cat "$HOME_DIR/runs/$id/.guild/attrs/label" 2>/dev/null)"
start_mount

# Who restarted it had died when the run was pending again and its end not yet forgotten. Nobody
# believes that end, also when the second life has none.
echo >"$OPS/silent/flags"
again=$(newest)
wait_until 10 status_is "$again" running
echo kill >"$MNT/runs/$again/ctl"
check "a run ends" wait_until 10 status_is "$again" terminated
stop_mount
touch "$HOME_DIR/runs/$again/.guild/guildfs/launch" "$HOME_DIR/runs/$again/.guild/PENDING"
start_mount
check "the next daemon starts it again" wait_until 10 status_is "$again" running
refuse "its old exit status is gone" test -e "$HOME_DIR/runs/$again/.guild/attrs/exit_status"
refuse "so is the time" test -e "$HOME_DIR/runs/$again/.guild/attrs/stopped"
kill_processes "$again" 1
check "killed with its supervisor it is an error" wait_until 10 status_is "$again" error

# A mount point whose name the kernel escapes, within a project: the mount is no source code.
mkdir "$PROJECT/a b\\	c"
check "guild mount, blanks in the name" "$BUILD/guild" -H "$HOME_DIR" mount "$PROJECT/a b\\	c"
matches "again" "is mounted already" "$("$BUILD/guild" -H "$HOME_DIR" mount "$PROJECT/a b\\	c" 2>&1)"
echo >"$PROJECT/own.py"
"$BUILD/guild" -H "$HOME_DIR" run quick -y >/dev/null 2>&1
equal "the project's files are copied" 1 "$(find "$HOME_DIR/runs/$(newest)/own.py" | wc -l)"
equal "those of the mount are not" "" "$(find "$HOME_DIR/runs/$(newest)/" -path '*a b*')"
check "guild unmount" "$BUILD/guild" unmount "$PROJECT/a b\\	c"
rmdir "$PROJECT/a b\\	c"

# Damage.
mkdir -p "$HOME_DIR/runs/00000000000000000000000000000000/.guild"
mkdir -p "$HOME_DIR/runs/11111111111111111111111111111111/.guild/attrs"
echo "'open quote" >"$HOME_DIR/runs/11111111111111111111111111111111/.guild/opref"
cp -r "$HOME_DIR/runs/$id" "$HOME_DIR/runs/22222222222222222222222222222222"
echo '{ not: [yaml' >"$HOME_DIR/runs/22222222222222222222222222222222/.guild/attrs/flags"
head -c 100 /dev/urandom >"$HOME_DIR/runs/22222222222222222222222222222222/.guild/attrs/started"
check "damaged runs are listed" wait_until 5 test -d "$MNT/runs/22222222222222222222222222222222"
equal "with status error" error "$(cat "$MNT/runs/11111111111111111111111111111111/status")"
matches "and a reason" "opref" "$(cat "$MNT/runs/11111111111111111111111111111111/info")"
equal "others are not hidden" completed "$(cat "$MNT/runs/$id/status")"
check "ls -l of all" ls -lR "$MNT/runs"
check "guild runs, too" "$BUILD/guild" runs --all
# A stale LOCK whose pid is another process now.
mkdir -p "$HOME_DIR/runs/33333333333333333333333333333333/.guild/attrs"
printf "test:x '' '' op" >"$HOME_DIR/runs/33333333333333333333333333333333/.guild/opref"
sleep 100 &
printf %s $! >"$HOME_DIR/runs/33333333333333333333333333333333/.guild/LOCK"
touch -d '1 hour ago' "$HOME_DIR/runs/33333333333333333333333333333333/.guild/LOCK"
check "a pid that means another process is no run" wait_until 5 status_is 33333333333333333333333333333333 error
lock=$HOME_DIR/runs/33333333333333333333333333333333/.guild/LOCK
printf %s $! >"$lock.new"
touch -d '10 seconds' "$lock.new"
mv "$lock.new" "$lock"
check "one that is older than the file is" wait_until 5 status_is 33333333333333333333333333333333 running
kill %+ 2>/dev/null
# Deleted behind our back.
rm -rf "$HOME_DIR/runs/22222222222222222222222222222222"
check "a deleted run disappears" wait_until 5 sh -c "! ls '$MNT/runs' | grep -q 2222222222"

# A project without a Guild file, yet.
stop_mount
rm "$PROJECT/guild.yml"
start_mount
matches "a mount without a Guild file says so" "no guild.yml in $PROJECT" "$(cat "$T/daemon.log")"
