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

# A supervisor that dies takes nothing with it: the state is told as it is.
start_mount
echo 'seconds: 60' >"$OPS/slow/flags"
id=$(newest)
wait_until 10 status_is "$id" running
kill -KILL "$(cut -d' ' -f1 "$HOME_DIR/runs/$id/.guild/guildfs/supervisor")"
check "a run without its supervisor is an error" wait_until 5 status_is "$id" error
check "its process can still be killed" sh -c "echo kill > '$MNT/runs/$id/ctl'"
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
