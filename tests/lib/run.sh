#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh -B BUILD SUITE...: runs unit tests and test scripts, two at a time, and counts their cases.
# A suite is unit (BUILD/unit/test_*), or the scripts tests/SUITE/test-*.sh; ordinary, of use to
# root only, is what ORDINARY names of tests/mount, run as a user without privileges. -r FILE adds
# the three counts to a file. What a script says by a line "note ..." is repeated at the end, where the
# last line is "N passed, N failed, N skipped".
set -u
cd "$(dirname "$0")/../.." || exit 1

BUILD=build report= one=
while getopts B:r:1: opt; do
	case $opt in
	B) BUILD=$(realpath -m "$OPTARG") ;;
	r) report=$OPTARG ;;
	1) one=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
export BUILD
TIMEOUT=${TEST_TIMEOUT:-600}
# All that a mount does for its own user. What needs root is left out, and what takes its time and
# is the same for everybody.
ORDINARY="batch by calls ctl daemon documents events files log metrics operation refused reload
	tensorboard trash tree where writing"

# One test: its output to a file, its sanitizer reports to others.
run_one() {
	local test=$1 out=$RESULTS/$(echo "${1#"$BUILD"/}" | tr ' /' __)
	mkdir -p "$out.d"
	export TMPDIR=$out.d
	export ASAN_OPTIONS=detect_leaks=1:log_path=$out.d/asan
	export UBSAN_OPTIONS=print_stacktrace=1:log_path=$out.d/ubsan
	export TSAN_OPTIONS=log_path=$out.d/tsan:second_deadlock_stack=1
	export LSAN_OPTIONS=suppressions=$PWD/tests/lib/lsan.supp:print_suppressions=0
	export CMOCKA_MESSAGE_OUTPUT=TAP
	# Two words: as whom, and what.
	# shellcheck disable=SC2086
	timeout -k 20 "$TIMEOUT" $test >"$out" 2>"$out.err"
	local status=$?
	[ $status -ne 124 ] || echo "not ok $test: still running after $TIMEOUT s" >>"$out"
	if [ $status -ne 0 ] && ! grep -q '^not ok' "$out"; then
		echo "not ok $test: ended with status $status" >>"$out"
	fi
	grep -q '^\(ok\|not ok\|skip\)' "$out" || echo "not ok $test: ran no case" >>"$out"
	local log
	for log in "$out.d"/asan.* "$out.d"/ubsan.* "$out.d"/tsan.*; do
		[ -s "$log" ] || continue
		echo "not ok $test: sanitizer report" >>"$out"
		head -60 "$log" >>"$out.err"
	done
	rm -rf "$out.d"
	if grep -q '^not ok' "$out"; then
		echo "--- $test"
		# What was wanted and got may be of several lines.
		awk '/^(ok|not ok|skip|note|#)/ { shown = /^not ok/ } shown' "$out" | head -100
		tail -${TEST_STDERR:-20} "$out.err"
	else
		echo "    $test: $(grep -c '^ok' "$out")"
	fi
}
if [ -n "$one" ]; then
	run_one "$one"
	exit 0
fi

RESULTS=$(mktemp -d "${TMPDIR:-/tmp}/guildfs-results.XXXXXX")
chmod 755 "$RESULTS"
export RESULTS
trap 'rm -rf "$RESULTS"' EXIT
trap 'exit 130' INT TERM

list() {
	local suite
	for suite; do
		if [ "$suite" = unit ]; then
			find "$BUILD/unit" -maxdepth 1 -name 'test_*' -type f -perm -100 | sort
		elif [ "$suite" = ordinary ]; then
			[ "$(id -u)" != 0 ] || for name in $ORDINARY; do
				echo "tests/lib/ordinary.sh tests/mount/test-$name.sh"
			done
		else
			find "tests/$suite" -name 'test-*.sh' | sort
		fi
	done
}
list "$@" | xargs -P 2 -I{} "$0" -B "$BUILD" -1 {}

count() { cat "$RESULTS"/tests_* "$RESULTS"/unit_* 2>/dev/null | grep -c "$1"; }
passed=$(count '^ok ')
failed=$(count '^not ok ')
required=$(count '^skip ')
skipped=$((required + $(count '^skip-optional ')))
cat "$RESULTS"/tests_* 2>/dev/null | grep -E '^(skip|note)' | sort -u
if [ "${CI:-}" = true ] && [ "$required" -gt 0 ]; then
	echo "In CI every required component must be there: the skipped cases above count as failures."
	failed=$((failed + required))
	skipped=$((skipped - required))
fi
[ -z "$report" ] || echo "$passed $failed $skipped" >>"$report"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
