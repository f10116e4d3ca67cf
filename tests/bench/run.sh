#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh BUILD: speed, as ratios of the mount to plain files, measured side by side in one run on
# this machine. Times are medians; the bar of each row stands beside it.
# BENCH_RUNS (100000) is the size of the large home.
set -eu

BUILD=$(realpath "$1")
RUNS=${BENCH_RUNS:-100000}
T=$(mktemp -d "${TMPDIR:-/var/tmp}/guildfs-bench.XXXXXX")
MNT=$T/mnt
DAEMON=
mkdir "$MNT" "$T/project"

cleanup() {
	cd /
	[ -z "$DAEMON" ] || kill "$DAEMON" 2>/dev/null || true
	umount -l "$MNT" 2>/dev/null || true
	rm -rf "$T"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

now() { date +%s.%N; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN {printf "%.4f", b - a}'; }
median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
# seconds COMMAND...: how long it takes, its output thrown away.
seconds() {
	local start
	start=$(now)
	"$@" >/dev/null 2>&1
	since "$start"
}
row() { printf '%-52s %12s %12s %9s   %s\n' "$@"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }

mount_home() {
	"$BUILD/guildfs" -f -H "$1" -C "$T/project" "$MNT" &
	DAEMON=$!
	until [ -e "$MNT/README" ]; do sleep 0.005; done
}
unmount_home() {
	kill "$DAEMON"
	wait "$DAEMON" 2>/dev/null || true
	DAEMON=
	umount -l "$MNT" 2>/dev/null || true
}

cat >"$T/project/guild.yml" <<'END'
- model: m
  operations:
    train: {exec: "date +%s.%N", flags: {x: 1}}
    write: {exec: "dd if=/dev/urandom of=artifact bs=1M count=256", flags: {x: 1}}
END

printf 'guildfs bench on %s, %s cores, kernel %s, user %s\n\n' \
	"$(uname -m)" "$(nproc)" "$(uname -r)" "$(id -un)"
row "row" "mount" "plain" "ratio" "bar"

# --- event files -----------------------------------------------------------------------------------
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

# --- artifacts -------------------------------------------------------------------------------------
mkdir "$T/home"
mount_home "$T/home"
echo >"$MNT/models/m/operations/write/flags"
cat "$MNT/runs/latest/wait" >/dev/null
id=$(basename "$(readlink "$MNT/runs/latest")")
real=$T/home/runs/$id/artifact
shown=$MNT/runs/$id/files/artifact
bar=">= 0.8 of the file's speed (root), hot >= 0.5 else"
for mode in coldseq seq random mmap; do
	for i in 1 2 3 4 5; do
		"$BUILD/bench/read" "$mode" "$shown" "$real" >>"$T/m.$mode"
		"$BUILD/bench/read" "$mode" "$real" >>"$T/p.$mode"
	done
	m=$(median <"$T/m.$mode") p=$(median <"$T/p.$mode")
	row "artifact of 256 MiB, $mode (s; ratio of speeds)" "$m" "$p" "$(ratio "$p" "$m")" "$bar"
done
unmount_home
mount_home "$T/home"
m=$("$BUILD/bench/read" seq "$shown") p=$("$BUILD/bench/read" seq "$real")
row "artifact, first read after the mount" "$m" "$p" "$(ratio "$p" "$m")" "$bar"

# --- close to exec -----------------------------------------------------------------------------------
for i in $(seq 30); do
	closed=$(bash -c "echo 'x: $i' > '$MNT/models/m/operations/train/flags'; date +%s.%N")
	cat "$MNT/runs/latest/wait" >/dev/null
	awk -v a="$closed" -v b="$(cat "$MNT/runs/latest/output")" 'BEGIN {printf "%.2f\n", (b - a) * 1000}' >>"$T/exec"
done
row "close of flags -> the operation's own time (ms)" "$(median <"$T/exec")" "-" "-" "<= 20 ms (with date's start)"
row "  the slowest of 30" "$(sort -g "$T/exec" | tail -1)" "-" "-" ""
unmount_home

# --- many runs -----------------------------------------------------------------------------------------
mkdir "$T/ten"
"$BUILD/bench/synth" "$T/ten" 10000
mkdir "$T/plain"
for d in $(ls "$T/ten/runs"); do mkdir "$T/plain/$d"; done
mount_home "$T/ten"
m=$(seconds ls -l "$MNT/runs") p=$(seconds ls -l "$T/plain")
row "ls -l of 10,000 runs, first (s)" "$m" "$p" "$(ratio "$m" "$p")" "<= 3"
m=$(seconds ls -l "$MNT/runs") p=$(seconds ls -l "$T/plain")
row "ls -l of 10,000 runs, second (s)" "$m" "$p" "$(ratio "$m" "$p")" "<= 1"

mkdir "$T/small"
for d in $(ls "$T/ten/runs"); do
	mkdir "$T/small/$d"
	cp "$T/ten/runs/$d/.guild/attrs/label" "$T/ten/runs/$d/.guild/attrs/exit_status" \
		"$T/ten/runs/$d/.guild/attrs/id" "$T/small/$d/"
done
only_three() { (cd "$1" && for d in *; do printf '%s\0' "$d/label" "$d/exit_status" "$d/id"; done | xargs -0 cat); }
m=$(seconds only_three "$MNT/runs") p=$(seconds only_three "$T/small")
row "cat of 30,000 small files, first (s)" "$m" "$p" "$(ratio "$m" "$p")" "-"
m=$(seconds only_three "$MNT/runs") p=$(seconds only_three "$T/small")
row "cat of 30,000 small files, second (s)" "$m" "$p" "$(ratio "$m" "$p")" "<= 8"
m=$(seconds find "$MNT/runs" -maxdepth 2) p=$(seconds find "$T/small" -maxdepth 2)
row "find over 10,000 runs (s; plain has 3 files each)" "$m" "$p" "$(ratio "$m" "$p")" "-"
unmount_home

# --- the index: `guild runs`, beside ls -l of as many directories ----------------------------------------
export GUILD_HOME=$T/ten
rm -f "$T"/ten/cache/guildfs/index.db*
row "guild runs with 10,000 runs, no index yet (s)" "$(seconds "$BUILD/guild" runs)" "-" "-" "-"
# The sweep that the first list starts settles the index.
until flock -n "$T/ten/cache/guildfs/index.db-sweep" true &&
	! [ -s "$T/ten/cache/guildfs/index.db-wal" ]; do sleep 0.1; done
for i in $(seq 15); do
	seconds "$BUILD/guild" runs >>"$T/m.runs"
	echo >>"$T/m.runs"
	seconds ls -l "$T/plain" >>"$T/p.runs"
	echo >>"$T/p.runs"
done
best() { grep . "$1" | sort -g | head -1; }
row "guild runs with 10,000 runs, warm (s; plain: ls -l)" "$(grep . "$T/m.runs" | median)" \
	"$(grep . "$T/p.runs" | median)" "$(ratio "$(best "$T/m.runs")" "$(best "$T/p.runs")")" "<= 0.03 s"
row "  the fastest of 15" "$(best "$T/m.runs")" "$(best "$T/p.runs")" "-" ""
if [ -w /proc/sys/vm/drop_caches ]; then
	drop() { sync; echo 3 >/proc/sys/vm/drop_caches; }
	drop
	m=$(seconds "$BUILD/guild" runs)
	drop
	p=$(seconds ls -l "$T/plain")
	row "guild runs with 10,000 runs, cold (s; plain: ls -l)" "$m" "$p" "$(ratio "$m" "$p")" "<= 0.3 s"
fi
unset GUILD_HOME

for n in 10000 "$RUNS"; do
	home=$T/ten
	if [ "$n" != 10000 ]; then
		home=$T/large
		mkdir "$home"
		"$BUILD/bench/synth" "$home" "$n"
		"$BUILD/guild" -H "$home" runs >/dev/null 2>&1
	fi
	start=$(now)
	mount_home "$home"
	ls "$MNT/runs" >/dev/null
	row "mount with $n runs -> first ls (s)" "$(since "$start")" "-" "-" "<= 1 (100,000)"
	sleep 5
	before=$(awk '{print $14 + $15}' "/proc/$DAEMON/stat")
	sleep 5
	after=$(awk '{print $14 + $15}' "/proc/$DAEMON/stat")
	row "  resident (MiB)" "$(awk '/VmRSS/ {printf "%.1f", $2 / 1024}' "/proc/$DAEMON/status")" "-" "-" "<= 100"
	row "  CPU when idle (%)" "$(awk -v a="$before" -v b="$after" -v hz="$(getconf CLK_TCK)" \
		'BEGIN {printf "%.1f", (b - a) * 100 / hz / 5}')" "-" "-" "0"
	row "  readlink runs/latest, first (s)" "$(seconds readlink "$MNT/runs/latest")" "-" "-" "-"
	row "  readlink runs/latest, second (s)" "$(seconds readlink "$MNT/runs/latest")" "-" "-" "-"
	unmount_home
done
