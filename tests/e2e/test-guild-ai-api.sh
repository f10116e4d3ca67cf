#!/bin/bash
# SPDX-License-Identifier: MIT
# guild api: what the real Guild AI 0.9 answers and what ours does, for the same home and project.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/guild-ai.sh"

install_guild_ai
cd "$PROJECT" || exit 1
cat >guild.yml <<'END'
- model: m
  operations:
    train:
      description: |
        Trains
        and says so
      main: train
      flags-import: all
      flags:
        optimizer: {choices: [sgd, {value: adam, alias: a, description: the other}], default: sgd, description: Which}
        words: {default: two words}
        none: null
        deep: {type: boolean, default: yes}
    test:
      main: test
      sourcecode: {dest: .guild/sourcecode}
      requires: {operation: train, select: sub/model.txt}
    _hidden: {exec: 'true'}
END
cat >train.py <<'END'
import os

rate = 0.001
os.makedirs("sub", exist_ok=True)
open("sub/model.txt", "w").write("x" * 10)
print("loss: %f" % rate)
print("acc: nan")
END
echo 'print("tested")' >test.py
echo 'size = 3' >script.py
# Scalars have no order; the objective of a batch is said since 0.9.1.
answer() {
	"$1" api "${@:2}" >/dev/null
	"$T/venv/bin/python" - "$T/log" <<'END'
import json, sys
data = json.loads(open(sys.argv[1]).read().splitlines()[-1])
for run in data if isinstance(data, list) else []:
    if isinstance(run, dict) and "scalars" in run:
        run["scalars"].sort(key=lambda s: (s["prefix"], s["tag"]))
        run["otherAttrs"].pop("objective", None)
        run["deps"] = []
print(json.dumps(data, indent=1, sort_keys=True))
END
}
same() {
	local t o
	t=$(answer theirs "${@:2}")
	o=$(answer ours "${@:2}")
	[ -n "$t" ] || not_ok "$1" "theirs answers nothing: $(tail -2 "$T/log")"
	equal "$1" "" "$(diff <(echo "$t") <(echo "$o"))"
}

same "no runs" runs
same "nothing to compare" compare
theirs run train -y
theirs run test -y
ours run train rate=0.5 -y --label 'a label' --tag one
ours run test -y
ours run train rate=[1,2] -y --keep-batch
ours comment -y -a text 1
ours mark -y 1
ln -s "$RUNS/gone/x" "$RUNS/$(ours select 1 >/dev/null; cat "$T/log")/lost"
same "runs" runs
same "with batches" runs --include-batch
same "those that are chosen" runs -Fo train -Fl label
ours runs rm -y 1
same "deleted ones" runs -d
same "compare" compare
same "some" compare 1 2
ours run train --stage -y
same "one that waits has no time" compare
same "operations" ops
for spec in train m:train test _hidden script.py; do same "operation $spec" help-op $spec; done
ours api help-op nowhere
refuse "no such operation" ours api help-op nowhere
refuse "an operation must be named" ours api help-op
ours api runs -f 1
equal "on several lines" '[
  {
    "command"' "$(head -c 19 "$T/log")"
refuse "an older version" ours api runs -v 1

# What theirs does not find any more in the form that it has now.
train=$(ours select -Fo m:test 1 >/dev/null; cat "$T/log")
ours api runs "$train"
matches "runs that it depends on" '"deps": \[\{"operation": "m:train", "paths": \["sub/model.txt"\], "run": "[0-9a-f]{8}"\}\]' "$(cat "$T/log")"
