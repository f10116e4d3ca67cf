#!/bin/bash
# SPDX-License-Identifier: MIT
# ctl, wait, and the life of a run.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
sed -i 's/^    fail:/    stubborn: {exec: bash stubborn.sh}\n&/' "$PROJECT/guild.yml"
cat >"$PROJECT/stubborn.sh" <<'END'
trap 'echo got TERM' TERM
(trap 'echo child got TERM' TERM; echo ready; while :; do sleep 0.05; done) &
while :; do sleep 0.05; done
END
start_mount
OPS=$MNT/models/m/operations
RUNS=$MNT/runs

start_slow() {
	echo "seconds: ${1:-30}" >"$OPS/slow/flags"
	id=$(newest)
	wait_until 10 status_is "$id" running && wait_until 5 grep -q begin "$RUNS/$id/output"
}

start_slow
equal "a run that runs" running "$(cat "$RUNS/$id/status")"
pid=$(cat "$RUNS/$id/pid")
check "pid is its process" kill -0 "$pid"
equal "LOCK holds the pid" "$pid" "$(cat "$HOME_DIR/runs/$id/.guild/LOCK")"
refuse "no exit_status yet" test -e "$RUNS/$id/exit_status"
refuse "no duration yet" test -e "$RUNS/$id/duration"
(timeout 30 cat "$RUNS/$id/wait" >"$T/waited") &
waiter=$!
sleep 0.2
check "wait blocks" kill -0 $waiter
(exec timeout 30 cat "$RUNS/$id/wait") &
second=$!
sleep 0.2
kill -INT $second
check "wait can be interrupted" sh -c "for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 $second 2>/dev/null || exit 0; sleep 0.2; done; exit 1"
matches "ctl shows the verbs" "start stop kill restart deploy TARGET" "$(cat "$RUNS/$id/ctl")"
cat "$RUNS/$id/ctl" >"$T/verbs"
check "what ctl shows can be written back" cp "$T/verbs" "$RUNS/$id/ctl"
refuse "an unknown verb" bash -c "echo explode > '$RUNS/$id/ctl'"
refuse "a verb without what it needs" bash -c "echo deploy > '$RUNS/$id/ctl'"
matches "says what" "deploy needs one TARGET" "$(tail -1 "$MNT/errors")"
matches "errors names the verbs" "explode.*start, stop, kill, restart" "$(cat "$MNT/errors")"
refuse "start of a run that runs" bash -c "echo start > '$RUNS/$id/ctl'"
refuse "restart of a run that runs" bash -c "echo restart > '$RUNS/$id/ctl'"
equal "it runs on" running "$(cat "$RUNS/$id/status")"
check "stop" bash -c "echo stop > '$RUNS/$id/ctl'"
check "it stops" wait_until 10 status_is "$id" terminated
wait $waiter
equal "wait gave its exit status" -15 "$(cat "$T/waited")"
equal "exit_status" -15 "$(cat "$RUNS/$id/exit_status")"
refuse "stop of a run that is over" bash -c "echo stop > '$RUNS/$id/ctl'"
refuse "its process is gone" kill -0 "$pid"
refuse "LOCK is gone" test -e "$HOME_DIR/runs/$id/.guild/LOCK"
# A run is pending between the flush of its flags and the last close.
exec 7>"$OPS/quick/flags"
echo 'epochs: 42' >&7
/bin/true >&7
id=$(newest)
equal "a run that is about to start" pending "$(cat "$RUNS/$id/status")"
refuse "is not removed" rmdir "$RUNS/$id"
matches "but stopped first" "pending: stop it first" "$(tail -1 "$MNT/errors")"
check "stop keeps it from starting" sh -c "echo stop >'$RUNS/$id/ctl'"
exec 7>&-
equal "it does not, and is over" error "$(cat "$RUNS/$id/status")"
refuse "stop has nothing more to do" sh -c "echo stop >'$RUNS/$id/ctl'"
check "it can be started again" sh -c "echo restart >'$RUNS/$id/ctl'"
finish "$id"
equal "with its flags" "epochs=42 rate=0.1 name=a b" "$(cat "$RUNS/$id/output")"
refuse "a line that is too long" bash -c "head -c 5000 /dev/zero | tr '\0' x > '$RUNS/$id/ctl'"

