# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For the fault suite: a process is killed at its Nth system call of a kind, for N = 1, 2, ... until
# it gets through, and then the store is looked at.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/lib.sh"

(strace -qq -o /dev/null -e trace=openat -e inject=openat:signal=KILL:when=1 true) 2>/dev/null
if [ $? -ne 137 ]; then
	skip "$(basename "$0")" "strace cannot inject signals here"
	exit 0
fi

# Calls that change the store, or that a process can die at between two that do.
CALLS="mkdirat openat write renameat renameat2 unlinkat symlinkat fchmod ftruncate"

nothing_runs() { [ -z "$(own_processes | grep -vx "${DAEMON:-0}")" ]; }

# Looks at every run: whole, its state true, and nothing of it alive when it says that it is over.
# Prints what is wrong.
look_at_store() {
	local run id attr
	for run in "$HOME_DIR"/runs/*/; do
		[ -d "$run" ] || continue
		id=$(basename "$run")
		[ -s "$run/.guild/opref" ] || echo "$id has no opref"
		for attr in id initialized cmd flags op label; do
			[ -s "$run/.guild/attrs/$attr" ] || echo "$id has no $attr"
		done
		[ "$(cat "$run/.guild/attrs/id")" = "$id" ] || echo "$id has another id"
		find "$run/.guild" -name '.*.????????' | grep -q . && [ "${1:-}" = strict ] &&
			echo "$id has temporary files"
	done
	"$BUILD/guild" runs --all >"$T/list" 2>&1 || echo "guild runs failed: $(cat "$T/list")"
	[ "$(wc -l <"$T/list")" = "$(ls "$HOME_DIR/runs" | wc -l)" ] || echo "guild runs does not list all"
	# What ran while it was listed may have ended since; nothing that is asked for again may run.
	if grep -q ' running ' "$T/list" && nothing_runs &&
		"$BUILD/guild" runs --all | grep -q ' running '; then
		echo "a ghost is running"
	fi
}
