#!/bin/bash
# SPDX-License-Identifier: MIT
# The command line is killed at every step of a run's birth: there is no run, or a whole one, and a
# daemon starts what was born and not started, once.
. "$(dirname "$0")/lib.sh"

shell_project
cd "$PROJECT" || exit 1
for call in $CALLS; do
	bad= n=0
	while [ $n -lt 150 ]; do
		n=$((n + 1))
		strace -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n" \
			"$BUILD/guild" run quick -q -y >/dev/null 2>&1
		[ $? -ne 137 ] && break
		bad=$bad$(look_at_store)
	done
	equal "guild run, killed at each of $((n - 1)) $call" "" "$bad"
done
wait_until 20 nothing_runs
equal "no run was lost on the way" "" "$(look_at_store)"
pending=$(awk '$5 == "pending"' "$T/list" | wc -l)
start_mount
check "the daemon starts the $pending runs that were born and not started" \
	wait_until 60 sh -c "! '$BUILD/guild' runs --all | grep -q ' pending '"
wait_until 30 sh -c "! '$BUILD/guild' runs --all | grep -q ' running '"
equal "all of them completed" completed "$("$BUILD/guild" runs --all | awk '{print $5}' | sort -u | xargs)"
equal "each ran once" 1 "$(for r in "$HOME_DIR"/runs/*/.guild/output; do wc -l <"$r"; done | sort -u | xargs)"
