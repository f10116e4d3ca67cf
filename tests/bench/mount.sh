# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by run.sh: the mount beside plain files. What is done on both sides is done in turn, and of
# each the fastest counts, since a machine that is shared is slow at times.

# both N MOUNTED PLAIN: m and p, the fastest of N; each is a command line.
both() {
	local n=$1 i
	rm -f "$T/m" "$T/p"
	for i in $(seq "$n"); do
		eval "$2" >>"$T/m"
		echo >>"$T/m"
		eval "$3" >>"$T/p"
		echo >>"$T/p"
	done
	m=$(fastest "$T/m") p=$(fastest "$T/p")
}

# --- artifacts -------------------------------------------------------------------------------------
mkdir "$T/home"
mount_home "$T/home"
echo >"$MNT/models/m/operations/write/flags"
cat "$MNT/runs/latest/wait" >/dev/null
id=$(basename "$(readlink "$MNT/runs/latest")")
real=$T/home/runs/$id/artifact
shown=$MNT/runs/$id/files/artifact
bar=">= 0.8 (root)"
[ "$(id -u)" = 0 ] || bar=">= 0.5 (hot)"
for mode in coldseq seq random mmap; do
	both 7 "'$BUILD/bench/read' $mode '$shown' '$real'" "'$BUILD/bench/read' $mode '$real'"
	row "artifact of 256 MiB, $mode (s; ratio of speeds)" "$m" "$p" "$(ratio "$p" "$m")" "$bar"
done
unmount_home
read_first() {
	mount_home "$T/home"
	"$BUILD/bench/read" seq "$shown"
	unmount_home
}
both 5 read_first "'$BUILD/bench/read' seq '$real'"
row "artifact, first read after the mount" "$m" "$p" "$(ratio "$p" "$m")" "$bar"

# --- close to exec -----------------------------------------------------------------------------------
mount_home "$T/home"
for i in $(seq 30); do
	closed=$(bash -c "echo 'x: $i' > '$MNT/models/m/operations/train/flags'; date +%s.%N")
	cat "$MNT/runs/latest/wait" >/dev/null
	awk -v a="$closed" -v b="$(cat "$MNT/runs/latest/output")" 'BEGIN {printf "%.2f\n", (b - a) * 1000}' >>"$T/exec"
done
row "close of flags -> the operation's own time (ms)" "$(median <"$T/exec")" "-" "-" "<= 20 ms (with date's start)"
row "  the slowest of 30" "$(sort -g "$T/exec" | tail -1)" "-" "-" ""
unmount_home

# --- lists of many runs --------------------------------------------------------------------------------
ten_thousand
list_first() {
	[ -z "${1:-}" ] || rm -rf "$T/ten/cache"
	mount_home "$T/ten"
	seconds ls -l "$MNT/runs"
	unmount_home
}
both 5 "list_first anew" "seconds ls -l '$T/plain'"
row "ls -l of 10,000 runs, first, no index yet (s)" "$m" "$p" "$(ratio "$m" "$p")" "-"
"$BUILD/guild" -H "$T/ten" runs >/dev/null 2>&1
settle "$T/ten"
both 5 list_first "seconds ls -l '$T/plain'"
row "ls -l of 10,000 runs, first (s)" "$m" "$p" "$(ratio "$m" "$p")" "<= 3"
mount_home "$T/ten"
ls -l "$MNT/runs" >/dev/null
both 9 "seconds ls -l '$MNT/runs'" "seconds ls -l '$T/plain'"
row "ls -l of 10,000 runs, second (s)" "$m" "$p" "$(ratio "$m" "$p")" "<= 1"

# --- small files: three of each run by name; and all that find finds, with a plain copy of it -----------
mkdir "$T/small"
for d in $(ls "$T/ten/runs"); do
	mkdir "$T/small/$d"
	cp "$T/ten/runs/$d/.guild/attrs/label" "$T/ten/runs/$d/.guild/attrs/exit_status" \
		"$T/ten/runs/$d/.guild/attrs/id" "$T/small/$d/"
done
only_three() { (cd "$1" && for d in *; do printf '%s\0' "$d/label" "$d/exit_status" "$d/id"; done | xargs -0 cat); }
both 1 "seconds only_three '$MNT/runs'" "seconds only_three '$T/small'"
row "cat of 30,000 small files, first (s)" "$m" "$p" "$(ratio "$m" "$p")" "-"
both 3 "seconds only_three '$MNT/runs'" "seconds only_three '$T/small'"
row "cat of 30,000 small files, second (s)" "$m" "$p" "$(ratio "$m" "$p")" "-"
unmount_home

mkdir "$T/thousand"
"$BUILD/lib/synth" "$T/thousand" 1400
mount_home "$T/thousand"
find_and_cat() { find "$1" -type f -print0 | xargs -0 cat; }
m=$(seconds find_and_cat "$MNT/runs")
cp -r "$MNT/runs" "$T/copy"
files=$(find "$T/copy" -type f | wc -l)
row "find + cat of $files small files, first (s)" "$m" "-" "-" "-"
both 5 "seconds find_and_cat '$MNT/runs'" "seconds find_and_cat '$T/copy'"
row "find + cat of $files small files, second (s)" "$m" "$p" "$(ratio "$m" "$p")" "<= 8"
both 5 "seconds find '$MNT/runs'" "seconds find '$T/copy'"
row "  find alone (s)" "$m" "$p" "$(ratio "$m" "$p")" "-"
unmount_home
rm -rf "$T/thousand" "$T/copy"

# Seconds of processor time that the daemon has taken so far.
daemon_time() {
	awk -v hz="$(getconf CLK_TCK)" '{printf "%.2f", ($14 + $15) / hz}' "/proc/$DAEMON/stat"
}

# --- a large home ----------------------------------------------------------------------------------------
for n in 10000 "$RUNS"; do
	home=$T/ten
	if [ "$n" != 10000 ]; then
		home=$T/large
		mkdir "$home"
		"$BUILD/lib/synth" "$home" "$n"
		"$BUILD/guild" -H "$home" runs >/dev/null 2>&1
		settle "$home"
	fi
	start=$(now)
	mount_home "$home"
	ls "$MNT/runs" >/dev/null
	row "mount with $n runs -> first ls (s)" "$(since "$start")" "-" "-" "<= 1 (100,000)"
	row "  of that, processor time of the daemon" "$(daemon_time)" "-" "-" "-"
	row "  readlink runs/latest, first (s)" "$(seconds readlink "$MNT/runs/latest")" "-" "-" "-"
	row "  readlink runs/latest, second (s)" "$(seconds readlink "$MNT/runs/latest")" "-" "-" "-"
	# Behind the sweep that these requests bring within a minute. A whole one, so that it has a part
	# of all that comes again while nobody asks for anything.
	sleep 75
	before=$(daemon_time)
	sleep 60
	row "  CPU when idle, of a minute (%)" "$(awk -v a="$before" -v b="$(daemon_time)" \
		'BEGIN {printf "%.1f", (b - a) * 100 / 60}')" "-" "-" "0"
	row "  resident (MiB)" "$(awk '/VmRSS/ {printf "%.1f", $2 / 1024}' "/proc/$DAEMON/status")" "-" "-" "<= 100"
	unmount_home
done
rm -rf "$T/large"
