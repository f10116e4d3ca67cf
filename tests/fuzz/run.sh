#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs every fuzz target of a build, two at a time: run.sh BUILD SECONDS [TARGET...]. What a target
# learns is kept in BUILD/corpus, what it finds in BUILD/artifacts.
set -u
cd "$(dirname "$0")/../.." || exit 1

build=$1
seconds=$2
shift 2
[ $# -gt 0 ] || set -- tests/fuzz/fuzz_*.c

# one TARGET: its line, and its status.
one() {
	local target=$1 log=$build/artifacts/$1.log r runs dict=tests/fuzz/$1.dict
	mkdir -p "$build/artifacts/$target" "$build/corpus/$target"
	"$build/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		$([ -f "$dict" ] && echo "-dict=$dict") \
		-artifact_prefix="$build/artifacts/$target/" -print_final_stats=1 \
		"$build/corpus/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1
	r=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	if [ $r = 0 ]; then
		echo "ok $target: ${runs:-0} runs"
		return 0
	fi
	echo "not ok $target: $(grep -m1 -E 'ERROR|runtime error|^[^ ]*\.c:[0-9]+: ' "$log" ||
		echo "status $r"); see $log"
	return 1
}

failed=0
running=0
for target; do
	target=$(basename "$target" .c)
	if [ $running = 2 ]; then
		wait -n || failed=1
		running=1
	fi
	one "$target" &
	running=$((running + 1))
done
while [ $running -gt 0 ]; do
	wait -n || failed=1
	running=$((running - 1))
done
exit $failed
