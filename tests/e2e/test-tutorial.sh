#!/bin/bash
# SPDX-License-Identifier: MIT
# docs/tutorial.md, typed: every command of it in one shell, as it is printed, and what it is said to
# show. Numbers, ids and times are another's; a line with dots alone stands for any lines.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/slurm.sh"

TUTORIAL=$ROOT/docs/tutorial.md
if ! slurm_up; then
	skip "the tutorial's cluster" "$LACKS"
	sed '/^## The same on a cluster/,$d' "$TUTORIAL" >"$T/tutorial.md"
	TUTORIAL=$T/tutorial.md
fi
export HOME=$T/user
unset GUILD_HOME NO_PIP_FREEZE
mkdir "$HOME" "$T/said" "$T/shown"

# Each command, its lines of input with it, becomes a step that keeps what it shows; what the text
# says that it shows is beside it.
awk -v dir="$T" '
	function close_step() {
		if (n) printf "} >\"%s/shown/%d\" 2>&1 </dev/null; echo $? >\"%s/shown/%d.status\"\n", dir, n, dir, n
	}
	/^    \$ / {close_step(); n++; command = substr($0, 7); print command >(dir "/said/" n ".command")
		printf "{\n%s\n", command; next}
	/^    > / && n {print substr($0, 7); next}
	/^    / && n {print substr($0, 5) >(dir "/said/" n); next}
	END {close_step()}
' "$TUTORIAL" >"$T/typed.sh"
cd "$ROOT" || exit 1
bash "$T/typed.sh" 2>"$T/errors"
equal "the shell says nothing itself" "" "$(cat "$T/errors")"

# What anybody else sees, too.
plain() {
	sed -E 's/^.*: line [0-9]+: /bash: /; s/[0-9a-f]{32}/ID/g; s/\[([0-9]+):[0-9a-f]{8}\]/[\1:ID]/g; s/\b[0-9a-f]{8}\b/ID/g
		s/-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?/0/g; s/[ \t]+/ /g; s/ $//' "$@"
}
# The lines of the first file are those of the second, but for dots.
as_said() {
	awk 'NR == FNR {said[++n] = $0; next} {shown[++m] = $0} END {
		i = j = 1
		while (i <= n && j <= m) {
			if (said[i] == "...") {
				if (i == n || said[i + 1] == shown[j]) {i++; if (i > n) exit 0; continue}
				j++
			} else if (said[i++] != shown[j++]) exit 1
		}
		while (i <= n && said[i] == "...") i++
		exit i <= n || j <= m
	}' "$1" "$2"
}
n=$(ls "$T/said" | grep -c command)
check "there is a tutorial" [ "$n" -gt 30 ]
for i in $(seq "$n"); do
	command=$(cat "$T/said/$i.command")
	plain "$T/shown/$i" >"$T/is" 2>/dev/null
	plain "$T/said/$i" >"$T/wanted" 2>/dev/null || : >"$T/wanted"
	# A refusal is shown with what the shell says of it.
	[ "$(cat "$T/shown/$i.status")" = 0 ] || grep -q 'write error' "$T/wanted" ||
		not_ok "$command" "ends with $(cat "$T/shown/$i.status"): $(cat "$T/shown/$i")"
	if as_said "$T/wanted" "$T/is"; then
		ok "$command"
	else
		not_ok "$command" "shows '$(cat "$T/shown/$i")', said was '$(cat "$T/said/$i" 2>/dev/null)'"
	fi
done
[ -n "${LACKS-}" ] || slurm_stop
