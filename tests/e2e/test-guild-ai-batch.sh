#!/bin/bash
# SPDX-License-Identifier: MIT
# Batches of the real Guild AI 0.9 and of ours on one home: each shows, starts again and goes on
# with the other's.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/guild-ai.sh"

install_guild_ai
cat >"$PROJECT/guild.yml" <<'END'
train: {main: train, flags-dest: args, flags: {x: 1, y: 5}}
fail: {exec: sh -c 'exit $FLAG_X', flags: {x: 1}}
END
echo 'import sys; print(" ".join(sys.argv[1:]))' >"$PROJECT/train.py"
cd "$PROJECT" || exit 1
trials() { find "$RUNS/$1" -maxdepth 1 -type l -printf '%f\n' | sort; }
attr() { cat "$RUNS/$1/.guild/attrs/$2"; }
labels() { for t in $(trials "$1"); do attr "$t" label; echo; done | sort | xargs; }
printed() { grep -o -- '--x .*' "$T/log" | xargs; }
statuses() { for t in $(trials "$1"); do attr "$t" exit_status 2>/dev/null || echo pending; echo; done | sort | xargs; }
FOUR="--x 1 --y 3 --x 1 --y 4 --x 2 --y 3 --x 2 --y 4"
LABELS="x=1 y=3 x=1 y=4 x=2 y=3 x=2 y=4"

theirs run train 'x=[1,2]' 'y=[3,4]' --run-id t --keep-batch -y
equal "theirs runs" "$FOUR" "$(printed)"
ours run train 'x=[1,2]' 'y=[3,4]' --run-id o --keep-batch -y
equal "ours runs the same, in the same order" "$FOUR" "$(printed)"
equal "labels" "$LABELS $LABELS" "$(labels t) $(labels o)"
equal "opref, but for the version" "$(sed 's/ 0.9.[0-9]* / V /' "$RUNS/t/.guild/opref")" \
	"$(sed 's/ 0.9.[0-9]* / V /' "$RUNS/o/.guild/opref")"
equal "attributes of the batch" "$(ls "$RUNS/t/.guild/attrs")" "$(ls "$RUNS/o/.guild/attrs")"
equal "attributes of the prototype" "$(ls "$RUNS/t/.guild/proto/.guild/attrs")" \
	"$(ls "$RUNS/o/.guild/proto/.guild/attrs")"
equal "attributes of trials" "$(ls "$RUNS/$(trials t | head -1)/.guild/attrs")" \
	"$(ls "$RUNS/$(trials o | head -1)/.guild/attrs")"
theirs runs
equal "they list both" 2 "$(grep -c 'train+ ' "$T/log")"
ours runs list -a
equal "so do we" 2 "$(grep -c 'train+ ' "$T/log")"
theirs runs info o
matches "they show our batch" "proto-flags:" "$(cat "$T/log")"
ours run train 'x=[1,2]' 'y=[3,4]' --needed -y
equal "both are found by ours" 1 "$(grep -c 'train+ ' "$T/log")"

theirs run --restart o -y
equal "ours, started again by theirs" "$FOUR" "$(printed)"
equal "has trials of both" 8 "$(trials o | wc -l)"
ours run --restart t -y
equal "theirs, started again by ours" "$FOUR" "$(printed)"
equal "has trials of both, too" 8 "$(trials t | wc -l)"
ours run --restart o -y
equal "ours, by ours once more" "12 $FOUR" "$(trials o | wc -l) $(printed)"
ours run --restart t 'x=[7]' 'y=[8]' -y
equal "with other flags" "--x 7 --y 8" "$(printed)"
theirs run --proto o -y
equal "ours is a prototype for theirs" "$FOUR" "$(printed)"
ours run --proto t -y
equal "theirs is one for ours" "--x 7 --y 8" "$(printed)"

ours run train 'x=[1,2]' --stage --run-id so -y
theirs run --start so -y
equal "staged by ours, started by theirs" "--x 1 --y 5 --x 2 --y 5" "$(printed)"
theirs run train 'x=[1,2]' --stage --run-id st -y
ours run --start st -y
equal "staged by theirs, started by ours" "--x 1 --y 5 --x 2 --y 5" "$(printed)"

theirs run fail 'x=[3,0,0]' --fail-on-trial-error --run-id pt --keep-batch -y
equal "they stopped at the first" "3 pending pending" "$(statuses pt)"
ours run --restart pt --keep-batch -y
equal "ours goes on with what they left" "0 0 3" "$(statuses pt)"
ours run fail 'x=[3,0,0]' --fail-on-trial-error --run-id po --keep-batch -y
pending=$(trials po | while read -r t; do [ -e "$RUNS/$t/.guild/PENDING" ] && echo "$t"; done | head -1)
theirs run --start "$pending" -y
equal "theirs starts a trial of ours" 0 "$(attr "$pending" exit_status)"
