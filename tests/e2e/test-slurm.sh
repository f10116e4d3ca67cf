#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs that are jobs of Slurm, with its real daemons: how they are started, wait, end, and are ended
# from either side; and what is known of them once Slurm has forgotten them.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/slurm.sh"

slurm_start
cat >"$PROJECT/guild.yml" <<'END'
hello:
  exec: sh -c 'echo "x=$FLAG_X job=$SLURM_JOB_ID"; exit ${exit}'
  flags: {x: 1, exit: 0}
on-slurm:
  exec: sh -c 'squeue -h -j "$SLURM_JOB_ID" -o "%P %l %j"'
  executor: {name: short, time: "2:00"}
long:
  exec: sh -c 'echo begin; sleep 600'
  flags: {x: 1}
stubborn:
  exec: sh -c 'trap "" TERM; echo begin; for i in 1 2 3 4 5 6 7 8 9; do sleep 60; done'
  flags: {x: 1}
tidy:
  exec: sh -c 'trap "echo saved; exit 0" TERM; echo begin; sleep 600 & wait'
END
cat >"$HOME_DIR/config.yml" <<'END'
executors:
  short: {type: slurm, time: "1:00", partition: other}
END
cd "$PROJECT" || exit 1
status() { guild runs info "$1" | sed -n 's/^status: //p'; }
reason() { guild runs info "$1" | sed -n 's/^reason: //p'; }
is() { [ "$(status "$1")" = "$2" ]; }
output() { cat "$HOME_DIR/runs/$1/.guild/output"; }
begun() { grep -q begin "$HOME_DIR/runs/$1/.guild/output"; }
waits_for_reason() { reason "$1" | grep -q .; }
jobs_are() { [ "$(squeue -h -r "${@:2}" | wc -l)" = "$1" ]; }
newest_run() { guild select; }
# What guild run says of a job: its run.
run_said() { sed -n 's/.* is run \([0-9a-f]*\), job .*/\1/p' "$1"; }
# start OPERATION [OPTION]...: in the background; $RUN is its id.
start() {
	guild run -y -b --executor slurm "$@" >"$T/out" 2>&1 || not_ok "start $1" "$(cat "$T/out")"
	RUN=$(run_said "$T/out")
}

# --- one that comes to its end, and how it is chosen -------------------------------------------
# Comes to its limit while other things are tried.
start tidy --executor-option time=1
LIMITED=$RUN
wait_until 30 begun "$LIMITED"
export A_VARIABLE=kept
matches "guild run waits for a job and shows its output" "x=7 job=[0-9]+" \
	"$(guild run -y --executor slurm hello x=7 2>"$T/err")"
matches "says which job it is" "hello is run [0-9a-f]{32}, job [0-9]+ of slurm" "$(cat "$T/err")"
RUN=$(run_said "$T/err")
FORGOTTEN=$RUN JOB=$(job_of "$RUN")
equal "is completed" completed "$(status "$RUN")"
equal "ran on the node" "$(hostname)" "$(cat "$HOME_DIR/runs/$RUN/.guild/attrs/host")"
matches "with the starter's environment" "A_VARIABLE: kept" "$(cat "$HOME_DIR/runs/$RUN/.guild/attrs/env")"
guild run -y --executor slurm hello exit=3 >/dev/null 2>&1
equal "its exit status is the run's" 3 $?
equal "chosen by the operation, with settings of both" "other 2:00 on-slurm" \
	"$(guild run -y on-slurm 2>/dev/null)"
equal "an option goes before the operation" "other 3:00 on-slurm" \
	"$(guild run -y on-slurm --executor-option time=3 2>/dev/null)"
guild run -y on-slurm --executor local >/dev/null 2>&1
refuse "local by an option" has_job "$(newest_run)"
echo 'executor: short' >>"$HOME_DIR/config.yml"
guild run -y hello >/dev/null 2>&1
check "the configuration's executor" has_job "$(newest_run)"
sed -i '/^executor:/d' "$HOME_DIR/config.yml"
guild run -y hello >/dev/null 2>&1
refuse "nobody asked for one" has_job "$(newest_run)"

# --- refused ------------------------------------------------------------------------------------
matches "an executor that is not there" "there is no executor 'nope'; the executors are: local, slurm, short" \
	"$(guild run -y hello --executor nope 2>&1)"
matches "a setting that is not there" "unknown setting 'tme'; one of type slurm has: partition, time" \
	"$(guild run -y hello --executor short --executor-option tme=1 2>&1)"
