#!/bin/bash
# SPDX-License-Identifier: MIT
# The clock is set forwards and back while runs are made, run and end, and the daemon sleeps as with a
# machine that is suspended: states are true, no time is negative, and nobody waits for the clock.
. "$(dirname "$0")/../lib/lib.sh"

DAY=86400
export STAND_IN_CLOCK=$T/clock
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
set_clock() { echo "$1" >"$T/clock.new" && mv "$T/clock.new" "$T/clock"; }
# Programs that have this clock.
ours() { LD_PRELOAD=$BUILD/stand-in/libclock.so "$@"; }
guild() { ours "$BUILD/guild" "$@"; }
set_clock 0

shell_project
cat >>"$PROJECT/guild.yml" <<'END'
    until: {exec: 'sh -c "until [ -e $GO ]; do sleep 0.02; done"'}
END
export GO=$T/go
LD_PRELOAD=$BUILD/stand-in/libclock.so start_mount
OPS=$MNT/models/m/operations

# made OPERATION: starts it; its id, since `latest` goes by the time that runs say.
made() {
	ls "$MNT/runs" >"$T/before"
	echo >"$OPS/$1/flags"
	id=$(ls "$MNT/runs" | grep -vxFf "$T/before")
}
start_until() {
	rm -f "$GO"
	made until
	wait_until 20 status_is "$id" running || not_ok "a run starts" "it does not"
}
go() {
	touch "$GO"
	finish "$1"
}
# By how many seconds a time of a run, as it is stored, differs from what the clock says.
seconds_off() {
	echo $(($(cat "$HOME_DIR/runs/$1/.guild/attrs/$2") / 1000000 - $(date +%s) - $(cat "$T/clock")))
}
# The column `time` of guild.
time_of() { guild compare --csv - "$1" 2>"$T/err" | python3 -c 'import csv, sys; print(*(r["time"] for r in csv.DictReader(sys.stdin)))'; }
# took NAME RUN: it has a duration, of less than an hour.
took() {
	check "$1" awk '{exit !($1 >= 0 && $1 < 3600 && NF == 1)}' "$MNT/runs/$2/duration"
	refuse "$1, in tables" grep -P "$2.*\t-[0-9]" "$MNT/index.tsv"
}
# near NAME SECONDS: within a quarter of an hour of now.
near() {
	check "$1" test "$2" -gt -900 -a "$2" -lt 900
}

start_until
set_clock $DAY
equal "a run goes on when the clock is set a day forwards" running "$(cat "$MNT/runs/$id/status")"
matches "for guild, too" "running" "$(guild runs | grep "${id:0:8}")"
go "$id"
equal "it ends" completed "$(cat "$MNT/runs/$id/status")"
took "it took as long as it took" "$id"

start_until
near "a run of that day has its time" "$(seconds_off "$id" started)"
set_clock -$DAY
equal "a run goes on when the clock is set two days back" running "$(cat "$MNT/runs/$id/status")"
matches "for guild, too" "running" "$(guild runs | grep "${id:0:8}")"
equal "its start is to come: nobody knows how long it has run" "" "$(time_of "$id")"
check "ls of what is to come" ls -l "$MNT/runs/$id"
go "$id"
equal "it ends" completed "$(cat "$MNT/runs/$id/status")"
took "it took as long as it took" "$id"

made quick
past=$id
finish "$past"
equal "a run that is made then completes" completed "$(cat "$MNT/runs/$past/status")"
near "its birth is of now, not of the day that was" "$(seconds_off "$past" initialized)"
near "so is its start" "$(seconds_off "$past" started)"
echo "of now" >>"$MNT/runs/$past/comments"
matches "so is a comment" "$(date -d "@$(($(date +%s) - DAY))" +%Y-%m)" "$(cat "$MNT/runs/$past/comments")"

# Not ours: its end is before its start.
backwards=44444444444444444444444444444444
cp -r "$HOME_DIR/runs/$past" "$HOME_DIR/runs/$backwards"
echo $backwards >"$HOME_DIR/runs/$backwards/.guild/attrs/id"
echo $(($(cat "$HOME_DIR/runs/$past/.guild/attrs/started") - 3600000000)) >"$HOME_DIR/runs/$backwards/.guild/attrs/stopped"
check "it is completed" wait_until 5 status_is "$backwards" completed
refuse "a run that ended before it began has no duration" test -e "$MNT/runs/$backwards/duration"
refuse "nor in tables" grep -P "$backwards.*\t-[0-9]" "$MNT/index.tsv"
equal "nor for guild" "" "$(time_of "$backwards")"

# A run of Guild AI's, which has only a pid to tell that it is alive.
theirs() {
	mkdir -p "$HOME_DIR/runs/$1/.guild/attrs"
	printf "test:x '' '' op" >"$HOME_DIR/runs/$1/.guild/opref"
	(cd "$2" && exec sleep 1000) &
	printf %s $! >"$HOME_DIR/runs/$1/.guild/LOCK"
	theirs+=($!)
}
theirs=()
set_clock 0
mkdir -p "$HOME_DIR/runs/55555555555555555555555555555555"
theirs 55555555555555555555555555555555 "$HOME_DIR/runs/55555555555555555555555555555555"
theirs 66666666666666666666666666666666 "$T"
wait_until 5 test -d "$MNT/runs/66666666666666666666666666666666"
check "Guild AI's run is running" wait_until 5 status_is 55555555555555555555555555555555 running
set_clock $DAY
equal "so it is when the clock has been set" running "$(cat "$MNT/runs/55555555555555555555555555555555/status")"
equal "what has nothing to do with the run is not" error "$(cat "$MNT/runs/66666666666666666666666666666666/status")"
kill "${theirs[@]}"
wait "${theirs[@]}" 2>/dev/null
check "until it ends" wait_until 5 status_is 55555555555555555555555555555555 error
set_clock 0

# A daemon that sleeps: what happens meanwhile is known when it wakes.
start_until
cat "$MNT/runs/$id/wait" >"$T/wait" &
waiter=$!
wait_until 5 grep -q fuse "/proc/$waiter/wchan"
kill -STOP "$DAEMON"
touch "$GO"
wait_until 20 test -e "$HOME_DIR/runs/$id/.guild/attrs/exit_status"
guild label -s slept "$id" -y >"$T/out" 2>&1
(cd "$PROJECT" && guild run quick -y --label meanwhile) >"$T/out" 2>&1
cat "$MNT/runs/$id/status" >"$T/status" &
reader=$!
set_clock $DAY
kill -CONT "$DAEMON"
check "who waits for a run that ended meanwhile is told" wait_until 20 sh -c "! kill -0 $waiter"
wait "$waiter"
equal "its exit status" 0 "$(cat "$T/wait")"
wait "$reader"
equal "who asks meanwhile is told what is true" completed "$(cat "$T/status")"
check "a label that was set meanwhile is seen" wait_until 5 grep -qx slept "$MNT/runs/$id/label"
check "so is a run that was made" wait_until 5 grep -qx meanwhile "$MNT"/runs/*/label
