#!/bin/bash
# SPDX-License-Identifier: MIT
# The real scikit-optimize and Optuna: each algorithm, the same seed twice, one search after another,
# and on the digits example a search that finds what the whole grid has, with a third of its epochs.
. "$(dirname "$0")/../lib/lib.sh"

# $OPTIMIZER_VENV is an environment that has all of it already.
VENV=${OPTIMIZER_VENV:-$T/venv}
if [ -z "${OPTIMIZER_VENV:-}" ] && ! python3 -m venv "$VENV" >"$T/log" 2>&1; then
	skip "optimizers' libraries" "no venv: $(tail -1 "$T/log")"
	exit 0
fi
if [ -z "${OPTIMIZER_VENV:-}" ] && ! "$VENV/bin/pip" -q install --no-compile \
	scikit-optimize==0.10.2 optuna cmaes >"$T/log" 2>&1; then
	skip "optimizers' libraries" "pip cannot install them: $(tail -1 "$T/log")"
	exit 0
fi
export GUILD_PYTHON_EXE=$VENV/bin/python
cp -r "$ROOT/docs/examples/digits/." "$PROJECT/"
cat >"$PROJECT/bowl.sh" <<'END'
awk "BEGIN {print \"loss: \" ($FLAG_X - 0.5) ^ 2 + ($FLAG_N - 3) ^ 2 / 9 + (\"$FLAG_C\" == \"b\")}"
END
cat >>"$PROJECT/guild.yml" <<'END'
- operations:
    bowl:
      exec: sh bowl.sh
      flags:
        x: {default: 1.5, min: -2.0, max: 2.0}
        n: {default: 1, min: 0, max: 9}
        c: {default: a, choices: [a, b, 3]}
      output-scalars: {loss: 'loss: (\S+)'}
END
cd "$PROJECT" || exit 1

clear_runs() { guild runs rm -y -p >/dev/null 2>&1; rm -rf "$HOME_DIR/trash"; }
# What the trials had, in their order.
tried() { sed -n 's/.*Running trial [0-9a-f]*: [a-z:]* (\(.*\))$/\1/p' "$T/out"; }
# search ARGS...: a batch whose trials learn from each other only.
search() { guild run bowl -y --random-seed 5 "$@" >"$T/out" 2>&1; }

for o in gp forest gbrt tpe cmaes; do
	starts="-Fo random-starts=2 -Fo prev-trials=batch"
	[ $o != cmaes ] || starts="c=a"
	clear_runs
	# shellcheck disable=SC2086 # words
	check "$o searches" search -o $o -m 6 $starts
	equal "$o has its trials" 6 "$(grep -c '^loss' "$T/out")"
	matches "$o begins with the values that are there" "x=1.5" "$(tried | head -1)"
	first=$(tried)
	equal "$o tries other ones" 6 "$(tried | sort -u | wc -l)"
	# shellcheck disable=SC2086
	search -o $o -m 6 $starts
	equal "$o does the same with the same seed" "$first" "$(tried)"
done
clear_runs
matches "a choice is not for cmaes" "'cmaes' searches numbers only, and c is a choice" "$(guild run bowl -o cmaes -y 2>&1)"
matches "nor is one number" "searches two flags or more, and x is the only one" "$(guild run bowl -o cmaes n=1 c=a -y 2>&1)"
check "gp by the seconds that trials take" search -o gp -m 5 -Fo acq-func=EIps

clear_runs
search -o tpe -m 3 -Fo random-starts=2
b=$(guild select -Fo bowl+optuna:tpe)
guild run --restart "$b" -m 2 -Fo random-starts=0 -y >"$T/out" 2>&1
matches "a second search learns from the first" "Found 3 previous" "$(cat "$T/out")"

# The same searches by a flags file in a mount.
if [ -e /dev/fuse ]; then
	for o in gp tpe; do
		clear_runs
		search -o $o -m 4 -Fo random-starts=2 -Fo prev-trials=batch
		first=$(tried)
		clear_runs
		start_mount
		printf '%s\n' "\$optimizer: $o" '$max-trials: 4' '$random-seed: 5' '$minimize: loss' \
			'$opt-flags: {random-starts: 2, prev-trials: batch}' >"$MNT/operations/bowl/$o.yml"
		timeout 120 cat "$MNT/operations/bowl/$o.yml/wait" >/dev/null
		cat "$MNT/operations/bowl/$o.yml/output" >"$T/out"
		equal "$o in a mount has the trials that guild run has" "$first" "$(tried)"
		check "and a best one" test -e "$MNT/operations/bowl/$o.yml/best/flags"
		stop_mount
	done
else
	skip "optimizers in a mount" "no /dev/fuse"
fi

# A program that was started in the middle of a search goes on with it as the first one.
again() { "$VENV/bin/python" "$ROOT/tests/lib/propose_again.py" "$VENV/bin/python" "$BUILD/python" "$@" 2>&1; }
equal "forest goes on" "" "$(again forest '{"kappa": 1.96, "xi": 0.05}' 2 5)"
equal "tpe goes on" "" "$(again tpe '{"candidates": 24, "multivariate": false}' 2 20)"
equal "tpe goes on with flags seen together" "" "$(again tpe '{"candidates": 24, "multivariate": true}' 2 20)"
equal "cmaes goes on" "" "$(again cmaes '{"population": null}' 0 20)"

# The digits: the whole grid, and searches with a third of its epochs.
best() {
	local t
	for t in "$HOME_DIR"/runs/*/; do
		sed -n 's/^accuracy: //p' "$t/.guild/output"
	done | sort -n | tail -1
}
clear_runs
guild run digits:train epochs=3 'rate=[0.01,0.03,0.1,0.3,1,3,10]' 'batch-size=[8,32,128]' -y >"$T/out" 2>&1
wanted=$(best) all=$(grep -c '^epoch: ' "$T/out")
equal "the grid has so many epochs" 63 "$all"
# look NAME ARGS...: a search of the same flags, which ranges are wider than what the grid has.
look() {
	local name=$1
	shift
	clear_runs
	guild run digits:train epochs=3 'rate=loguniform[0.01:10]' 'batch-size=[8,32,128]' init=zeros seed=1 \
		-X accuracy --random-seed 1 "$@" -y >"$T/out" 2>&1
	check "$name: at most a third of the epochs of the grid" \
		[ $(($(grep -c '^epoch: ' "$T/out") * 3)) -le "$all" ]
	check "$name: within 1 % of the accuracy of the grid, $(best) of $wanted" \
		awk -v a="$(best)" -v b="$wanted" 'BEGIN {exit !(a >= b - 0.01)}'
}
look gp -o gp -m 7
look tpe -o tpe -m 7
# As many trials, of which most are stopped after their first epoch, or soon: how soon is a matter of
# time, but fewer epochs than theirs they are.
look asha -o asha -m 7
check "asha: trials were stopped" [ $(($(grep -c '^epoch: ' "$T/out") * 3)) -lt "$all" ]
