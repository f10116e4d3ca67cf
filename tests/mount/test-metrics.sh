#!/bin/bash
# SPDX-License-Identifier: MIT
# A run's numbers as files, live and after it, and the same on the command line.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    numbers:
      exec: sh numbers.sh
      flags: {lr: 0.1}
      output-scalars: [{step: 'step (\step)'}, '(\key)=(\value)']
    defaults:
      exec: sh -c 'echo loss{} 0.5; echo lr{} 0.1; echo kind{} cnn'
    plain:
      exec: sh defaults.sh
      flags: {lr: 0.1}
      compare: [loss as L, =lr]
    odd: {exec: sh defaults.sh, env: {ODD: '1'}}
    quiet: {exec: sh defaults.sh, output-scalars: no, output-attrs: no}
    bad: {exec: 'true', output-scalars: {x: '('}}
    live: {exec: sh live.sh}
    below: {exec: sh below.sh}
    places: {exec: sh places.sh}
    keras: {main: keras_program, flags-import: no}
END
echo 'mkdir a; "$EVENTS" write a; echo "z: 1"' >"$PROJECT/below.sh"
printf 'import keras\nmodel.fit(1)\n' >"$PROJECT/keras_program.py"
cat >"$PROJECT/numbers.sh" <<'END'
for i in 1 2 3; do
	echo "step $i"
	echo "loss=0.$i train/loss=$i train=$((i * 10)) a%b=-1e-3"
	printf 'progress=1\rprogress=2\r\n' >&2
done
END
cat >"$PROJECT/defaults.sh" <<'END'
echo "loss: 0.5"
echo "loss: 0.25"
echo "lr: 0.1"
echo "kind: cnn"
[ -z "$ODD" ] || printf 'odd: nan\neven: -inf\n'
END
cat >"$PROJECT/live.sh" <<'END'
i=0
while [ ! -e stop ]; do i=$((i + 1)); echo "count: $i"; sleep 0.05; done
END
start_mount
cd "$MNT" || exit 1
start() { echo >"models/m/operations/$1/flags" && finish; }

start numbers
R=runs/$(newest)
equal "metrics mirror tags" "a%25b loss progress train train%value train/loss" \
	"$(cd "$R/metrics" && find . -mindepth 1 | sed 's|^\./||' | sort | xargs)"
equal "the last value" 0.30000001192092896 "$(cat "$R/metrics/loss")"
equal "of a tag below another" 3.0 "$(cat "$R/metrics/train/loss")"
equal "of the shorter tag" 30.0 "$(cat "$R/metrics/train%value")"
equal "of a progress bar the last" 2.0 "$(cat "$R/metrics/progress")"
equal "a name is decoded" -0.001 "$(printf %.3f "$(cat "$R/metrics/a%25b")")"
equal "no file for the name of a directory" no "$([ -f "$R/metrics/train" ] && echo yes || echo no)"
equal "samples: heading" "step value time" "$(head -1 "$R/scalars/train/loss.tsv" | xargs)"
equal "samples: steps as printed" "1 2 3" "$(tail -n +2 "$R/scalars/train/loss.tsv" | cut -f1 | xargs)"
equal "samples: values" "10.0 20.0 30.0" "$(tail -n +2 "$R/scalars/train.tsv" | cut -f2 | xargs)"
matches "samples: times" '^[0-9]{4}-[0-9-]+T[0-9:]+\.[0-9]{6}Z$' "$(tail -1 "$R/scalars/loss.tsv" | cut -f3)"
equal "scalars.csv has all" 16 "$(($(wc -l <"$R/scalars.csv")))"
equal "its heading" "tag,step,value,time" "$(head -1 "$R/scalars.csv")"
equal "a plot is a picture" "loss" "$(sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' "$R/plots/loss.svg")"
for f in metrics/loss scalars/loss.tsv plots/train/loss.svg scalars.csv info; do
	equal "size of $f" "$(wc -c <"$R/$f")" "$(stat -c %s "$R/$f")"
done
check "tar takes them whole" sh -c "tar -cf - -C '$R' metrics scalars plots scalars.csv | tar -df - -C '$R'"
equal "info in the mount is that of the command line" "$(guild runs info)" "$(cat "$R/info")"
matches "and says the last values" "train/loss: 3.000000 .step 3." "$(cat "$R/info")"
refuse "metrics cannot be written" sh -c "echo 1 >'$R/metrics/loss'"

# Event files in several places of a run.
cat >"$PROJECT/places.sh" <<-END
	mkdir a
	"$BUILD/lib/events" write a
	"$BUILD/lib/events" write .
	echo 'train/loss: 7'
	echo 'y: 2'
