#!/bin/bash
# SPDX-License-Identifier: MIT
# The index of runs: what others change shows after a sweep, nobody waits for it, and nothing is lost
# with it.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
cd "$PROJECT" || exit 1
guild() { "$BUILD/guild" "$@"; }
INDEX=$HOME_DIR/cache/guildfs/index.db
check_index() { guild check --index; }
# As Guild AI does it: the file is written in place.
relabel() { echo "$2" >"$HOME_DIR/runs/$1/.guild/attrs/label"; }
listed() { [ "$(guild runs -Fl "$1" 2>/dev/null | wc -l)" = "${2:-1}" ]; }

guild run quick -y -q >/dev/null
id=$(ls "$HOME_DIR/runs")
# Many more of the same: so many that a command does not compare all of them with the store.
for i in $(seq 100 609); do
	cp -a "$HOME_DIR/runs/$id" "$HOME_DIR/runs/${i}00000000000000000000000000000"
done
sleep 0.05
equal "all runs are listed" 511 "$(guild runs --all | wc -l)"
check "the first list makes the index" test -s "$INDEX"

# --- what others change ---------------------------------------------------------------------------
export GUILD_SWEEP_SECONDS=3600
guild runs >/dev/null 2>&1
relabel "$id" theirs
sleep 0.05
equal "a filter knows it after a sweep" 0 "$(guild runs -Fl theirs | wc -l)"
matches "a run that is shown is shown as it is" theirs "$(guild runs list "$id")"
relabel "$id" theirs-too
sleep 0.05
export GUILD_SWEEP_SECONDS=0
check "which comes by itself" wait_until 20 listed theirs-too
export GUILD_SWEEP_SECONDS=3600
guild label --set ours "$id" -y >/dev/null 2>&1
equal "what we change shows at once" 1 "$(guild runs -Fl ours | wc -l)"

# --- nobody waits for the sweep --------------------------------------------------------------------
if (strace -qq -o /dev/null -e trace=flock -e inject=flock:delay_enter=1 true) 2>/dev/null; then
	mkfifo "$T/pipe"
	# Only the sweep takes a lock by flock(2).
	GUILD_SWEEP_SECONDS=0 strace -f -qq -o "$T/trace" -e trace=flock \
		-e inject=flock:delay_enter=10000000 sh -c "'$BUILD/guild' runs >'$T/pipe' 2>&1" \
		>/dev/null 2>&1 &
	slow=$!
	timeout 9 cat "$T/pipe" >"$T/out"
	equal "guild runs | cat ends before the sweep" "0 1" "$? $(grep -c '^\[1:' "$T/out")"
	check "which still goes on" kill -0 $slow
	wait $slow
	check "and takes its lock" grep -q flock "$T/trace"
else
	skip "nobody waits for the sweep" "strace cannot delay calls here"
fi
equal "guild runs | head -1 ends" 1 "$(GUILD_SWEEP_SECONDS=0 timeout 10 "$BUILD/guild" runs --all | head -1 | wc -l)"

# --- many at once ------------------------------------------------------------------------------------
export GUILD_SWEEP_SECONDS=0
rm "$INDEX"
pids=
for i in $(seq 20); do
	if [ $((i % 2)) = 0 ]; then
		guild runs --all >"$T/at-once.$i" 2>&1 &
	else
		guild label --set "label-$i" "$((i + 10))000000" -y >"$T/at-once.$i" 2>&1 &
	fi
	pids="$pids $!"
done
failed=
for pid in $pids; do wait "$pid" || failed="$failed $pid"; done
equal "20 commands at once: none fails" "" "$failed"
equal "none speaks of locks" "" "$(cat "$T"/at-once.* | grep -i -e lock -e busy -e sqlite)"
equal "each list is whole" 511 "$(wc -l <"$T/at-once.2")"
equal "and each label is there" 10 "$(guild runs -Fl label- --all | wc -l)"
nothing_sweeps() { [ -z "$(own_processes)" ]; }
wait_until 30 nothing_sweeps
check "the index is right" check_index

# --- while mounted -------------------------------------------------------------------------------------
export GUILD_SWEEP_SECONDS=1
start_mount
equal "the mount shows all runs" 511 "$(runs | grep -c .)"
cat "$MNT/runs/$id/label" >/dev/null
rm "$INDEX"
equal "without its index too" ours "$(cat "$MNT/runs/$id/label")"
check "which comes back" wait_until 20 test -s "$INDEX"
relabel "$id" foreign
foreign_shows() { [ "$(cat "$MNT/runs/$id/label")" = foreign ]; }
check "what Guild AI writes in place shows" wait_until 20 foreign_shows
check "and reaches the index" wait_until 20 listed foreign
GUILD_SWEEP_SECONDS=3600
guild run quick -y -q >/dev/null
equal "a new run is in the list" 512 "$(guild runs --all | wc -l)"
equal "and in the mount" 512 "$(runs | grep -c .)"
kill -KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null
DAEMON=
umount -l "$MNT"
check "a daemon that was killed leaves a right index" check_index

# --- damaged ---------------------------------------------------------------------------------------------
echo garbage >"$INDEX"
equal "a damaged index is no error" "512 0" "$(guild runs --all 2>&1 | wc -l) $?"
check "it was begun anew" check_index
echo garbage >"$INDEX"
matches "check says what is wrong" "damaged.*1 wrong; made anew.*status 1" \
	"$(check_index | tr '\n' ' '; echo "status ${PIPESTATUS[0]}")"
check "and mends it" check_index
