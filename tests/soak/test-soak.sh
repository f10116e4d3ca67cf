#!/bin/bash
# SPDX-License-Identifier: MIT
# A mount under load while its daemon dies again and again (soak.h); then the store is looked at.
# SOAK_SECONDS (60), SOAK_KILLS (20) and SOAK_WORKERS (64) say how much; SOAK_SEED repeats one.
. "$(dirname "$0")/../lib/lib.sh"
set -o pipefail

SEED=${SOAK_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
shell_project
sed -i 's/^        epochs: 10/&\n        nap: 0/' "$PROJECT/guild.yml"
cat >"$PROJECT/quick.sh" <<'END'
echo "epochs=$FLAG_EPOCHS name=$FLAG_NAME"
echo result >result.txt
[ "$FLAG_NAP" = 0 ] || sleep "$FLAG_NAP"
echo "loss: 0.$FLAG_EPOCHS"
echo end
END
mkdir "$T/logs"
"$BUILD/soak/soak" "$BUILD/guild" "$HOME_DIR" "$PROJECT" "$MNT" "$T/logs" "${SOAK_SECONDS:-60}" \
	"${SOAK_WORKERS:-64}" "${SOAK_KILLS:-20}" "$SEED" >"$T/summary" 2>"$T/err"
status=$?
echo "note soak of seed $SEED: $(cat "$T/summary")"
# What the daemons said, and at the end, where it is seen, what was wrong.
grep '^guildfs: ' "$T/err" | sort | uniq -c | sort -rn | head -20 >&2
grep -v '^guildfs: ' "$T/err" >&2
equal "no hang, no crash, no wrong content (SOAK_SEED=$SEED)" 0 "$status"
check "the daemon was killed as often as that" grep -q " ${SOAK_KILLS:-20} kills" "$T/summary"

# What nobody has started yet the next daemon starts.
start_mount
settled() { ! "$BUILD/guild" runs --all | grep -E ' (pending|running) '; }
check "all that was started ends" wait_until 120 settled
"$BUILD/guild" runs --json >"$T/states"
python3 -c 'import json, sys
for run in json.load(sys.stdin): print(run["id"], run["status"])' <"$T/states" | sort >"$T/guild"
for run in "$MNT"/runs/*/; do echo "$(basename "$run") $(cat "$run/status")"; done | sort >"$T/mount"
check "the mount's states are guild's" diff "$T/guild" "$T/mount"
"$BUILD/guild" compare --csv "$T/numbers" 2>/dev/null
stop_mount
equal "no process is left" "" "$(own_processes)"
verify() { python3 "$ROOT/tests/soak/verify.py" "$HOME_DIR" "$T/logs" "$T/states" "$T/numbers" | tee "$T/verified"; }
check "nothing is lost, every state is true (SOAK_SEED=$SEED)" verify
echo "note soak of seed $SEED: $(head -1 "$T/verified")"
check "guild check" "$BUILD/guild" check --index -n
equal "nothing half born is in sight" "" "$(ls -A "$HOME_DIR/runs" | grep -vx '[0-9a-f]\{32\}\|\.guild-partial')"
