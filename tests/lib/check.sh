#!/bin/bash
# SPDX-License-Identifier: MIT
# Everything that must hold before a change goes in: lint, the plain build with all suites, and
# the sanitizer builds with unit and mount tests and a short soak. The last line adds all of it up.
set -u
cd "$(dirname "$0")/../.." || exit 1

BUILD=${BUILD:-build}
report=$(mktemp "${TMPDIR:-/tmp}/guildfs-check.XXXXXX")
trap 'rm -f "$report"' EXIT
jobs=$(nproc)

# step NAME COMMAND...: counts as one case.
step() {
	local name=$1
	shift
	echo "=== $name"
	if "$@"; then
		echo "1 0 0" >>"$report"
	else
		echo "not ok $name"
		echo "0 1 0" >>"$report"
		return 1
	fi
}
suites() {
	local build=$1
	shift
	echo "=== $build: $*"
	tests/lib/run.sh -B "$build" -r "$report" "$@"
}

step lint tests/lib/lint.sh
step build make -s -j"$jobs" DEV=1 BUILD="$BUILD" tests && {
	suites "$BUILD" unit mount ordinary e2e fault soak
	TEST_TIMEOUT=1200 TEST_STDERR=400 suites "$BUILD" conformance
}
for sanitizer in asan tsan; do
	step $sanitizer make -s -j"$jobs" DEV=1 BUILD="$BUILD" $sanitizer && {
		suites "$BUILD-$sanitizer" unit mount
		SOAK_SECONDS=20 SOAK_KILLS=8 suites "$BUILD-$sanitizer" soak
	}
done

awk '{p += $1; f += $2; s += $3}
	END {printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0}' "$report"