start_slow
check "kill" bash -c "echo kill > '$RUNS/$id/ctl'"
check "it is killed" wait_until 10 status_is "$id" terminated
equal "by signal 9" -9 "$(cat "$RUNS/$id/exit_status")"

# What does not end by TERM goes on until it is killed, and is nobody's terminal's.
echo >"$OPS/stubborn/flags"
id=$(newest)
wait_until 10 grep -q ready "$RUNS/$id/output"
pid=$(cat "$RUNS/$id/pid")
equal "a process group of its own" "$pid" "$(ps -o pgid= -p "$pid" | tr -d ' ')"
refuse "in a session that is not ours" [ "$(ps -o sid= -p "$pid")" = "$(ps -o sid= -p $$)" ]
check "stop" bash -c "echo stop > '$RUNS/$id/ctl'"
check "is TERM for the process" wait_until 10 grep -q '^got TERM' "$RUNS/$id/output"
check "and for its children" wait_until 10 grep -q 'child got TERM' "$RUNS/$id/output"
equal "which may go on" running "$(cat "$RUNS/$id/status")"
check "kill" bash -c "echo kill > '$RUNS/$id/ctl'"
finish "$id"
equal "ends it" -9 "$(cat "$RUNS/$id/exit_status")"

before=$(count_runs)
echo >"$OPS/quick/flags"
finish
id=$(newest)
initialized=$(cat "$RUNS/$id/attrs/initialized")
started=$(cat "$RUNS/$id/started")
check "restart" bash -c "echo restart > '$RUNS/$id/ctl'"
check "it runs again" wait_until 10 sh -c "[ \"\$(cat '$RUNS/$id/status')\" = completed ] && [ \"\$(cat '$RUNS/$id/started')\" != '$started' ]"
equal "in place" $((before + 1)) "$(count_runs)"
equal "ls -t has it first, as it was the last that changed its state" "$id" "$(ls -t "$RUNS" | head -1)"
changed=$(stat -c %y "$RUNS/$id")
echo note >"$RUNS/$id/label"
equal "which a label does not" "$changed" "$(stat -c %y "$RUNS/$id")"
equal "initialized stays" "$initialized" "$(cat "$RUNS/$id/attrs/initialized")"

echo 'epochs: 5' >"$OPS/quick/stage"
id=$(newest)
equal "staged" staged "$(cat "$RUNS/$id/status")"
check "STAGED is there for Guild AI" test -e "$HOME_DIR/runs/$id/.guild/STAGED"
equal "ENV is private" 600 "$(stat -c %a "$HOME_DIR/runs/$id/.guild/ENV")"
sleep 0.3
equal "it waits" staged "$(cat "$RUNS/$id/status")"
check "start" bash -c "echo start > '$RUNS/$id/ctl'"
check "it is run" wait_until 10 status_is "$id" completed
equal "with its flags" "epochs=5 rate=0.1 name=a b" "$(cat "$RUNS/$id/output")"

# Output as it comes.
start_slow 2
(timeout 20 tail -n +1 -f -s 0.1 --pid=$$ "$RUNS/$id/output" >"$T/tailed") &
tailer=$!
check "tail -f follows" wait_until 15 grep -q '^end' "$T/tailed"
kill $tailer 2>/dev/null
check "what tail saw is what there is" cmp "$T/tailed" "$HOME_DIR/runs/$id/.guild/output"
finish "$id"
equal "output.index has a record a line" "$(($(wc -l <"$RUNS/$id/output") * 9))" \
	"$(stat -c %s "$HOME_DIR/runs/$id/.guild/output.index")"

# Two verbs in one write: the first is done, the second is refused.
start_slow
refuse "stop and nonsense" bash -c "printf 'stop\nexplode\n' > '$RUNS/$id/ctl'"
check "the first verb was done" wait_until 10 status_is "$id" terminated
