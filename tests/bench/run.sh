#!/bin/bash
# SPDX-License-Identifier: MIT
# run.sh BUILD: speed, as ratios of the mount to plain files, measured side by side in one run on
# this machine; T should be on the file system that is meant by "plain". The bar of each row stands
# beside it, and behind it the load of the machine at that moment (the average of a minute): on one
# that is busy with other things the ratios of what takes a moment are too high.
# BENCH_PARTS says which of scalars, mount, requests, index, batches and others. BENCH_TRIALS (1000)
# and BENCH_MANY (10000) are sizes of batches, BENCH_THEIR_TRIALS (20) that of one that Guild AI runs,
# too; BENCH_RUNS (100000) that of the large home, BENCH_COMPARED (10000) that of the one that Guild AI
# has to list, too.
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
# Of a file with a number in each line, and lines between them.
fastest() { grep . "$1" | sort -g | head -1; }
median() { sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
# seconds COMMAND...: how long it takes, its output thrown away.
seconds() {
	local start
	start=$(now)
	"$@" >/dev/null 2>&1
	since "$start"
}
row() { printf '%-52s %12s %12s %9s   %-14s %s\n' "$@" "$(cut -d' ' -f1 /proc/loadavg)"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }

# mount_home HOME [OPTION]...
mount_home() {
	local home=$1
	shift
	"$BUILD/guildfs" -f -H "$home" -C "$T/project" "$@" "$MNT" 2>"$T/daemon.log" &
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
    nothing: {exec: "true", flags: {x: 1}}
END

# settle HOME: until the sweep that the first list of a home starts has ended.
settle() {
	until flock -n "$1/cache/guildfs/index.db-sweep" true &&
		! [ -s "$1/cache/guildfs/index.db-wal" ]; do sleep 0.1; done
}
# A home of 10,000 runs, and as many plain directories.
ten_thousand() {
	[ ! -d "$T/ten" ] || return 0
	mkdir "$T/ten" "$T/plain"
	"$BUILD/lib/synth" "$T/ten" 10000
	for d in $(ls "$T/ten/runs"); do mkdir "$T/plain/$d"; done
}

printf 'guildfs bench on %s, %s cores, kernel %s, %s, user %s\n\n' \
	"$(uname -m)" "$(nproc)" "$(uname -r)" "$(findmnt -no FSTYPE -T "$T")" "$(id -un)"
printf '%-52s %12s %12s %9s   %-14s %s\n' row mount plain ratio bar load

for part in ${BENCH_PARTS:-scalars mount requests index batches others}; do
	# shellcheck source=/dev/null
	. "$(dirname "$0")/$part.sh"
done
