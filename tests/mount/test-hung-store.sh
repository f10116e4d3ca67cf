#!/bin/bash
# SPDX-License-Identifier: MIT
# A Guild home on a file server that does not answer.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
mkdir "$T/real"
"$BUILD/stand-in/mirror" "$T/real" "$HOME_DIR" &
MIRROR=$!
trap 'kill -CONT $MIRROR; cleanup; kill $MIRROR 2>/dev/null' EXIT
if ! wait_until 10 grep -q " $HOME_DIR .* - fuse" /proc/self/mountinfo; then
	skip_optional "a hung store" "no file server can be mounted here"
	exit 0
fi
start_mount
OP=$MNT/models/m/operations/quick
echo 'epochs: 3' >"$OP/flags"
finish
id=$(newest)
equal "a run" completed "$(cat "$MNT/runs/$id/status")"

kill -STOP $MIRROR
for i in $(seq 40); do
	cat "$MNT/runs/$id/attrs/initialized" >"$T/out.$i" 2>&1 &
	clients[i]=$!
done
answers() { timeout 20 "$@"; }
check "what is not in the store answers" answers cat "$MNT/README"
check "operations, too" answers cat "$OP/help"
check "and their flags" answers cat "$OP/flags"
refuse "a fault is told" answers sh -c "echo 'epocs: 1' >'$OP/flags'"
check "and what it was" answers grep -q "unknown flag" "$OP/error"
check "errors" answers grep -q "unknown flag" "$MNT/errors"
equal "all the others wait" 40 "$(jobs -r | grep -c attrs/initialized)"
kill -CONT $MIRROR
for i in $(seq 40); do wait "${clients[i]}"; done
equal "and get what they wanted in the end" 1 "$(sort -u "$T"/out.* | grep -c .)"
check "a run starts" sh -c "echo 'epochs: 4' >'$OP/flags'"
finish
kill -STOP $MIRROR
cat "$MNT/runs/$id/attrs/initialized" >"$T/out" 2>&1 &
client=$!
check "a client that waits" answers cat "$OP/help"
kill -CONT $MIRROR
wait $client
check "SIGTERM ends it as ever" kill "$DAEMON"
gone() { ! kill -0 "$DAEMON"; }
check "it ends" wait_until 20 gone
DAEMON=
