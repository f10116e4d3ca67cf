#!/bin/bash
# SPDX-License-Identifier: MIT
# Batches by guild run: trials and their order, what is shown, kill -9 at any moment and restart.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'END'
op: {exec: sh op.sh, flags: {x: 1, y: 5}}
fail: {exec: sh -c 'exit $FLAG_X', flags: {x: 0}}
once: {exec: sh once.sh, flags: {x: 1}}
meet: {exec: sh meet.sh, flags: {x: 1}, jobs: 2}
hold: {exec: sh hold.sh, flags: {x: 1}}
needs: {exec: 'true', flags: {x: 1}, requires: {file: nowhere.txt}}
END
echo 'echo "$FLAG_X-$FLAG_Y"' >"$PROJECT/op.sh"
cat >"$PROJECT/once.sh" <<END
echo \$RUN_ID \$FLAG_X >>$T/ran
sleep 0.02
END
# Two trials at a time, or it does not end: half a line each until the other one is there.
cat >"$PROJECT/meet.sh" <<END
echo start >>$T/log
printf '%s' "\$FLAG_X"
touch $T/met.\$FLAG_X
until [ -e $T/met.\$((FLAG_X % 2 ? FLAG_X + 1 : FLAG_X - 1)) ]; do sleep 0.02; done
echo "\$FLAG_X"
echo end >>$T/log
END
# Fails for 1, at once; others are there until they may end.
cat >"$PROJECT/hold.sh" <<END
[ \$FLAG_X != 1 ] || exit 3
touch $T/held.\$FLAG_X
until [ -e $T/free ]; do sleep 0.02; done
END
cd "$PROJECT" || exit 1
attr() { cat "$HOME_DIR/runs/$1/.guild/attrs/$2"; }
batches() { for b in "$HOME_DIR"/runs/*/.guild/proto; do [ -e "$b" ] && basename "${b%/.guild/proto}"; done; }
trials() { find "$HOME_DIR/runs/$1" -maxdepth 1 -type l -printf '%f\n'; }
# What trials print: a batch's output has what it says itself, too.
printed() { "$@" 2>/dev/null | grep -v '^INFO' | xargs; }
clear_runs() { guild runs rm -y -p >/dev/null 2>&1; rm -rf "$HOME_DIR/trash"; }
statuses() { guild runs list --json 2>/dev/null | grep -o '"status": "[a-z]*"' | cut -d'"' -f4 | sort | uniq -c | awk '{print $1, $2}' | xargs; }

equal "trials in their order" "1-3 1-4 2-3 2-4" "$(printed guild run op y=[3,4] x=[1,2] -y)"
equal "the batch is gone" "" "$(batches)"
equal "to the trash" 1 "$(ls "$HOME_DIR/trash/runs" | wc -l)"
matches "a batch of nothing is told" "flag 'x' is an empty list: the batch has no trials" "$(guild run op 'x=[]' -y 2>&1)"
matches "a step of 0" "'x=range.1:5:0.': the step must not be 0" "$(guild run op 'x=range[1:5:0]' -y 2>&1)"
clear_runs
printf '#!/bin/sh\necho "edited: $(cat "$1")" >"$1"\n' >"$T/editor" && chmod +x "$T/editor"
VISUAL=$T/editor guild run op 'x=[1,2]' -y -q --keep-batch --edit-batch-comment -bc begun >/dev/null 2>&1
matches "the comment of a batch is edited" "body: 'edited: begun'" "$(attr "$(batches | head -1)" comments)"
equal "and that of no trial" 2 "$(guild select -A | while read -r id; do test -e "$HOME_DIR/runs/$id/.guild/attrs/comments" || echo none; done | head -2 | wc -l)"
matches "without a batch there is none" "not a batch - ignoring batch comment" "$(guild run op -y -ebc 2>&1)"
clear_runs
out=$(guild run op 'x=[1,2]' -y --keep-batch --batch-label B --batch-tag t -l 'L ${x}' -t u 2>&1)
matches "what runs is said" "INFO: \[guild\] Running trial [0-9a-f]{32}: op \(x=1, y=5\)" "$out"
b=$(batches)
equal "the batch is kept" "builtin:guildai 0.9.1 '' +" "$(cat "$HOME_DIR/runs/$b/.guild/opref")"
equal "its label" B "$(attr "$b" label)"
equal "its tags" "- t" "$(attr "$b" tags)"
equal "its command is what Guild AI would run" "- -um
- guild.batch_main" "$(attr "$b" cmd | tail -2)"
equal "labels of trials" "L 1 L 2" "$(for t in $(trials "$b"); do attr "$t" label; done | sort | xargs)"
equal "tags of trials" "- u - u" "$(for t in $(trials "$b"); do attr "$t" tags; done | xargs)"
equal "links" "../" "$(for t in $(trials "$b"); do readlink "$HOME_DIR/runs/$b/$t" | cut -c1-3; done | sort -u)"
matches "info" "proto-flags:" "$(guild runs info "$b")"
out=$(guild run op 'x=[1,2]' -y --needed 2>&1)
matches "--needed" "Skipping because the following runs match" "$out"
equal "--print-trials" "#  x  y
1  1  5
2  2  5" "$(guild run op 'x=[1,2]' --print-trials)"
guild run op 'x=[1,2]' --save-trials "$T/saved.csv" >/dev/null
equal "--save-trials" "x,y 1,5 2,5" "$(xargs <"$T/saved.csv")"
equal "which make the same batch" "1-5 2-5" "$(printed guild run op "@$T/saved.csv" -y)"
printf 'x\n7\n8\n' >more.csv
equal "two files" "1-5 2-5 7-5 8-5" "$(printed guild run op "@$T/saved.csv" @more.csv -y)"
equal "--print-cmd" 3 "$(guild run op 'x=[1,2]' --print-cmd | wc -l)"
equal "--max-trials and a seed" "1-5 3-5 5-5" "$(printed guild run op 'x=range[0:7]' -m 3 --random-seed 7 -y)"
equal "the same seed, the same numbers" "$(guild run op 'x=uniform[0:1.0]' -m 3 --random-seed 4 --print-trials)" \
	"$(guild run op 'x=uniform[0:1.0]' -m 3 --random-seed 4 --print-trials)"
matches "preview" "You are about to run op as a batch \(2 trials\)" "$(guild run op 'x=[1,2]' </dev/null 2>&1)"
matches "preview of a search" "with random search \(20 trials\)" "$(guild run op 'x=[1:9]' </dev/null 2>&1)"
matches "not a batch" "not a batch run - ignoring --max-trials" "$(guild run op -m 3 -y 2>&1)"
plain=$(guild select)
matches "a run does not become a batch" "cannot become one" "$(guild run --restart "$plain" 'x=[1,2]' -y 2>&1)"
equal "but may be the pattern of one" "1-5 2-5" "$(printed guild run --proto "$plain" 'x=[1,2]' -y)"
equal "a batch, too" "1-5 2-5" "$(printed guild run --proto "$b" -y)"
equal "restarted with other flags" "9-5" "$(printed guild run --restart "$b" 'x=[9]' -y)"
equal "it has all trials that it made" 3 "$(trials "$b" | wc -l)"

# Trials that fail.
clear_runs
guild run fail 'x=[3,0]' -y >/dev/null 2>&1
equal "a trial that fails" "0 1 completed 1 error" "$? $(statuses)"
clear_runs
out=$(guild run fail 'x=[3,0]' -y --fail-on-trial-error 2>&1)
equal "--fail-on-trial-error" "3 2 error 1 pending" "$? $(statuses)"
matches "says so" "Stopping batch because a trial failed" "$out"
guild run --restart "$(batches)" -y >/dev/null 2>&1
equal "a restart goes on" "1 completed 1 error" "$(statuses)"
clear_runs
out=$(guild run needs 'x=[1]' -y 2>&1)
matches "a dependency that is not met" "dependency was not met" "$out"

# Staged.
clear_runs
guild run op 'x=[1,2]' -y --stage-trials >/dev/null 2>&1
equal "--stage-trials" "2 staged" "$(statuses)"
equal "they start as staged runs do" "2-5" "$(guild run --start "$(guild select 1)" -y 2>/dev/null)"
clear_runs
matches "--stage" "op\+ staged as" "$(guild run op 'x=[1,2]' -y --stage)"
equal "nothing else yet" "1 staged" "$(statuses)"
equal "--start" "1-5 2-5" "$(printed guild run --start "$(batches)" -y)"

# Several at a time.
clear_runs
equal "--jobs 2" "11 22 33 44" "$(printed timeout 60 guild run meet 'x=[1,2,3,4]' -y --jobs 2 | xargs -n1 | sort | xargs)"
equal "and no more than two" 2 "$(awk '/start/ {n++} /end/ {n--} n > m {m = n} END {print m}' "$T/log")"
rm -f "$T"/met.*
equal "jobs of the operation" "11 22" "$(printed timeout 60 guild run meet 'x=[1,2]' -y --keep-batch | xargs -n1 | sort | xargs)"
rm -f "$T"/met.*
equal "are those of a restart, too" "11 22" "$(printed timeout 60 guild run --restart "$(batches)" -y | xargs -n1 | sort | xargs)"
matches "no number" "an integer greater than 0 is needed" "$(guild run op 'x=[1,2]' -y --jobs 0 2>&1)"
matches "too many" "at most 256 runs at a time" "$(guild run op 'x=[1,2]' -y --jobs 257 2>&1)"
matches "no batch, no jobs" "not a batch run - ignoring --jobs" "$(guild run op -y --jobs 2 2>&1)"
clear_runs
rm -f "$T/out"
guild run hold 'x=[2,1,3,4]' -y --jobs 2 --fail-on-trial-error >"$T/out" 2>&1 &
wait_until 20 grep -q "because a trial failed" "$T/out"
equal "--fail-on-trial-error lets those that run end" "1 error 2 pending 2 running" "$(statuses)"
touch "$T/free"
wait $!
equal "and ends with the status of the trial" "3 1 completed 2 error 2 pending" "$? $(statuses)"
waits=$(guild select -Sp)
equal "stop asks about one that waits, too" 4 "$(guild stop "$waits" <<<n >/dev/null 2>&1; echo $?)"
matches "and keeps it from starting" "Run $waits was pending and will not be started" "$(guild stop "$waits" -y 2>&1)"
equal "which it was" "1 completed 3 error 1 pending" "$(statuses)"
matches "it is not stopped twice" "Run $waits is not running" "$(guild stop "$waits" -y 2>&1)"
rm -f "$T/free" "$T"/held.*
clear_runs
guild run hold 'x=[2,3,4]' -yb --jobs 2 --keep-batch >/dev/null 2>&1
wait_until 20 test -e "$T/held.2" -a -e "$T/held.3"
guild stop -y -Fo hold+ >/dev/null 2>&1
wait_until 20 sh -c '! guild runs list | grep -q running'
equal "a stop ends all that run, and starts no other" "1 pending 3 terminated" "$(statuses)"
touch "$T/free"
guild run --restart "$(batches)" -y >/dev/null 2>&1
equal "a restart goes on" "2 completed 2 terminated" "$(statuses)"

# kill -9 of the batch's process, of its supervisor, of both, at other moments each time.
N=12
reached() { [ "$(wc -l <"$T/ran")" -ge "$1" ]; }
over() {
	guild runs info "$1" | grep -qE '^status: (completed|error|terminated)' && ! kill -0 "$2" 2>/dev/null
}
clear_runs
for i in $(seq 18); do
	rm -f "$T/ran"
	touch "$T/ran"
	jobs=$((i % 2 + 1))
	guild run once "x=range[1:$N]" -yb --keep-batch --jobs $jobs >/dev/null 2>&1
	b=$(batches)
	# Before its first trial, and after some of them; later ones are let go on a little.
	wait_until 60 reached $((i * (N - 3) / 18))
	sleep "0.$(printf %03d $((i * 7 % 40)))"
	kill_processes "$b" "$i"
	was=$(wc -l <"$T/ran")
	# At once, or it might be done meanwhile, and a restart would be another life.
	[ "$was" -le $((N - 1 - jobs)) ] || wait_until 60 over "$b" "$KILLED"
	[ "$(wc -l <"$T/ran")" -ge $N ] || wait_until 60 guild run --restart "$b" -y
	equal "$i: killed after $was trials, $jobs jobs: each was run once" "$N $N" \
		"$(wc -l <"$T/ran") $(cut -d' ' -f2 "$T/ran" | sort -u | wc -l)"
	equal "$i: and is one of the batch" "$(trials "$b" | sort | xargs)" "$(cut -d' ' -f1 "$T/ran" | sort | xargs)"
	clear_runs
done
