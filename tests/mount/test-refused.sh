#!/bin/bash
# SPDX-License-Identifier: MIT
# Bad flags: the writer is told where it can be, no run is made, and `error` explains.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
start_mount
OP=$MNT/models/m/operations/quick
F=$OP/flags
cd "$T" || exit 1

# refused NAME REGEX COMMAND...: fails, makes no run, and `error` matches.
refused() {
	local name=$1 regex=$2 before out
	shift 2
	before=$(count_runs)
	if out=$("$@" 2>&1); then
		not_ok "$name" "succeeded"
	elif [ -z "$out" ]; then
		not_ok "$name" "failed without a message"
	elif [ "$(count_runs)" != "$before" ]; then
		not_ok "$name" "made a run"
	elif ! [[ $(cat "$OP/error") =~ $regex ]]; then
		not_ok "$name" "error says: $(cat "$OP/error")"
	else
		ok "$name"
	fi
}

unknown="unknown flag 'epocs'.*epochs.*the flags are: epochs, kind, name, rate"
refused "bash: unknown flag" "$unknown" bash -c "echo 'epocs: 3' > '$F'"
refused "dash: unknown flag" "$unknown" dash -c "echo 'epocs: 3' > '$F'"
refused "cp: unknown flag" "$unknown" sh -c "echo 'epocs: 3' > bad.yml; cp bad.yml '$F'"
refused "no newline: at close" "$unknown" sh -c "printf 'epocs: 3' > bad.yml; cp bad.yml '$F'"
refused "python" "$unknown" python3 -c "
with open('$F', 'w') as f: f.write('epocs: 3')"
refused "assignments" "$unknown" bash -c "echo 'epocs=3' > '$F'"
refused "tee" "$unknown" bash -c "set -o pipefail; echo 'epocs: 3' | tee '$F'"
refused "dd" "$unknown" dd if=bad.yml of="$F"
refused "sed -i" "unknown flag 'epochz'" sed -i 's/epochs/epochz/' "$F"
refused "a dropped file" "$unknown" cp bad.yml "$OP/bad.yml"
refuse "a refused file is not there" test -e "$OP/bad.yml"
refused "the line is named" "^line 2: unknown flag 'zip'" bash -c "printf 'epochs: 1\nzip: 2\n' > '$F'"
refused "a choice" "invalid value medium for flag 'kind'; the choices are: fast, slow" \
	bash -c "echo 'kind: medium' > '$F'"
refused "a flag that is given twice" "line 2: flag 'epochs' is given twice, first in line 1" \
	bash -c "printf 'epochs: 1\nepochs: 2\n' > '$F'"
refused "also in assignments" "line 1: flag 'epochs' is given twice" bash -c "echo 'epochs=1 epochs=2' > '$F'"
refused "not a flags file" "not a flags file" bash -c "echo hello > '$F'"
refused "a list" "not a flags file" bash -c "echo '- 1' > '$F'"
refused "broken YAML" "not YAML" bash -c "echo 'epochs: 1: 2' > '$F'"
refused "an open bracket, at close" "not YAML" sh -c "echo 'name: [1' > open.yml; cp open.yml '$F'"
refused "too long" "1 MiB" dd if=/dev/zero of="$F" bs=1M count=2
refused "the second of two lines" "unknown flag" bash -c "{ echo 'epochs: 1'; echo 'x: 1'; } > '$F'"
refused "after a flush: the run is withdrawn" "unknown flag" \
	bash -c "{ echo 'epochs: 1'; /bin/true; echo 'x: 1'; } > '$F'"
refused "a spoiled descriptor starts nothing" "unknown flag" \
	bash -c "exec 3> '$F'; echo 'x: 1' >&3; echo 'epochs: 1' >&3 || { exec 3>&-; false; }"
matches "errors has the path" "models/m/operations/quick/flags" "$(cat "$MNT/errors")"
matches "errors has the flag" "epocs" "$(cat "$MNT/errors")"
equal "errors keeps 64" yes "$(for i in $(seq 70); do echo "bad$i: 1" >"$F"; done 2>/dev/null
	[ "$(wc -l <"$MNT/errors")" = 64 ] && echo yes)"
echo 'epochs: 1' >"$F"
equal "an accepted write empties error" "" "$(cat "$OP/error")"
equal "nothing of all that is left" 1 "$(count_runs)"
equal "the new directory is empty" "" "$(ls "$HOME_DIR/cache/guildfs/new")"

# Starts that fail are runs that say why.
echo >"$MNT/models/m/operations/missing/flags"
finish
equal "a program that is not there: error" error "$(cat "$MNT/runs/latest/status")"
matches "and its output says why" "no-such-program-anywhere" "$(cat "$MNT/runs/latest/output")"
rm -rf "$HOME_DIR"/runs/*
wait_until 5 sh -c "[ -z \"\$(ls '$MNT/runs')\" ]"
echo >"$MNT/models/m/operations/after/flags"
finish
equal "a dependency without a run: error" error "$(cat "$MNT/runs/latest/status")"
matches "and its output says why" "no suitable run for quick" "$(cat "$MNT/runs/latest/output")"
echo >"$MNT/models/m/operations/fail/flags"
finish
equal "an operation that fails: error" error "$(cat "$MNT/runs/latest/status")"
equal "with its exit status" 3 "$(cat "$MNT/runs/latest/exit_status")"
equal "and its output" "it went wrong" "$(cat "$MNT/runs/latest/output")"
