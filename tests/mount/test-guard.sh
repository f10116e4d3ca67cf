#!/bin/bash
# SPDX-License-Identifier: MIT
# A daemon that dies, or is told to end, while its notifier waits in the kernel for a directory whose
# holder waits for the daemon: nobody may wait for ever.
. "$(dirname "$0")/../lib/lib.sh"

if ! command -v strace >/dev/null; then
	skip "the guard" "strace is not here"
	exit 0
fi
if [ "$(id -u)" != 0 ] && [ ! -d /sys/fs/fuse/connections ]; then
	skip_optional "the guard" "fusectl is not mounted"
	exit 0
fi
shell_project
OP=$MNT/models/m/operations/quick

# Deleting a run takes so long that it stays in the middle.
start_slow() {
	# Leaks cannot be looked for below strace.
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 strace -D -f -qq -o /dev/null -e trace=renameat2 -e inject=renameat2:delay_enter=15000000 \
		"$BUILD/guildfs" -f -H "$HOME_DIR" -C "$PROJECT" "$MNT" >"$T/daemon.log" 2>&1 &
	DAEMON=$!
	wait_until 20 is_mounted && wait_until 5 test -e "$MNT/README"
}
notifier_waits() { cat "/proc/$DAEMON"/task/*/wchan | grep -q fuse_reverse_inval_entry; }
gone() { ! kill -0 "$client"; }
# A rmdir that holds runs/, and a run that goes meanwhile, so that the kernel is to forget its name.
get_stuck() {
	rmdir "$MNT/runs/$1" 2>"$T/rmdir" &
	client=$!
	wait_until 10 grep -q request_wait_answer "/proc/$client/wchan"
	rm -rf "${HOME_DIR:?}/runs/$2"
	wait_until 10 notifier_waits
}
cd "$PROJECT" || exit 1
for i in 1 2 3 4; do "$BUILD/guild" run quick -y -q >/dev/null 2>&1; done
runs=("$HOME_DIR"/runs/*)
runs=("${runs[@]##*/}")

start_slow
ls "$MNT/runs" >/dev/null
get_stuck "${runs[0]}" "${runs[1]}"
check "the notifier waits for who waits for the daemon" notifier_waits
kill -KILL "$DAEMON"
check "when the daemon is killed, who waits is let go" wait_until 20 gone
refuse "the mount is dead" timeout 20 stat "$MNT/README"
wait "$DAEMON" 2>/dev/null
DAEMON=
check "guild mount recovers it" timeout 60 "$BUILD/guild" -H "$HOME_DIR" mount "$MNT"
check "all is there" test -e "$MNT/runs/${runs[2]}/status"
"$BUILD/guild" unmount "$MNT"

start_slow
ls "$MNT/runs" >/dev/null
get_stuck "${runs[2]}" "${runs[3]}"
check "again" notifier_waits
kill -TERM "$DAEMON"
check "when it is told to end, too" wait_until 60 gone
dead() { ! kill -0 "$DAEMON" || grep -q '^State:.Z' "/proc/$DAEMON/status"; }
check "and it ends" wait_until 60 dead
DAEMON=
guards() { pgrep -f -- "--guard .* $MNT$"; }
refuse "no guard is left" guards
