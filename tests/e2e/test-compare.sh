#!/bin/bash
# SPDX-License-Identifier: MIT
# guild compare, printed: which columns are there, and in which order runs are.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'EOF'
train:
  exec: sh train.sh
  flags: {lr: 0.1}
  compare: [=lr, loss, min loss]
EOF
cat >"$PROJECT/train.sh" <<'EOF'
printf 'step: 1\nloss: 0.1\nstep: 2\nloss: 0.6499999999\n'
EOF
cd "$PROJECT" || exit 1
for lr in 0.2 0.3 0.1; do guild run train -y lr=$lr >/dev/null 2>&1; done
# Without the column of run ids, and blanks at ends of lines.
table() { guild compare -t "$@" 2>"$T/err" | cut -c 11- | sed 's/ *$//'; }

equal "two values of one scalar" "loss      avg loss
0.649999  0.374999" "$(table -cc 'loss, avg loss' -n 1)"
equal "in any order" "avg loss  loss      loss step
0.374999  0.649999  2" "$(table -cc 'avg loss, loss, loss step' -n 1)"
equal "one value needs no word for it" "loss
0.374999" "$(table -cc 'avg loss' -n 1)"
equal "a flag and an attribute of one name" "=lr  .lr
0.1" "$(table -cc '=lr, .lr' -n 1)"
equal "what an operation compares" "lr   loss      min loss
0.1  0.649999  0.100000" "$(table -r -n 1)"

sorted() { table -cc "$@" | tail -n +2 | xargs; }
equal "--min by a heading" "0.1 0.2 0.3" "$(sorted =lr --min lr)"
equal "--min by a column" "0.1 0.2 0.3" "$(sorted =lr --min =lr)"
equal "--max" "0.3 0.2 0.1" "$(sorted =lr --max =lr)"
equal "which is said when it is not there" "0.1 0.3 0.2" "$(sorted =lr --min 'avg loss')"
matches "by its name" "no column 'avg loss' to sort by" "$(cat "$T/err")"
equal "by a column under its own name" "0.1 0.2 0.3" "$(sorted '=lr as x' --min =lr)"

check "columns that make no sense are left out" guild compare -t -cc 'loss lr'
table -cc 'loss lr' >"$T/out"
matches "which is said" "WARNING: .*unexpected 'lr' at position 6" "$(cat "$T/err")"
refuse "an open quote is an error" guild compare -t -cc "'loss"
equal "no columns at all are as if not said" "$(table)" "$(table -cc '')"
equal "--print-scalars of the newest" 2 "$(guild compare --print-scalars -n 1 | wc -l)"
