#!/bin/bash
# SPDX-License-Identifier: MIT
# kill -9 of the controller, of supervisors that are jobs, of the batch and of the mount, at moments
# that nobody chose: no trial is lost, none is run twice, and what is shown of each is true.
# SLURM_SEED=N repeats the moments, more or less.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/slurm.sh"

SLURM_MIN_JOB_AGE=60
slurm_start
SEED=${SLURM_SEED:-$$}
RANDOM=$SEED
TRIALS=10
cat >"$PROJECT/guild.yml" <<END
count:
  exec: sh -c 'echo "\$RUN_ID" >>$T/counted; sleep 1.5; echo "\$RUN_ID" >>$T/ended'
  flags: {x: 1}
END
cd "$PROJECT" || exit 1
: >"$T/counted"
: >"$T/ended"
a_moment() { sleep "$((RANDOM % 3)).$((RANDOM % 10))"; }
status() { guild runs info "$1" | sed -n 's/^status: //p'; }
trials() { (cd "$HOME_DIR/runs/$BATCH" && ls -d [0-9a-f]*[0-9a-f] | grep -E '^[0-9a-f]{32}$'); }
live() { guild runs --pending --running --json | grep -q '"id"'; }
nothing_lives() { ! live; }
restart_controller() {
	kill_controller
	a_moment
	controller_is_back
}
# Of a trial that runs; nothing when none does.
kill_supervisor() {
	local file pid
	for file in $(grep -l "_" "$HOME_DIR"/runs/*/.guild/guildfs/job 2>/dev/null | shuf -n 20 --random-source=<(yes "$RANDOM")); do
		[ -e "${file%guildfs/job}LOCK" ] || continue
		pid=$(cut -d' ' -f1 "${file%job}supervisor" 2>/dev/null) || continue
		kill -9 "$pid" 2>/dev/null && KILLED="${KILLED-} $(basename "${file%/.guild/guildfs/job}")" && return
	done
}

# --- a batch, and whoever takes part in it -------------------------------------------------------
VALUES=$(seq -s, $TRIALS)
guild run -y -b --keep-batch --executor slurm count "x=[$VALUES]" >"$T/out" 2>&1
BATCH=$(sed -n 's/.* started in background as \([0-9a-f]*\) .*/\1/p' "$T/out")
a_moment
restart_controller
a_moment
kill_supervisor
a_moment
restart_controller
# What runs on is not stopped by the batch's death, and is not started by the next batch.
kill -9 "$(cut -d' ' -f1 "$HOME_DIR/runs/$BATCH/.guild/guildfs/supervisor")" 2>/dev/null
a_moment
for TRY in 1 2 3; do
	guild run -y --keep-batch --restart "$BATCH" >"$T/batch.$TRY" 2>&1
	[ "$(trials 2>/dev/null | wc -l)" = $TRIALS ] && break
done
check "all trials come to their end (seed $SEED)" wait_until 120 nothing_lives
equal "there are as many trials as there were values" $TRIALS "$(trials | wc -l)"
equal "none was run twice" "" "$(sort "$T/counted" | uniq -d)"
WRONG= MISSED=0
for RUN in $(trials); do
	case $(status "$RUN") in
	completed) [ "$(grep -c "$RUN" "$T/ended")" = 1 ] || WRONG="$WRONG $RUN" ;;
	error | terminated)
		! grep -q "$RUN" "$T/ended" || [[ ${KILLED-} == *$RUN* ]] || WRONG="$WRONG $RUN"
		MISSED=$((MISSED + 1))
		;;
	*) WRONG="$WRONG $RUN" ;;
	esac
done
equal "what is shown of each is true" "" "$WRONG"
check "those that were not killed have been run" test $MISSED -le 3
: >"$T/restarted"
for RUN in $(trials); do
	[ "$(status "$RUN")" = completed ] && continue
	echo "$RUN" >>"$T/restarted"
	guild run -y --restart "$RUN" >/dev/null 2>&1
done
equal "the others can be run again" "$TRIALS" \
	"$(for RUN in $(trials); do status "$RUN"; done | grep -c completed)"

# --- what the controller has never written down -----------------------------------------------------
# It writes its state down every few seconds. What has ended since then runs for ever, as far as the next
# one knows, and keeps others from the node.
scancel --me
nothing_queued() { ! squeue -h | grep -q .; }
wait_until 60 nothing_queued
sleep 8
kill_controller
matches "while it is away, a run is refused in words" "Slurm does not answer|sbatch does not answer" \
	"$(guild run -y -b --executor slurm count 2>&1)"
RUN=$(grep -l "does not answer" "$HOME_DIR"/runs/*/.guild/guildfs/reason | sed 's|.*/runs/\([^/]*\)/.*|\1|')
equal "and is over" error "$(status "$RUN")"
guild run -y --executor slurm count x=77 >"$T/out" 2>&1 &
WAITING=$!
wait_until 60 grep -q "does not answer" "$T/out"
controller_is_back
wait $WAITING
equal "one that somebody waits for is given to it when it is back" 0 $?
start_mount -o executor=slurm
kill_controller
echo 'x: 78' >"$MNT/operations/count/flags"
RUN=$(newest)
wait_until 60 test -e "$MNT/runs/$RUN/reason"
equal "in the mount it is pending meanwhile" pending "$(cat "$MNT/runs/$RUN/status")"
matches "and says why" "does not answer" "$(cat "$MNT/runs/$RUN/reason")"
kill -9 "$DAEMON"
wait "$DAEMON" 2>/dev/null
umount -l "$MNT" 2>/dev/null || fusermount3 -uz "$MNT"
controller_is_back
start_mount -o executor=slurm
finish "$RUN"
equal "the next mount gives it to Slurm" completed "$(cat "$MNT/runs/$RUN/status")"

# A controller that begins without its memory gives the same numbers again.
scontrol update "nodename=$(hostname)" state=drain reason=test
echo 'x: 79' >"$MNT/operations/count/flags"
RUN=$(newest)
wait_until 30 test -e "$HOME_DIR/runs/$RUN/.guild/guildfs/job"
kill_controller
controller_is_back -c
wait_until 30 sinfo -h
scontrol update "nodename=$(hostname)" state=resume 2>/dev/null
finish "$RUN"
equal "a job that the controller has lost is submitted again" completed "$(cat "$MNT/runs/$RUN/status")"
equal "and was run once" 1 "$(grep -c "$RUN" "$T/counted")"
# A supervisor may be killed right after its operation's last line: restarted, that comes twice.
equal "none of all was run twice, but by a restart" "" \
	"$(sort "$T/ended" | uniq -d | grep -vxFf "$T/restarted")"
stop_mount
slurm_stop
