#!/bin/bash
# SPDX-License-Identifier: MIT
# The example: its scripts alone, and the whole demo as `make demo` runs it.
. "$(dirname "$0")/../lib/lib.sh"

cp -r "$ROOT/docs/examples/digits" "$T/digits"
cd "$T/digits" || exit 1
equal "the data is the published file" \
	"$(grep -o '[0-9a-f]\{64\}' DATA.md)" "$(sha256sum digits.csv.gz | cut -d' ' -f1)"
out=$(python3 train.py --epochs 3)
equal "train prints each epoch" 3 "$(grep -c '^accuracy: 0\.[0-9]*$' <<<"$out")"
check "it learns" awk '/^accuracy/ {a = $2} END {exit a < 0.8}' <<<"$out"
cp model.json trained.json
check "finetune" python3 finetune.py --epochs 1
check "evaluate" python3 evaluate.py
out=$(python3 optimize.py)
check "optimize makes it smaller" awk '/size_before/ {b = $2} /size_after/ {a = $2} END {exit a * 10 > b}' <<<"$out"
check "and loses little" awk '/accuracy_before/ {b = $2} /accuracy_after/ {a = $2} END {exit a < b - 0.02}' <<<"$out"

# Packed, installed, and run elsewhere.
wheel=$(guild package)
if python3 -m venv "$T/venv" >"$T/log" 2>&1; then
	mkdir "$T/elsewhere"
	cd "$T/elsewhere" || exit 1
	export VIRTUAL_ENV=$T/venv PATH=$T/venv/bin:$PATH PIP_NO_INDEX=1
	check "its package is installed" guild install "$T/digits/$wheel"
	check "and run" guild run gpkg.digits/digits:train epochs=1 -y
	equal "it completed" completed "$(guild runs --json | sed -n 's/.*"status": "\([a-z]*\)".*/\1/p' | head -1)"
	cd "$T/digits" || exit 1
else
	skip "digits package" "no venv: $(tail -1 "$T/log")"
fi

mkdir "$T/build"
cp -r "$BUILD"/guild "$BUILD"/guildfs "$BUILD"/guild-supervise "$BUILD"/python "$T/build/"
out=$(env -u GUILD_HOME "$ROOT/docs/examples/digits/demo.sh" "$T/build" 2>&1)
equal "the demo succeeds" 0 $?
matches "it says how to unmount" "guild unmount $T/build/demo/guild" "$out"
equal "the mount stays" 5 "$(ls "$T/build/demo/guild/runs" | wc -l)"
equal "all of its runs completed" completed "$(cat "$T"/build/demo/guild/runs/*/status | sort -u)"
out=$(env -u GUILD_HOME "$ROOT/docs/examples/digits/demo.sh" "$T/build" 2>&1)
equal "a second demo takes the place of the first" 0 $?
check "unmount" "$BUILD/guild" unmount "$T/build/demo/guild"