refuse "a mount with an executor that is not there" "$BUILD/guildfs" -f -H "$HOME_DIR" -o executor=nope "$MNT"
matches "sbatch's sentence" "sbatch refuses.*nope" \
	"$(guild run -y hello --executor slurm --executor-option partition=nope 2>&1)"
RUN=$(newest_run)
equal "the run is one with an error" error "$(status "$RUN")"
matches "and its output says why" "sbatch refuses" "$(output "$RUN")"
mkdir "$T/bin"
ln -s "$(command -v sh)" "$T/bin/sh"
matches "without Slurm's commands" "there is no sbatch on the PATH" \
	"$(PATH=$T/bin "$BUILD/guild" run -y hello --executor slurm 2>&1)"

# --- waiting ------------------------------------------------------------------------------------
start long
FIRST=$RUN
wait_until 30 begun "$FIRST"
start_mount -o executor=slurm
OP=$MNT/operations
start long
WAITS=$RUN
wait_until 20 waits_for_reason "$WAITS"
matches "a list says why one waits" "pending \((Resources|Priority)\)" "$(guild runs | grep "${WAITS:0:8}")"
equal "the mount's status" pending "$(cat "$MNT/runs/$WAITS/status")"
matches "the mount's reason" "^(Resources|Priority)$" "$(cat "$MNT/runs/$WAITS/reason")"
refuse "no reason for who does not wait" test -e "$MNT/runs/$FIRST/reason"
matches "a run that waits cannot be restarted" "is pending" "$(guild run -y --restart "$WAITS" 2>&1)"
guild stop -y "$WAITS" >"$T/out" 2>&1
equal "guild stop of one that waits" error "$(status "$WAITS")"
check "its job is gone" wait_until 10 jobs_are 0 -t pending

echo 'x: 8' >"$OP/hello/flags"
WAITS=$(newest)
wait_until 10 has_job "$WAITS"
echo stop >"$MNT/runs/$WAITS/ctl"
equal "ctl stop of one that waits" error "$(cat "$MNT/runs/$WAITS/status")"
echo 'x: 9' >"$OP/hello/flags"
WAITS=$(newest)
wait_until 10 has_job "$WAITS"
scancel "$(job_of "$WAITS")"
finish "$WAITS"
equal "scancel of one that waits, seen by the mount" terminated "$(cat "$MNT/runs/$WAITS/status")"
matches "with a reason" "cancelled before the run began" "$(cat "$MNT/runs/$WAITS/reason")"
start long
scancel "$(job_of "$RUN")"
check "scancel of one that guild run has left" wait_until 20 is "$RUN" terminated

# --- ended from outside -------------------------------------------------------------------------
check "guild stop of one that runs" guild stop -y "$FIRST"
equal "is terminated" terminated "$(status "$FIRST")"
start stubborn
wait_until 30 begun "$RUN"
scancel "$(job_of "$RUN")"
check "scancel of one that runs, and does not heed TERM" wait_until 30 is "$RUN" terminated
matches "says so in the run" "Slurm's job [0-9]+ was cancelled" "$(reason "$RUN")"
matches "and in its output" "guild: Slurm's job [0-9]+ was cancelled" "$(output "$RUN")"
start stubborn
wait_until 30 begun "$RUN"
guild stop -y -n "$RUN" >/dev/null 2>&1
refuse "guild stop waits for who does not heed TERM" wait_until 7 is "$RUN" terminated
echo kill >"$MNT/runs/$RUN/ctl"
check "ctl kill does not" wait_until 20 is "$RUN" terminated

# Another machine is one with another boot: there is nobody of that pid for it.
cat >"$T/elsewhere" <<'END'
mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"
END
echo 01234567-89ab-4cde-8f01-23456789abcd >"$T/boot_id"
elsewhere() {
	local as=-r
	[ "$(id -u)" != 0 ] || as=
	unshare $as -m sh "$T/elsewhere" "$T/boot_id" "$@"
}
if elsewhere true 2>/dev/null; then
	start long
	wait_until 30 begun "$RUN"
	matches "runs, seen from another machine" "status: running" "$(elsewhere guild runs info "$RUN")"
	elsewhere guild stop -y "$RUN" >"$T/out" 2>&1
	check "guild stop from another machine" wait_until 20 is "$RUN" terminated
	start stubborn
	wait_until 30 begun "$RUN"
	elsewhere guild stop -y --force --timeout 1 "$RUN" >"$T/out" 2>&1
	check "the same by force" wait_until 20 is "$RUN" terminated
	matches "it was killed" "-9" "$(cat "$HOME_DIR/runs/$RUN/.guild/attrs/exit_status")"
