#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that is full: a clear error, nothing half made, and everything goes on when there is room.
. "$(dirname "$0")/../lib/lib.sh"

if [ "$(id -u)" != 0 ]; then
	skip_optional "a full disk" "needs root, to mount a small file system"
	exit 0
fi
shell_project
cat >>"$PROJECT/guild.yml" <<'END'
    talk: {exec: sh -c "head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; exit 4"}
END
mkdir "$T/small"
mount -t tmpfs -o size=1m tmpfs "$T/small" || exit 1
HOME_DIR=$T/small/home
export GUILD_HOME=$HOME_DIR
mkdir "$HOME_DIR"
start_mount
OP=$MNT/models/m/operations
echo 'epochs: 2' >"$T/given"
fill() { dd if=/dev/zero of="$T/small/fill" bs=1k count=4000 2>/dev/null; }

fill
refuse "a run cannot be made" cp "$T/given" "$OP/quick/flags"
matches "error says why" "No space left" "$(cat "$OP/quick/error")"
equal "there is no run" "" "$(ls "$MNT/runs")"
equal "nor half of one" "" "$(ls "$HOME_DIR/cache/guildfs/new")"
rm "$T/small/fill"
check "with room it is made" cp "$T/given" "$OP/quick/flags"
finish
equal "and completes" completed "$(cat "$MNT/runs/latest/status")"
echo before >"$MNT/runs/latest/label"
fill
refuse "a label cannot be written" bash -c "echo after > '$MNT/runs/latest/label'"
equal "the old one is whole" before "$(cat "$MNT/runs/latest/label")"
rm "$T/small/fill"
echo >"$OP/talk/flags"
finish
equal "an operation outlives its output" 4 "$(cat "$MNT/runs/latest/exit_status" 2>/dev/null || echo none)"

# Samples that find no room: kept back for a while, and no reason to stop.
cat >>"$PROJECT/guild.yml" <<'END'
    full: {exec: sh full.sh, env: {GUILD_SAMPLE_SECONDS: '0.02'}}
END
cat >"$PROJECT/full.sh" <<'END'
dd if=/dev/zero of=fill bs=1k count=4000 2>/dev/null
sleep 0.3
rm fill
END
rm "$HOME_DIR/runs/$(newest)/.guild/output"
wait_until 10 test -e "$OP/full"
echo >"$OP/full/flags"
finish
equal "a run outlives its samples" completed "$(cat "$MNT/runs/latest/status")"
equal "of which none is damaged" "" "$(guild compare -t 2>&1 | grep WARNING)"
