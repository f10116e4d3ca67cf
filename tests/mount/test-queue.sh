#!/bin/bash
# SPDX-License-Identifier: MIT
# A queue in the mount: what it does now, and the verbs that only it has.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'END'
hold: {exec: sh hold.sh, flags: {x: 1}}
END
cat >"$PROJECT/hold.sh" <<END
touch $T/held.\$FLAG_X
until [ -e $T/free.\$FLAG_X ]; do sleep 0.02; done
END
start_mount
cd "$MNT" || exit 1
state() { grep -E '^(state|jobs|started):' "runs/$q/queue" | cut -d' ' -f2 | xargs; }

for x in 1 2 3; do echo "x: $x" >operations/hold/stage; done
first=$(grep -lx 'x: 1' runs/*/flags | cut -d/ -f2)
last=$(grep -lx 'x: 3' runs/*/flags | cut -d/ -f2)
refuse "no other run has a queue" test -e "runs/$first/queue"
equal "verbs of others" "# start stop kill restart deploy TARGET" "$(cat "runs/$first/ctl")"
matches "nor its verbs" "the run is no queue$" \
	"$(echo pause >"runs/$first/ctl"; tail -1 errors)"
guild run queue -yb --jobs 2 --keep-run poll-interval=1 >/dev/null 2>&1
q=$(guild select -Fo queue)
check "it starts as many as it has jobs" wait_until 20 test -e "$T/held.1" -a -e "$T/held.2"
check "its state" wait_until 20 sh -c "grep -A1 '^waiting' runs/$q/queue | grep -q $last"
equal "jobs and what was started" "2 2 open" "$(state)"
check "what runs" grep -q "^  $first: null" "runs/$q/queue"
equal "it is no batch" "" "$(ls "runs/$q" | grep -xE 'trials|best|index.tsv')"
equal "verbs" "# start stop kill restart deploy TARGET pause resume drain" "$(cat "runs/$q/ctl")"
echo pause >"runs/$q/ctl"
check "paused" wait_until 20 grep -qx "state: paused" "runs/$q/queue"
touch "$T/free.1"
finish "$first"
equal "nothing begins" staged "$(cat "runs/$last/status")"
echo resume >"runs/$q/ctl"
check "resumed" wait_until 20 test -e "$T/held.3"
echo drain >"runs/$q/ctl"
check "draining" wait_until 20 grep -qx "state: draining" "runs/$q/queue"
touch "$T/free.2" "$T/free.3"
finish "$q"
equal "drained" completed "$(cat "runs/$q/status")"
refuse "a queue that is over does nothing" test -e "runs/$q/queue"