END
start places
R=runs/$(newest)
equal "those of a directory below are under its name" "a#/odd a#/train/loss odd train/loss y" \
	"$(cd "$R/metrics" && find . -type f | sed 's|^\./||' | sort | xargs)"
equal "the run's own directory goes before .guild/" "$(cat "$R/metrics/a#/train/loss")" "$(cat "$R/metrics/train/loss")"

# The default patterns: flags are no scalars, words are attributes.
start plain
R=runs/$(newest)
equal "defaults" "loss" "$(ls "$R/metrics")"
equal "implied steps" "0 1" "$(tail -n +2 "$R/scalars/loss.tsv" | cut -f1 | xargs)"
matches "attributes that were logged" "attributes:.  kind: cnn" "$(tr '\n' . <"$R/info")"
start odd
equal "nan and infinity" "nan -inf" "$(cd "runs/$(newest)/metrics" && cat odd even | xargs)"
start quiet
equal "switched off" "" "$(ls "runs/$(newest)/metrics")"
matches "a pattern that does not parse is told" "WARNING: .*'\('" "$(cd "$PROJECT" && guild run bad -y 2>&1)"

# While it runs.
echo >models/m/operations/live/flags
R=runs/$(newest)
check "a value shows while the run runs" wait_until 10 test -s "$R/metrics/count"
first=$(cat "$R/metrics/count")
check "and grows" wait_until 10 sh -c "[ \"\$(cat '$R/metrics/count')\" != '$first' ]"
size=$(stat -c %s "$R/scalars/count.tsv")
text=$(cat "$R/scalars/count.tsv")
check "samples grow" [ ${#text} -ge "$((size - 1))" ]
equal "no NUL in what grows" 0 "$(tr -cd '\0' <"$R/scalars.csv" | wc -c)"
touch "$R/files/stop" 2>/dev/null || touch "$HOME_DIR/$R/stop"
finish

# A damaged event file: what came before the damage counts, and the run is listed.
start plain
R=$(newest)
events=$(ls "$HOME_DIR/runs/$R/.guild/"events.out.tfevents.*.0)
printf 'not an event at all, of any kind' >>"$events"
equal "damage at the end" 0.25 "$(cat "runs/$R/metrics/loss")"
matches "is told on the command line" "WARNING: .*tfevents" "$(guild compare "$R" -t 2>&1)"

# The command line.
cd "$PROJECT" || exit 1
table=$(guild compare -t -Fo plain -n 1 2>/dev/null)
equal "compare: columns of the operation" "run operation started time status label L lr" "$(head -1 <<<"$table" | xargs)"
matches "compare: cut, not rounded" "  0.25  0.1$" "$table"
equal "compare --csv" "loss,0.300000" "$(guild compare -Fo numbers --csv - -cc 'loss' | tail -1 | cut -d, -f2 | xargs printf 'loss,%f')"
equal "compare --json" "[{\"m\": 1.0, \"run\": \"$(guild select -s -Fo numbers)\", \"s\": 1}]" \
	"$(guild compare --json -Fo numbers -cc 'min train/loss as m, min train/loss step as s')"
equal "compare: the user's columns" "run lr kind step loss" \
	"$(guild compare -t -r -p -Fo plain -c '=lr, .kind, loss step as step, loss' -n 1 2>/dev/null | head -1 | xargs)"
equal "--print-scalars" "  loss: 0.300000 (step 3)" "$(guild compare --print-scalars -Fo numbers | grep ' loss:')"
equal "--csv to what is no file" "$(guild compare --csv -)" "$(guild compare --csv /dev/stdout 2>/dev/null)"
check "which stays what it is" test -L /dev/stdout
matches "a column to sort by that is not there" "there is no column 'los' to sort by" "$(guild compare -t --min los 2>&1)"
matches "--limit" "invalid value '-1' for --limit" "$(guild compare -t --limit=-1 2>&1)"
refuse "--table and --csv exclude each other" guild compare -t --csv -
matches "--test-output-scalars" "\[\('loss', '1'\)\] \(loss=1.0\)" "$(echo loss: 1 | guild run plain --test-output-scalars -)"
matches "--test-output-scalars of a Keras program" "\[\('2',\)\] \(step=2.0\)" \
	"$(echo 'Epoch 2/3' | guild run keras --test-output-scalars -)"
EVENTS=$BUILD/lib/events guild run below -y >"$T/log" 2>&1
equal "runs info: scalars of a directory below come last" "z a#odd a#train/loss" \
	"$(guild runs info | sed -n 's/^  \(.*\): .* (step .*/\1/p' | xargs)"
matches "runs info -s" "min: 0.100000 .step 1." "$(guild runs info -s -Fo numbers)"
