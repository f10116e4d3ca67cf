#!/bin/bash
# SPDX-License-Identifier: MIT
# The daemon is killed at steps of a run's birth and at random moments: a write that was
# acknowledged is a run that runs, once; one that was not leaves nothing behind.
. "$(dirname "$0")/lib.sh"

shell_project
cd "$PROJECT" || exit 1
acknowledged=0

# fault NAME COMMAND...: mounts by this command, writes flags until the daemon is dead.
fault() {
	"$@" "$BUILD/guildfs" -f -H "$HOME_DIR" -C "$PROJECT" "$MNT" >"$T/daemon.log" 2>&1 &
	DAEMON=$!
	if ! wait_until 10 is_mounted; then
		kill -KILL $DAEMON 2>/dev/null
		wait $DAEMON 2>/dev/null
		DAEMON=
		return
	fi
	for i in 1 2 3 4 5 6; do
		# cp, unlike the shell's echo, says when close failed.
		echo "epochs: $i" >"$T/given"
		cp "$T/given" "$MNT/models/m/operations/quick/flags" 2>/dev/null &&
			acknowledged=$((acknowledged + 1))
		[ -e "$MNT/README" ] || break
	done
	pkill -KILL -f "guildfs -f -H $HOME_DIR " 2>/dev/null
	wait $DAEMON 2>/dev/null
	DAEMON=
	umount -l "$MNT" 2>/dev/null
}

settle() {
	wait_until 20 nothing_runs
	start_mount
	check "$1: what was born is run by the next daemon" \
		wait_until 60 sh -c "! '$BUILD/guild' runs --all | grep -q ' pending '"
	wait_until 30 sh -c "! '$BUILD/guild' runs --all | grep -q ' running '"
	stop_mount
	equal "$1: the store is whole" "" "$(look_at_store)"
	runs=$(ls "$HOME_DIR/runs" | wc -l)
	check "$1: no acknowledged write is lost ($acknowledged of $runs runs)" test "$runs" -ge "$acknowledged"
	equal "$1: nothing half born is in sight" "" "$(ls "$HOME_DIR/runs" | grep -v '^[0-9a-f]\{32\}$')"
}

# The tracer follows the threads of the daemon, and with them supervisors and operations, which die
# as well: how the runs end is another matter (test-supervisor.sh).
for call in mkdirat renameat2 renameat unlinkat; do
	for n in 1 2 3 5 8; do
		fault strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n"
	done
done
settle "killed at a call"

rm -rf "$HOME_DIR"/runs/*
acknowledged=0
for i in $(seq 10); do
	(sleep "0.$((RANDOM % 90 + 10))"; pkill -KILL -f "guildfs -f -H $HOME_DIR ") &
	killer=$!
	fault env
	wait $killer
done
settle "killed at random"
equal "every run completed" completed "$("$BUILD/guild" runs --all | awk '{print $5}' | sort -u | xargs)"
equal "each ran once" 1 "$(for r in "$HOME_DIR"/runs/*/.guild/output; do wc -l <"$r"; done | sort -u | xargs)"
