# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced behind lib.sh: a cluster of one node, this machine, whose daemons and files are the test's
# own. Works as root and as an ordinary user, whose cluster runs jobs of his own only.
#
# slurm_start, or the test is over: what is missing is skipped by name. slurm_up is the same for a test
# that has other things to do, too: false, and $LACKS says why. $ON_NODE are words of a command that runs
# the node where it is to be. $SLURM_CONF names the cluster to every command.

SLURM=$T/s
export SLURM_CONF=$SLURM/conf

free_port() {
	local port
	while :; do
		port=$((20000 + RANDOM % 20000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

# munged does not run as root: it has a user of its own.
as_munge() {
	if [ "$(id -u)" = 0 ]; then setpriv --reuid munge --regid munge --clear-groups "$@"; else "$@"; fi
}

start_munge() {
	local dir=$SLURM/m
	mkdir -p "$dir"
	(umask 077 && head -c 1024 /dev/urandom >"$dir/key")
	chmod 755 "$SLURM" "$dir"
	[ "$(id -u)" != 0 ] || chown -R munge:munge "$dir"
	as_munge "$(command -v munged)" --key-file="$dir/key" --socket="$dir/s" --pid-file="$dir/pid" \
		--log-file="$dir/log" --seed-file="$dir/seed" >"$SLURM/munged.out" 2>&1
	wait_until 10 munge -S "$dir/s" -n
}

write_slurm_conf() {
	local host user ctld_port d_port
	host=$(hostname) user=$(id -un) ctld_port=$(free_port) d_port=$(free_port)
	mkdir -p "$SLURM/state" "$SLURM/spool"
	cat >"$SLURM_CONF" <<-END
		ClusterName=guildfs
		SlurmctldHost=$host(127.0.0.1)
		SlurmUser=$user
		SlurmdUser=$user
		AuthType=auth/munge
		AuthInfo=socket=$SLURM/m/s
		CredType=cred/munge
		SlurmctldPort=$ctld_port
		SlurmdPort=$d_port
		SlurmctldPidFile=$SLURM/ctld.pid
		SlurmdPidFile=$SLURM/d.pid
		StateSaveLocation=$SLURM/state
		SlurmdSpoolDir=$SLURM/spool
		SlurmctldLogFile=$SLURM/ctld.log
		SlurmdLogFile=$SLURM/d.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		JobAcctGatherType=jobacct_gather/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		MpiDefault=none
		ReturnToService=2
		KillWait=5
		MinJobAge=${SLURM_MIN_JOB_AGE:-30}
		NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
		PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
		PartitionName=other Nodes=$host MaxTime=INFINITE State=UP
	END
}

node_is_idle() { [ "$(sinfo -h -p main -o %T)" = idle ]; }
start_controller() { slurmctld "$@" >"$SLURM/ctld.out" 2>&1; }
# Its process, which is another one after each start.
kill_controller() {
	local pid
	pid=$(cat "$SLURM/ctld.pid")
	kill -9 "$pid"
	wait_until 10 sh -c "! kill -0 $pid 2>/dev/null"
}

start_node() {
	# shellcheck disable=SC2086 # words of a command
	${ON_NODE-} slurmd -N "$(hostname)" -c >"$SLURM/d.out" 2>&1
}
# What has ended since the controller last wrote its state down runs for ever, as far as it knows,
# until the node registers: it does at its start, which jobs do not mind, and when it is told to read its
# configuration again. What began in the 20 seconds before (BatchStartTimeout and MessageTimeout) is not
# missed yet.
controller_is_back() {
	local pid
	start_controller "$@"
	pid=$(cat "$SLURM/d.pid")
	kill "$pid"
	wait_until 10 sh -c "! kill -0 $pid 2>/dev/null"
	start_node
	(sleep 25 && kill -HUP "$(cat "$SLURM/d.pid")") >/dev/null 2>&1 &
}

slurm_up() {
	local program
	for program in munged munge slurmctld slurmd sbatch squeue scancel scontrol sinfo setpriv; do
		PATH=$PATH:/usr/sbin command -v $program >/dev/null && continue
		LACKS="there is no $program here (Debian: slurm-wlm, munge)"
		return 1
	done
	PATH=$PATH:/usr/sbin
	mkdir -p "$SLURM"
	write_slurm_conf
	if ! start_munge; then
		LACKS="munged does not start here: $(tail -1 "$SLURM/munged.out" "$SLURM/m/log" 2>/dev/null)"
		return 1
	fi
	start_controller -c
	start_node
	wait_until 30 node_is_idle && return
	LACKS="slurmd does not start here: $(grep -h error "$SLURM/d.log" "$SLURM/d.out" | tail -1)"
	return 1
}

slurm_start() {
	slurm_up && return
	skip slurm "$LACKS"
	exit 0
}

# In the order in which they depend on each other; what is left lib.sh ends.
slurm_stop() {
	local file pid
	scancel --me 2>/dev/null
	for file in d.pid ctld.pid m/pid; do
		pid=$(cat "$SLURM/$file" 2>/dev/null) && kill "$pid" 2>/dev/null &&
			wait_until 10 sh -c "! kill -0 $pid 2>/dev/null"
	done
}

# run_id N: of the Nth newest run. job_of RUN: its job as Slurm calls it.
job_of() { cut -d' ' -f2 "$HOME_DIR/runs/$1/.guild/guildfs/job"; }
has_job() { [ -s "$HOME_DIR/runs/$1/.guild/guildfs/job" ]; }
job_state() { squeue -h -r -t all -j "$1" -o %T; }
