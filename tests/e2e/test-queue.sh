#!/bin/bash
# SPDX-License-Identifier: MIT
# Queues: staged runs in their order, several at a time, GPUs, resources, pause and drain, several
# queues on one home, kill -9 at any moment.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'END'
op: {exec: sh op.sh, flags: {x: 1}}
once: {exec: sh once.sh, flags: {x: 1}}
meet: {exec: sh meet.sh, flags: {x: 1}}
hold: {exec: sh hold.sh, flags: {x: 1}}
END
echo 'echo "x=$FLAG_X gpus=$CUDA_VISIBLE_DEVICES $FLAG_RUN_ONCE"' >"$PROJECT/op.sh"
cat >"$PROJECT/once.sh" <<END
echo \$RUN_ID >>$T/ran
sleep 0.02
END
# Ends when the other one of its pair is there.
cat >"$PROJECT/meet.sh" <<END
echo start >>$T/log
touch $T/met.\$FLAG_X
until [ -e $T/met.\$((FLAG_X % 2 ? FLAG_X + 1 : FLAG_X - 1)) ]; do sleep 0.02; done
echo end >>$T/log
END
cat >"$PROJECT/hold.sh" <<END
touch $T/held.\$FLAG_X
until [ -e $T/free.\$FLAG_X ]; do sleep 0.02; done
END
cd "$PROJECT" || exit 1
clear_runs() { guild runs rm -y -p >/dev/null 2>&1; rm -rf "$HOME_DIR/trash"; rm -f "$T"/{met,held,free}.* "$T/log" "$T/ran"; }
stage() { guild run "$@" --stage -y >/dev/null 2>&1; }
statuses() { guild runs list --json "$@" 2>/dev/null | grep -o '"status": "[a-z]*"' | cut -d'"' -f4 | sort | uniq -c | awk '{print $1, $2}' | xargs; }
once() { timeout 100 guild run queue run-once=yes -y "$@" 2>&1; }
queue_id() { guild select -Fo queue --running; }
has() { guild cat --output -Fo queue 2>/dev/null | grep -q "$1"; }

# One after the other.
for x in 1 2 3; do stage op x=$x; done
out=$(once --keep-run)
equal "in the order in which they were staged, with their output" "x=1 x=2 x=3" "$(echo "$out" | grep -o 'x=.' | xargs)"
matches "what it says" "INFO: \[guild\] [-0-9]{10} [:0-9]{8} Starting queue
INFO: \[guild\] .* Processing staged runs
INFO: \[guild\] .* Starting staged run [0-9a-f]{32}" "$out"
matches "and at the end" "queue processed 3 run\(s\) in [0-9.]* seconds
INFO: .* Stopping queue$" "$out"
refuse "its flags are not those of its runs" grep -q "gpus= yes" <<<"$out"
q=$(guild select -Fo queue)
equal "as Guild AI has it" "builtin:guildai 0.9.1 '' queue" "$(cat "$HOME_DIR/runs/$q/.guild/opref")"
matches "its command" "python.* -um guild.plugins.queue_main --poll-interval 10 --run-once" "$(guild runs info "$q" | grep command)"
check "an empty prototype" test -d "$HOME_DIR/runs/$q/.guild/proto"
refuse "it is no batch" grep -q proto-flags <<<"$(guild runs info "$q")"
refuse "and not compared" grep -q queue <<<"$(guild compare -t)"
stage op x=4
out=$(timeout 60 guild run --restart "$q" -y 2>&1)
matches "run again" "x=4" "$out"
equal "without staged runs it ends" "" "$(once | grep -o 'x=.')"
equal "and goes to the trash when nobody keeps it" "$q" "$(guild select -Fo queue)"
matches "help" "as many at a time as --jobs says" "$(guild run queue --help-op)"
clear_runs

# Several at a time.
for x in 1 2 3 4; do stage meet x=$x; done
once --jobs 2 >/dev/null
equal "--jobs 2" "4 completed" "$(statuses)"
equal "and no more than two" 2 "$(awk '/start/ {n++} /end/ {n--} n > m {m = n} END {print m}' "$T/log")"
clear_runs

# GPUs.
for x in 1 2; do stage op x=$x; done
stage op x=3 --gpus 2,3
stage op x=4 --gpus 7
out=$(once gpus=0,1,2,3 --jobs 2)
equal "each slot has its share" "x=1 gpus=0,1 x=2 gpus=2,3 x=3 gpus=2,3" "$(echo "$out" | grep -o 'x=. gpus=[0-9,]*' | sort | xargs)"
matches "a run that wants others is left alone" "Ignorning staged run $(guild select --staged) \(GPU spec mismatch: run is 7, queue is 0,1,2,3\)" "$out"
equal "as if by --gpus" "gpus: 2,3" "$(grep -h '^gpus' "$HOME_DIR"/runs/*/.guild/attrs/run_params | grep -m1 2,3)"
equal "to the queue that has them" "x=4 gpus=7" "$(once gpus=7 | grep -o 'x=. gpus=.')"
for x in 1 2 3; do stage op x=$x; done
equal "where there are not enough they are shared" "gpus=0 gpus=0 gpus=1" \
	"$(once gpus=0,1 --jobs 3 | grep -o 'gpus=[0-9,]*' | sort | xargs)"
