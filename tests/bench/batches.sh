# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by run.sh: batches. What a trial takes beside the operation's own process, what --jobs
# saves, and a batch of BENCH_MANY (10000) trials from its start to its end in the trash.
TRIALS=${BENCH_TRIALS:-1000}
MANY=${BENCH_MANY:-10000}

# A control group tells the processor time of all that a command starts, whoever waits for it.
GROUP=
for dir in /sys/fs/cgroup/cpuacct /sys/fs/cgroup; do
	[ -z "$GROUP" ] && mkdir "$dir/guildfs-bench.$$" 2>/dev/null && GROUP=$dir/guildfs-bench.$$
done
[ -z "$GROUP" ] || trap 'rmdir "$GROUP" 2>/dev/null; cleanup' EXIT
group_seconds() {
	if [ -e "$GROUP/cpuacct.usage" ]; then
		awk '{printf "%.4f", $1 / 1e9}' "$GROUP/cpuacct.usage"
	else
		awk '/^usage_usec/ {printf "%.4f", $2 / 1e6}' "$GROUP/cpu.stat"
	fi
}
# measure COMMAND...: WALL and CPU, seconds; CPU is - where there are no control groups.
measure() {
	local before start
	if [ -z "$GROUP" ]; then
		WALL=$(seconds "$@") CPU=-
		return
	fi
	before=$(group_seconds)
	start=$(now)
	(echo $BASHPID >"$GROUP/cgroup.procs" && exec "$@") >/dev/null 2>&1 || true
	WALL=$(since "$start")
	while [ -s "$GROUP/cgroup.procs" ] && [ -n "$(cat "$GROUP/cgroup.procs")" ]; do sleep 0.01; done
	CPU=$(awk -v a="$before" -v b="$(group_seconds)" 'BEGIN {printf "%.4f", b - a}')
}
each() { [ "$1" = - ] && echo - || awk -v s="$1" -v n="$TRIALS" 'BEGIN {printf "%.2f", s / n * 1000}'; }
ratio_or_none() { [ "$1" = - ] && echo - || ratio "$1" "$2"; }
# peak COMMAND...: seconds it takes, and MiB that it has resident at most.
peak() {
	python3 - "$@" <<'END'
import resource, subprocess, sys, time
start = time.monotonic()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("%.3f %.1f" % (time.monotonic() - start, used.ru_maxrss / 1024))
END
}

mkdir "$T/batch" "$T/jobs" "$T/many"
cd "$T/project"
measure bash -c "for i in \$(seq $TRIALS); do /bin/true; done"
p=$WALL p_cpu=$CPU
measure "$BUILD/guild" -H "$T/batch" run nothing "x=range[1:$TRIALS]" -yq
m=$WALL m_cpu=$CPU
row "a trial of true in a batch of $TRIALS (ms; plain: a process)" "$(each "$m")" "$(each "$p")" "$(ratio "$m" "$p")" "<= 15 ms"
row "  the same in processor time (ms)" "$(each "$m_cpu")" "$(each "$p_cpu")" "$(ratio_or_none "$m_cpu" "$p_cpu")" "-"
measure "$BUILD/guild" -H "$T/jobs" run nothing "x=range[1:$TRIALS]" -yq --jobs 2
row "  with --jobs 2 (ms; plain: --jobs 1)" "$(each "$WALL")" "$(each "$m")" "$(ratio "$WALL" "$m")" "-"
row "  the same in processor time (ms)" "$(each "$CPU")" "$(each "$m_cpu")" "$(ratio_or_none "$CPU" "$m_cpu")" "-"

# All trials are made before the first one starts.
echo
row "a batch of $MANY trials" "seconds" "MiB at most" "-" "bar"
start=$(now)
batch=$("$BUILD/guild" -H "$T/many" run nothing "x=range[1:$MANY]" -yb --keep-batch 2>&1 |
	grep -o '[0-9a-f]\{32\}' | head -1)
first=$T/many/runs/$batch/.guild/output
until grep -q 'Running trial' "$first" 2>/dev/null; do sleep 0.02; done
made=$(since "$start")
memory=$(awk '/VmHWM/ {printf "%.1f", $2 / 1024}' "/proc/$(cat "$T/many/runs/$batch/.guild/LOCK")/status")
row "  made, until the first one starts" "$made" "$memory" "-" "-"
"$BUILD/guild" -H "$T/many" stop -y "$batch" >/dev/null 2>&1
work() { # ROW ARGUMENT...
	local name=$1 seconds memory
	shift
	read -r seconds memory < <(peak "$BUILD/guild" -H "$T/many" "$@")
	row "  $name" "$seconds" "$memory" "-" "-"
}
work "guild runs --all, first" runs --all
work "guild runs --all" runs --all
work "guild compare --csv, first" compare --csv "$T/csv"
work "guild compare --csv" compare --csv "$T/csv"
work "guild runs rm -y" runs rm -y
work "guild runs purge -y" runs purge -y
rm -r "$T/batch" "$T/jobs" "$T/many"
cd /
[ -z "$GROUP" ] || rmdir "$GROUP"
trap cleanup EXIT