else
	skip_optional "stop from another machine" "no mount namespace for this user"
fi

# --- from the mount ------------------------------------------------------------------------------
echo 'x: 5' >"$OP/hello/flags"
RUN=$(newest)
finish "$RUN"
equal "a flags file" completed "$(cat "$MNT/runs/$RUN/status")"
matches "its output" "x=5 job=[0-9]" "$(cat "$MNT/runs/$RUN/output")"
BEFORE=$(job_of "$RUN")
echo restart >"$MNT/runs/$RUN/ctl"
finish "$RUN"
matches "ctl restart" "x=5 job=[0-9]" "$(cat "$MNT/runs/$RUN/output")"
check "is another job" test "$BEFORE" != "$(job_of "$RUN")"
echo 'x: 5' >"$OP/hello/stage"
RUN=$(newest)
echo start >"$MNT/runs/$RUN/ctl"
finish "$RUN"
check "a staged one" has_job "$RUN"

# --- batches --------------------------------------------------------------------------------------
tasks() { cat "$HOME_DIR"/runs/*/.guild/guildfs/job | grep -o '[0-9]*_[0-9]*'; }
guild run -y --executor slurm hello "x=[1,2,3,4,5]" >"$T/out" 2>&1
equal "a batch of five" 5 "$(grep -c '^x=' "$T/out")"
equal "has five tasks" 5 "$(tasks | wc -l)"
equal "of one array" 1 "$(tasks | cut -d_ -f1 | sort -u | wc -l)"
guild run -y --executor slurm --keep-batch --jobs 1 long "x=[6,7,8]" >"$T/out" 2>&1 &
BATCH=$!
limited_by_array() { squeue -h -r -o %r | grep -q JobArrayTaskLimit; }
check "as many at a time as --jobs says" wait_until 30 limited_by_array
BATCH_RUN=$(guild select -Fo 'long+')
one_begun() { grep -qs begin "$MNT/runs/$BATCH_RUN"/trials/*/output; }
wait_until 20 one_begun
echo stop >"$MNT/runs/$BATCH_RUN/ctl"
wait $BATCH
check "a batch that is stopped leaves nothing in Slurm" wait_until 20 jobs_are 0 -n long
trials() { cat "$MNT/runs/$BATCH_RUN"/trials/*/status | sort | uniq -c | xargs; }
equal "what ran is terminated, and what had not begun pending" "2 pending 1 terminated" "$(trials)"
guild run -y --keep-batch --restart "$BATCH_RUN" >"$T/out" 2>&1 &
BATCH=$!
check "started again it goes on with these" wait_until 30 limited_by_array
scancel -n long
wait $BATCH
equal "all are over, whoever ended them" "3 terminated" "$(trials)"

# --- other users ------------------------------------------------------------------------------------
if [ "$(id -u)" = 0 ]; then
	stop_mount
	start_mount -o allow_other,executor=slurm
	setpriv --reuid nobody --regid nogroup --clear-groups sh -c "echo 'x: 6' >'$OP/hello/flags'"
	RUN=$(newest)
	finish "$RUN"
	matches "who writes into a shared mount" "x=6 job=[0-9]" "$(cat "$MNT/runs/$RUN/output")"
	equal "has a job of his own" nobody "$(squeue -h -t all -j "$(job_of "$RUN")" -o %u)"
fi

# --- what Slurm has forgotten -----------------------------------------------------------------------
forgotten() { ! squeue -h -j "$1" 2>/dev/null | grep -q .; }
check "Slurm forgets the first job" wait_until 150 forgotten "$JOB"
equal "and nothing changes" completed "$(status "$FORGOTTEN")"
check "the time limit" wait_until 150 is "$LIMITED" terminated
matches "says so" "has come to its time limit" "$(reason "$LIMITED")"
matches "after TERM" "saved" "$(output "$LIMITED")"

# --- a node that fails --------------------------------------------------------------------------------
start long x=9
wait_until 60 begun "$RUN"
scontrol update "nodename=$(hostname)" state=down reason=test
check "a run on a node that Slurm gives up" wait_until 60 is "$RUN" terminated
matches "says so" "was ended, since its node failed" "$(reason "$RUN")"
stop_mount
slurm_stop