for x in 1 2; do stage op x=$x; done
equal "all GPUs of the machine" "gpus=0 gpus=1" \
	"$(LD_LIBRARY_PATH=$BUILD/stand-in once gpus=all --jobs 2 | grep -o 'gpus=[0-9,]*' | sort | xargs)"
matches "or none" "gpus=all: no GPU can be found on this machine" \
	"$(LD_LIBRARY_PATH=$BUILD/stand-in STAND_IN_GPUS=0 once gpus=all)"
clear_runs

# Dask's options.
stage meet x=1 -t dask:foo=5
stage meet x=2 -t dask:foo=5
out=$(timeout 60 guild run dask:scheduler run-once=yes workers=4 resources=foo=12 -y 2>&1)
matches "dask:scheduler" "Starting Dask scheduler
INFO: .* Initializing Dask cluster with 4 workers
INFO: .* Dashboard link: <disabled>
INFO: .* Cluster resources: foo=12
INFO: .* Processing staged runs
INFO: .* Scheduling run [0-9a-f]* \(requires foo=5\)" "$out"
equal "both at once" "4 start end" "$(wc -l <"$T/log") $(sort -u "$T/log" | xargs | awk '{print $2, $1}')"
equal "done" "2 completed" "$(statuses -Fo meet)"
clear_runs
for x in 1 2 3; do stage hold x=$x -t dask:foo=5; touch "$T/free.$x"; done
stage op -t 'dask:bar=1 baz=1'
out=$(timeout 60 guild run dask:scheduler run-once=yes workers=4 resources=foo=7 -y 2>&1)
matches "a run that needs what is not there" "requires resources not defined for cluster: bar, baz" "$out"
equal "one at a time where there is no more" "started completed started completed started completed" \
	"$(echo "$out" | grep -oE '(started|completed)$' | xargs)"
stage op -t dask:what
matches "what cannot be understood" "WARNING: .* Ignoring invalid dask resources spec 'what'" \
	"$(timeout 60 guild run dask:scheduler run-once=yes -y 2>&1)"
clear_runs

# One that goes on.
stage hold x=1
guild run queue poll-interval=1 -yb --jobs 2 --keep-run >/dev/null 2>&1
check "it starts what is there" wait_until 20 test -e "$T/held.1"
q=$(queue_id)
stage hold x=2
check "and what comes" wait_until 20 test -e "$T/held.2"
stage op x=3
touch "$T/free.1"
check "in a slot that has become free" wait_until 20 has "x=3"
guild runs pause >/dev/null 2>&1
stage hold x=4
touch "$T/free.2"
check "paused: what runs comes to its end" wait_until 20 sh -c "[ \$(guild runs list --completed 2>/dev/null | wc -l) = 3 ]"
equal "and nothing begins" "3 completed 1 running 1 staged" "$(statuses)"
guild runs resume "$q" >/dev/null 2>&1
check "resumed" wait_until 20 test -e "$T/held.4"
guild runs drain >/dev/null 2>&1
stage op x=5
touch "$T/free.4"
check "drained it ends with what ran" wait_until 20 sh -c "guild runs info $q | grep -q '^status: completed'"
equal "and starts nothing" "1 staged" "$(statuses -Fo op --staged)"
matches "nothing to tell" "no queue is running" "$(guild runs pause 2>&1)"
matches "only queues" "the run is no queue" "$(guild runs pause "$(guild select -Fo op)" 2>&1)"
clear_runs

# wait-for-running.
guild run hold x=1 -yb >/dev/null 2>&1
wait_until 20 test -e "$T/held.1"
r=$(guild select)
stage op x=2
guild run queue poll-interval=1 run-once=yes wait-for-running=yes -yb --keep-run >/dev/null 2>&1
check "it waits for other runs" wait_until 20 has "Found staged run [0-9a-f]* (waiting for runs to finish: $r)"
touch "$T/free.1"
check "and begins when they are over" wait_until 20 has "x=2"
clear_runs

# A stop leaves alone what the queue has started.
stage hold x=1
guild run queue -yb --keep-run >/dev/null 2>&1
wait_until 20 test -e "$T/held.1"
q=$(queue_id)
guild stop -y "$q" >/dev/null 2>&1
equal "stopped: the run goes on" "1 completed 1 running" "$(statuses)"
touch "$T/free.1"
wait_until 20 sh -c '! guild runs list --running | grep -q hold'
clear_runs

# Three queues on one home, one of them killed at other moments each time.
N=12
all_ran() { [ "$(wc -l <"$T/ran")" -ge $N ] && ! guild runs list --staged --pending --running -Fo once | grep -q once; }
reached() { [ "$(wc -l <"$T/ran")" -ge "$1" ]; }
for i in $(seq 10); do
	touch "$T/ran"
	guild run once "x=range[1:$N]" --stage-trials -y >/dev/null 2>&1
	for j in 1 2 3; do guild run queue poll-interval=1 -yb --keep-run --jobs $((i % 2 + 1)) >/dev/null 2>&1; done
	victim=$(queue_id)
	wait_until 60 reached $((i * (N - 3) / 10))
	kill_processes "$victim" "$i"
	wait_until 60 all_ran
	equal "$i: of three queues one is killed: each run was run once" "$N $N" \
		"$(wc -l <"$T/ran") $(sort -u "$T/ran" | wc -l)"
	equal "$i: and each is done" "$N completed" "$(statuses -Fo once)"
	guild stop -y >/dev/null 2>&1
	clear_runs
done
