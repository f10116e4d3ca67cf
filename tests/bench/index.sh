# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by run.sh: the index: `guild runs`, beside ls -l of as many directories.
ten_thousand
export GUILD_HOME=$T/ten
rm -f "$T"/ten/cache/guildfs/index.db*
row "guild runs with 10,000 runs, no index yet (s)" "$(seconds "$BUILD/guild" runs)" "-" "-" "-"
settle "$T/ten"
for i in $(seq 15); do
	seconds "$BUILD/guild" runs >>"$T/m.runs"
	echo >>"$T/m.runs"
	seconds ls -l "$T/plain" >>"$T/p.runs"
	echo >>"$T/p.runs"
done
row "guild runs with 10,000 runs, warm (s; plain: ls -l)" "$(grep . "$T/m.runs" | median)" \
	"$(grep . "$T/p.runs" | median)" "$(ratio "$(fastest "$T/m.runs")" "$(fastest "$T/p.runs")")" "<= 0.03 s"
row "  the fastest of 15" "$(fastest "$T/m.runs")" "$(fastest "$T/p.runs")" "-" ""
if [ -w /proc/sys/vm/drop_caches ]; then
	drop() { sync; echo 3 >/proc/sys/vm/drop_caches; }
	drop
	m=$(seconds "$BUILD/guild" runs)
	drop
	p=$(seconds ls -l "$T/plain")
	row "guild runs with 10,000 runs, cold (s; plain: ls -l)" "$m" "$p" "$(ratio "$m" "$p")" "<= 0.3 s"
fi
unset GUILD_HOME
