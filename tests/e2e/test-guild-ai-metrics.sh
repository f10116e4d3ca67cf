#!/bin/bash
# SPDX-License-Identifier: MIT
# What the real Guild AI and ours say of the numbers of the same runs: compare, runs info, filters.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/guild-ai.sh"

install_guild_ai
export GUILD_SAMPLE_SECONDS=0
cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    plain:
      exec: sh plain.sh
      flags: {lr: 0.1, deep: yes, name: a b, none: null, list: {default: 1 2, arg-split: true}}
    odd: {exec: sh odd.sh}
    events: {exec: sh events.sh}
    chosen: {exec: sh plain.sh, flags: {lr: 2}, compare: [loss as L, max acc, =lr, loss step]}
END
cat >"$PROJECT/plain.sh" <<'END'
for i in 1 2 3; do
	echo "step: $i"
	echo "loss: 0.$((7 - 2 * i))"
	echo "acc: $((i * i)).25"
done
END
cat >"$PROJECT/odd.sh" <<'END'
printf 'a: nan\nb: inf\nc: -inf\nd: 1\nd: nan\ne: nan\ne: 2\nf: 1e30\ng: -0.0\nh: 1e-7\ni: 0.174999999\nj: 0.9999999\n'
END
cat >"$PROJECT/events.sh" <<END
echo 'loss: 1'
mkdir -p logs/train logs/val
"$BUILD/lib/events" write logs/train
"$BUILD/lib/events" write logs/val
"$BUILD/lib/events" write .
# 0.9.0 does not read attributes that were logged, as 0.9.1 does.
find . -name '*.attrs' -delete
END
cd "$PROJECT" || exit 1
# One run of each operation by each of the two.
n=0
for op in plain odd events chosen; do
	for who in theirs ours; do
		n=$((n + 1))
		$who run "$op" --run-id "$op-$who" -y || echo "$who run $op: $(tail -3 "$T/log")" >&2
	done
done
equal "runs" $n "$(ls "$RUNS" | wc -l)"

# both_say NAME ARGUMENT...: the same, but for blanks at the ends of lines.
both_say() {
	local name=$1 want
	shift
	theirs "$@"
	want=$(sed '/^Refreshing /d; s/ *$//' "$T/log")
	ours "$@"
	equal "$name" "$want" "$(sed 's/ *$//' "$T/log")"
}
sorted_json() { python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin), sort_keys=True))'; }
for op in plain odd events chosen; do
	for who in theirs ours; do
		both_say "compare of $op-$who" compare --csv - "$op-$who"
		both_say "runs info of $op-$who" runs info "$op-$who"
		theirs runs info --json "$op-$who"
		want=$(sorted_json <"$T/log")
		ours runs info --json "$op-$who"
		equal "runs info --json of $op-$who" "$want" "$(sorted_json <"$T/log")"
	done
done
both_say "compare of all" compare --csv -
both_say "compare of one operation" compare --csv - -Fo plain
# Each under a name: of columns with one heading they show the first, and we show all.
every='first S as a, last S as b, min S as c, max S as d, avg S as e, total S as f, count S as g'
for columns in 'loss' "${every//S/loss}" "${every//S/d}" "${every//S/e}" \
	'min loss step, max acc step' 'a, b, c, f, g, h' '.status, =lr, =name, flag:deep' \
	'logs/train#loss, logs/val#loss, #loss' '.id, .op, .operation, .model, .exit_status, .label'; do
	both_say "compare -cc '$columns'" compare --csv - -cc "$columns"
done
both_say "compare --min" compare --csv - --min loss
both_say "compare --max" compare --csv - --max acc
both_say "compare -u" compare --csv - -u
both_say "compare -t" compare -t -Fo odd
for expression in 'loss < 0.5' 'loss is undefined' 'a is undefined' 'b > 1000' 'd = 1' 'lr = 0.1 and acc > 9' \
	'op = odd or status = error' 'label contains LR' 'not deep = true'; do
	both_say "runs -F '$expression'" runs list -s -F "$expression"
done

# The mount has the same numbers as the event files of both.
start_mount
for who in theirs ours; do
	equal "metrics of plain-$who" "9.25 0.1" \
		"$(cat "$MNT/runs/plain-$who/metrics/acc") $(printf %.1f "$(cat "$MNT/runs/plain-$who/metrics/loss")")"
done
# 0.9.0 finds no NaN and no infinity in what is printed.
equal "nan and infinities" "nan inf -inf nan 2.0" "$(cd "$MNT/runs/odd-ours/metrics" && cat a b c d e | xargs)"
equal "samples with a nan" "1.0 nan" "$(tail -n +2 "$MNT/runs/odd-ours/scalars/d.tsv" | cut -f2 | xargs)"
for op in plain events; do
	equal "metrics of both runs of $op" "$(cd "$MNT/runs/$op-theirs/metrics" && grep -r . | sort)" \
		"$(cd "$MNT/runs/$op-ours/metrics" && grep -r . | sort)"
done
equal "index.tsv has the last values that compare has" \
	"$(ours compare --csv - -cc loss -Fo plain -Fo events; cut -d, -f2 "$T/log" | tail -n +2 | sort | xargs)" \
	"$(awk -F'\t' 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == "loss") at = i} NR > 1 {print $at}' "$MNT/index.tsv" | sort | xargs)"
