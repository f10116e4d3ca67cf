#!/bin/bash
# SPDX-License-Identifier: MIT
# A home of many runs costs nothing while nobody looks at it, and who looks again sees what others have
# changed meanwhile.
. "$(dirname "$0")/../lib/lib.sh"

echo 'train: {exec: "true"}' >"$PROJECT/guild.yml"
"$BUILD/lib/synth" "$HOME_DIR" 5000
export GUILD_SWEEP_SECONDS=1
start_mount
ls "$MNT/runs" >/dev/null
id=$(newest)
# What each sweep ends with.
swept() { stat -c %.9Y "$HOME_DIR"/cache/guildfs/index.db*; }
was=$(swept 2>/dev/null)
has_swept() { [ "$(swept 2>/dev/null)" != "$was" ]; }
rests() { was=$(swept) && sleep 2.5 && ! has_swept; }
check "a sweep comes after the first look" wait_until 30 has_swept
check "and none for a while, when nobody looks" wait_until 60 rests
printf 'by hand' >"$HOME_DIR/runs/$id/.guild/attrs/label"
in_list() { [ "$(awk -F'\t' -v id="$id" '$1 == id {print $6}' "$MNT/index.tsv")" = "by hand" ]; }
check "what another program has changed meanwhile shows to who looks" wait_until 10 in_list
check "then it is at rest again" wait_until 60 rests
exec 3<"$MNT/events"
was=$(swept)
check "who waits for events looks, too" wait_until 10 has_swept
printf 'once more' >"$HOME_DIR/runs/$id/.guild/attrs/label"
matches "and is told" '"event": "changed", "run": "'"$id" "$(timeout 10 head -1 <&3)"
exec 3<&-
stop_mount
