# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by run.sh: how many requests of the kernel's reach the daemon, as it prints them itself (-d)
# for each command, the first and the second time. Numbers, not times: they are the same on a machine
# that is busy.
counted() { grep -c '^unique: [0-9]*, opcode: ' "$T/daemon.log" || true; }
# Whatever was asked for has been printed when this has been.
marker() { stat "$MNT/.none.$1" >/dev/null 2>&1 || true; }
# requests COMMAND...: how many; and which ones, most first.
requests() {
	local before
	marker before
	before=$(counted)
	"$@" >/dev/null 2>&1 || true
	COUNT=$(($(counted) - before))
	KINDS=$(grep -o '^unique: [0-9]*, opcode: [A-Z_]*' "$T/daemon.log" | tail -n +$((before + 1)) |
		sed 's/.* //' | sort | uniq -c | sort -rn | head -4 | awk '{printf "%s%s %s", (NR > 1 ? ", " : ""), $1, $2}')
}
twice() { # ROW COMMAND...
	local name=$1 first kinds
	shift
	requests "$@"
	first=$COUNT kinds=$KINDS
	requests "$@"
	printf '%-44s %8d %8d   %s\n' "$name" "$first" "$COUNT" "$kinds; then ${KINDS:-none}"
}

mkdir "$T/counted"
"$BUILD/lib/synth" "$T/counted" 1000
"$BUILD/guild" -H "$T/counted" runs >/dev/null 2>&1
settle "$T/counted"
mount_home "$T/counted" -d
echo
printf '%-44s %8s %8s   %s\n' "requests, of 1,000 runs" first second "which"
one=$MNT/runs/$(ls "$T/counted/runs" | head -1)
flags=$MNT/models/m/operations/nothing/flags
start_one() { echo 'x: 2' >"$flags"; }
twice "ls -l runs" ls -l "$MNT/runs"
unmount_home
mount_home "$T/counted" -d
twice "ls runs" ls "$MNT/runs"
twice "ls -l runs, after ls runs" ls -l "$MNT/runs"
twice "ls -l runs/ID" ls -l "$one"
twice "cat runs/ID/status" cat "$one/status"
twice "cat runs/ID/flags" cat "$one/flags"
twice "cat runs/ID/output" cat "$one/output"
twice "cat runs/ID/files/model.json" cat "$one/files/model.json"
twice "cat index.tsv" cat "$MNT/index.tsv"
twice "find runs/ID" find "$one"
twice "grep -r 0 runs/ID" grep -r 0 "$one"
twice "find runs" find "$MNT/runs"
twice "ls by/status/completed" ls "$MNT/by/status/completed"
twice "ls tensorboard" ls "$MNT/tensorboard"
twice "cat models/m/operations/nothing/help" cat "$MNT/models/m/operations/nothing/help"
twice "echo 'x: 2' >flags, a run" start_one
twice "echo text >runs/ID/label" sh -c "echo text >'$one/label'"
unmount_home
rm -rf "$T/counted"
