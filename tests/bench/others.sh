# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by run.sh: rows beside Guild AI and TensorBoard from PyPI. Columns: ours, theirs, and how
# many times faster ours is. Without pip the rows have no second column.

# python_env NAME PACKAGE...: a virtual environment in $T/NAME; false where it cannot be had.
python_env() {
	local name=$1
	shift
	python3 -m venv "$T/$name" >"$T/log" 2>&1 &&
		"$T/$name/bin/pip" -q install "$@" >"$T/log" 2>&1
}
times() { [ "$2" = - ] && echo - || awk -v a="$1" -v b="$2" 'BEGIN {printf "%.0f", b / a}'; }
# seconds_of N COMMAND...: the median of N times.
seconds_of() {
	local n=$1
	shift
	rm -f "$T/times"
	for _ in $(seq "$n"); do
		seconds "$@" >>"$T/times"
		echo >>"$T/times"
	done
	grep . "$T/times" | median
}

echo
row "beside others" "ours" "theirs" "times" "bar"

# --- scalars: TensorBoard's own reader in Python, one processor -------------------------------------
scalars=200000
mkdir "$T/events"
"$BUILD/bench/scalars" make "$T/events" $scalars
m=$("$BUILD/bench/scalars" summary "$T/events") p=-
if python_env tb 'setuptools<81' tensorboard; then
	p=$("$T/tb/bin/python" - "$T/events" <<'END'
import sys, time
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
acc = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0})
start = time.process_time()
acc.Reload()
print(time.process_time() - start)
END
	)
fi
row "$scalars scalars of one file (s of CPU; TensorBoard's Python loader)" "$m" "$p" "$(times "$m" "$p")" "-"
rm -r "$T/events"

# --- 10,000 runs of 300 scalars: Guild AI on the same home -----------------------------------------
n=${BENCH_COMPARED:-10000}
home=$T/scalars
mkdir "$home"
"$BUILD/lib/synth" "$home" "$n" 3 100
theirs=
if python_env guild 'setuptools<81' guildai==0.9.0; then
	theirs=$T/guild/bin/guild
fi
beside() { # ROW TIMES BAR ARGUMENT...
	local name=$1 n=$2 bar=$3 m p=-
	shift 3
	m=$(seconds_of "$n" "$BUILD/guild" -H "$home" "$@")
	[ -z "$theirs" ] || p=$(seconds "$theirs" -H "$home" "$@")
	row "$name" "$m" "$p" "$(times "$m" "$p")" "$bar"
}
# --- a trial of a batch, without what the operation itself does --------------------------------------
# each_of TRIALS GUILD: milliseconds a trial, of true.
each_of() {
	local start
	mkdir "$T/trials"
	start=$(now)
	(cd "$T/project" && "$2" -H "$T/trials" run nothing "x=range[1:$1]" -y) >/dev/null 2>&1
	awk -v s="$(since "$start")" -v n="$1" 'BEGIN {printf "%.2f", s / n * 1000}'
	rm -r "$T/trials"
}
few=${BENCH_THEIR_TRIALS:-20}
m=$(each_of "$few" "$BUILD/guild") p=-
[ -z "$theirs" ] || p=$(each_of "$few" "$theirs")
row "a trial of true in a batch of $few (ms)" "$m" "$p" "$(times "$m" "$p")" "<= 15 ms"

beside "guild runs, $n runs, first (s)" 1 "-" runs
until flock -n "$home/cache/guildfs/index.db-sweep" true; do sleep 0.1; done
beside "guild runs (s)" 9 "<= 0.03 s" runs
beside "guild runs --all (s)" 5 ">= 100 times" runs --all
beside "guild runs -Fo m:train -Fl 17 --all (s)" 5 ">= 100 times" runs -Fo m:train -Fl 17 --all
beside "guild compare --csv, $n runs x 300 scalars, first (s)" 1 "<= 3 s" compare --csv "$T/csv"
beside "guild compare --csv (s)" 5 "<= 0.3 s" compare --csv "$T/csv"
beside "guild runs -F 'loss < 0.0001' --all (s)" 5 ">= 100 times" runs -F 'loss < 0.0001' --all
if [ -w /proc/sys/vm/drop_caches ]; then
	sync
	echo 3 >/proc/sys/vm/drop_caches
	m=$(seconds "$BUILD/guild" -H "$home" compare --csv "$T/csv")
	p=-
	if [ -n "$theirs" ]; then
		echo 3 >/proc/sys/vm/drop_caches
		p=$(seconds "$theirs" -H "$home" compare --csv "$T/csv")
	fi
	row "guild compare --csv, cold (s)" "$m" "$p" "$(times "$m" "$p")" "-"
fi
