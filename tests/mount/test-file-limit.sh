#!/bin/bash
# SPDX-License-Identifier: MIT
# A daemon without descriptors, since its clients hold all that it may have: it says so, nothing that it
# cannot look at is told to be otherwise or not to be there, and it knows all again when they close.
. "$(dirname "$0")/../lib/lib.sh"

if ! command -v prlimit >/dev/null; then
	skip "a daemon without descriptors" "prlimit is not here"
	exit 0
fi
shell_project
(cd "$PROJECT" && for i in 1 2 3; do "$BUILD/guild" run quick -y -q; done) >/dev/null 2>&1
runs=("$HOME_DIR"/runs/*)
runs=("${runs[@]##*/}")
start_mount
OPS=$MNT/models/m/operations
states() { for r in "${runs[@]}"; do cat "$MNT/runs/$r/status"; done | xargs; }
prlimit --pid "$DAEMON" --nofile=64:64

# Holds a file as often as it can be opened, until it is told to let go.
mkfifo "$T/go"
python3 -c '
import os, sys
fds = []
try:
    while True:
        fds.append(os.open(sys.argv[1], os.O_RDONLY))
except OSError as error:
    print(error.strerror, flush=True)
open(sys.argv[2]).read()' "$MNT/runs/${runs[0]}/files/result.txt" "$T/go" >"$T/held" &
holder=$!
check "files can be opened until there are no descriptors" wait_until 20 grep -q "Too many open files" "$T/held"

# says NAME COMMAND...: fails, since there are no descriptors.
says() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		not_ok "$name" "'$*' succeeded: $out"
	else
		matches "$name" "Too many open files" "$out"
	fi
}
R=$MNT/runs/${runs[1]}
says "a status is not known" cat "$R/status"
says "nor what the flags are" cat "$R/flags"
says "a run's directory is not listed in part" ls "$R"
says "nor are its artifacts" ls "$R/files"
says "nor is a table" cat "$MNT/index.tsv"
says "nor a run under another status" ls "$MNT/by/status"
says "an artifact is not opened" cat "$R/files/result.txt"
echo 'epochs: 3' >"$T/given"
says "no run is made" cp "$T/given" "$OPS/quick/flags"
matches "error says why" "Too many open files" "$(cat "$OPS/quick/error")"
equal "there is none" 3 "$(count_runs)"
says "no label is written" bash -c "echo other > '$R/label'"
(cd "$PROJECT" && "$BUILD/guild" run quick -y -q --label meanwhile) >/dev/null 2>&1

echo >"$T/go"
wait "$holder"
equal "with descriptors the states are what they were" "completed completed completed" "$(states)"
equal "by status, too" completed "$(ls "$MNT/by/status")"
equal "each run has its row" 4 "$(grep -c '	completed	.*	10	fast	' "$MNT/index.tsv")"
check "what was made meanwhile is there" grep -qx meanwhile "$MNT"/runs/*/label
equal "and of its operation" "$(cd "$HOME_DIR/runs" && grep -lx meanwhile */.guild/attrs/label | cut -d/ -f1)" \
	"$(basename "$(readlink "$OPS/quick/latest")")"
equal "a label is what it was" "epochs=10 kind=fast name='a b' rate=0.1" "$(cat "$R/label")"
check "a run can be made" cp "$T/given" "$OPS/quick/flags"
finish
equal "and completes" completed "$(cat "$MNT/runs/latest/status")"
check "the index is right" "$BUILD/guild" check --index
