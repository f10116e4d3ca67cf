# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by run.sh: event files, beside reading their bytes.
scalars=5000000
mkdir "$T/events"
"$BUILD/bench/scalars" make "$T/events" $scalars
for i in 1 2 3 4 5; do
	"$BUILD/bench/scalars" parse "$T/events" >>"$T/m.events"
	"$BUILD/bench/scalars" plain "$T/events/"* >>"$T/p.events"
done
m=$(median <"$T/m.events") p=$(median <"$T/p.events")
millions() { awk -v n="$scalars" -v s="$1" 'BEGIN {printf "%.1f", n / s / 1e6}'; }
row "scalars parsed / only read (millions a second)" "$(millions "$m")" "$(millions "$p")" "$(ratio "$p" "$m")" ">= 10"
rm -r "$T/events"
