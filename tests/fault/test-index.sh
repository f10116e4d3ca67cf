#!/bin/bash
# SPDX-License-Identifier: MIT
# A command and its sweep are killed at every step of reading and writing the index: it can still be
# used, says nothing wrong, and nobody holds its locks.
. "$(dirname "$0")/lib.sh"

shell_project
cd "$PROJECT" || exit 1
for i in 1 2 3; do "$BUILD/guild" run quick -q -y >/dev/null; done
export GUILD_SWEEP_SECONDS=0
INDEX=$HOME_DIR/cache/guildfs/index.db

look_at_index() {
	[ "$("$BUILD/guild" runs --all 2>&1 | wc -l)" = 3 ] || echo "guild runs does not list all"
	wait_until 20 nothing_runs
	"$BUILD/guild" check --index >"$T/check" 2>&1 || echo "check: $(cat "$T/check")"
}

for call in pwrite64 ftruncate fdatasync unlink rename openat fcntl; do
	bad= n=0
	while [ $n -lt 120 ]; do
		n=$((n + 1))
		# There is none to begin with, or, every other time, one with rows to change.
		case $call$((n % 2)) in unlink* | rename* | *0) rm -f "$INDEX"* ;; esac
		for run in "$HOME_DIR"/runs/*/; do echo "label $n" >"$run/.guild/attrs/label"; done
		strace -f -qq -o "$T/trace" -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" \
			"$BUILD/guild" runs >/dev/null 2>&1
		grep -q 'killed by SIGKILL' "$T/trace" || break
		bad=$bad$(look_at_index)
	done
	equal "guild runs, killed at each of $((n - 1)) $call" "" "$bad"
done
