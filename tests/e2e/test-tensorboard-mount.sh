#!/bin/bash
# SPDX-License-Identifier: MIT
# TensorBoard on the mount's tensorboard/, with each of its loaders: runs, values and flags while
# runs grow and come, through a kill -9 of the daemon and a remount.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/tensorboard.sh"
tensorboard_python "TensorBoard on the mount"

growing_project
shown() { ask "$PORT" scalars "$1/.guild" loss 2>/dev/null; }
steps() { shown "$1" | wc -l; }
name_of() { (cd "$MNT/tensorboard" && echo "${1:0:8} "*); }
stop() {
	touch "$HOME_DIR/runs/$1/stop"
	finish "$1"
}
# Whatever is shown is the beginning of what was logged.
prefix_of() { shown "$2" >"$T/shown" && logged "$1" | head -"$(wc -l <"$T/shown")" | diff - "$T/shown"; }
beyond() { [ "$(steps "$1")" -gt "$2" ]; }
# On a directory of the mount; $PORT is where it listens.
start_tensorboard() {
	PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
	"$TENSORBOARD_PYTHON" -m tensorboard.main --logdir "$MNT/$1" --port "$PORT" \
		--load_fast $load_fast --reload_interval 1 >>"$T/tensorboard.$load_fast" 2>&1 &
	tensorboard=$!
}
stop_tensorboard() {
	kill "$tensorboard"
	wait "$tensorboard" 2>/dev/null
}
kill_daemon() {
	kill -KILL "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	DAEMON=
}

for load_fast in true false; do
	start_mount
	cd "$MNT/models/m/operations" || exit 1
	loader="load_fast=$load_fast"
	echo >grow/flags
	first=$(newest)
	check "$loader: the first run logs" wait_until 20 sh -c "grep -q 'step 5' '$MNT/runs/$first/output'"
	stop "$first"
	echo 'lr: 1' >grow/flags
	second=$(newest)
	cd "$T" || exit 1
	wait_until 20 test -d "$MNT/tensorboard/$(name_of "$second")/.guild"
	one=$(name_of "$first") two=$(name_of "$second")

	start_tensorboard tensorboard
	shows "$loader: every value of a run that is over" "$(logged "$first")" \
		"$PORT" scalars "$one/.guild" loss
	shows "$loader: and of its subdirectory" $'0 1.0\n1000 0.5\n2000 0.3333333432674408\n3000 0.25\n4000 0.20000000298023224' \
		"$PORT" scalars "$one/logs/train" train/loss
	check "$loader: a run that grows" wait_until 60 beyond "$two" 1
	check "$loader: only what was logged" wait_until 20 prefix_of "$second" "$two"
	check "$loader: it goes on growing" wait_until 60 beyond "$two" "$(steps "$two")"
	shows "$loader: flags" "${first:0:8} m:grow	STATUS_SUCCESS	lr=0.25	name=a b" "$PORT" sessions "${first:0:8}"
	shows "$loader: flags of what runs" "${second:0:8} m:grow	STATUS_UNKNOWN	lr=1.0	name=a b" "$PORT" sessions "${second:0:8}"

	echo >"$MNT/models/m/operations/fail/flags"
	third=$(newest)
	shows "$loader: a new run with another flag, and nothing logged" \
		"${third:0:8} m:fail	STATUS_FAILURE	depth=3.0" "$PORT" sessions "${third:0:8}"

	kill_daemon
	sed -n 's/^step \([0-9]*\).*/\1/p' "$HOME_DIR/runs/$second/.guild/output" | tail -1 >"$T/at"
	check "$loader: the run outlives the daemon" wait_until 20 sh -c \
		"tail -1 '$HOME_DIR/runs/$second/.guild/output' | grep -v \"step \$(cat '$T/at') \""
	umount -l "$MNT"
	start_mount
	check "$loader: after kill -9 and a remount it grows" wait_until 90 beyond "$two" "$(cat "$T/at")"
	check "$loader: only what was logged, again" wait_until 20 prefix_of "$second" "$two"
	stop "$second"
	shows "$loader: every value, when it is over" "$(logged "$second")" "$PORT" scalars "$two/.guild" loss
	shows "$loader: and its end" "${second:0:8} m:grow	STATUS_SUCCESS	lr=1.0	name=a b" "$PORT" sessions "${second:0:8}"
	shows "$loader: the first is as it was" "$(logged "$first")" "$PORT" scalars "$one/.guild" loss

	echo "best-$load_fast" >"$MNT/runs/$second/label"
	two=$(name_of "$second")
	matches "$loader: a new label is a new name" " best-$load_fast\$" "$two"
	shows "$loader: and a run of that name with every value" "$(logged "$second")" "$PORT" scalars "$two/.guild" loss
	stop_tensorboard
	start_tensorboard "where/label = best-$load_fast/tensorboard"
	shows "$loader: the runs of a filter" "$two/.guild" "$PORT" runs "$two/."
	shows "$loader: with their values" "$(logged "$second")" "$PORT" scalars "$two/.guild" loss
	equal "$loader: and no others" "" "$(ask "$PORT" runs | grep -v "^${second:0:8}")"
	stop_tensorboard
	check "$loader: nothing was damaged" sh -c "! grep -iE 'crc|corrupt|data ?loss|traceback' '$T/tensorboard.$load_fast'"
	stop_mount
done
