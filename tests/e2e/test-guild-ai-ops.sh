#!/bin/bash
# SPDX-License-Identifier: MIT
# Operations of every kind, when the real Guild AI 0.9 and ours start each other's runs: programs,
# environments, dependencies, scripts and pipelines. What is compared, and what not:
# tests/lib/guild_ai_runs.py.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/guild-ai.sh"

install_guild_ai
mkdir -p "$PROJECT/data" "$PROJECT/tools"
for f in dump.py tools/plain.py; do cp "$ROOT/tests/lib/guild_ai_dump.py" "$PROJECT/$f"; done
cat >"$PROJECT/train.py" <<'DATA'
import argparse

p = argparse.ArgumentParser()
p.add_argument("--epochs", type=int, default=3)
p.add_argument("--rate", type=float, default=0.1)
p.add_argument("--fast", action="store_true")
p.parse_args()
import dump
DATA
echo words >"$PROJECT/data/words.txt"
cat >"$PROJECT/guild.yml" <<'DATA'
- model: m
  sourcecode: ['*.py', '*.yml']
  operation-defaults: {flags-import: no}
  operations:
    exec:
      exec: python dump.py --own ${a} ${flag_args}
      flags: {a: 5, name: a b, flat: no}
    env:
      main: dump
      flags: {a: 5, name: a b}
      env: {PLAIN: text, NUMBER: 12, TURNED: yes, UNTURNED: no, NONE: null, MIXED: 'x-${a}-${name}',
        MY_KEY: hush, MY_TOKEN: hush, PYTHONPATH: /nowhere}
      label: run of ${name}
      tags: [t2, t1]
    made: {exec: sh -c 'echo result >result.txt; mkdir -p sub; echo sub >sub/file'}
    linked:
      main: dump
      requires: {operation: made, select: result.txt, rename: result given, target-type: link}
    copied:
      main: dump
      requires: {operation: made, name: source, target-type: copy, target-path: in}
    files:
      main: dump
      requires:
        - {file: data/words.txt, rename: '(.*)ds words-\1', target-path: got}
        - {file: data, target-type: link}
        - {file: data/words.txt, flag-name: input, target-path: third}
    steps:
      flags: {a: 7}
      steps:
        - run: made
        - {run: 'env a=${a}', name: first}
        - {run: linked, name: last}
DATA
cd "$PROJECT" || exit 1
theirs run made --run-id made-t -y

in_turn exec exec
in_turn env env --gpus 1 -l 'l ${a}' -t z
in_turn linked linked
in_turn copied copied
in_turn files files
in_turn script train.py rate=0.5 fast=yes
in_turn plain tools/plain.py a=4

# Pipelines: their steps are runs of their own. 0.9.0 makes new ones in a restart, and finds no
# steps in any prototype.
same_steps() {
	local id
	id=$(cd "$RUNS/$2" && basename "$(readlink "$(printf '%s\n' first* | sort -V | tail -1)")")
	ours runs info "$2"
	equal "$1" completed "$(awk '/^status:/ {print $2}' "$T/log")"
	same_dump "$1: a step" "$id" step "$first"
}
theirs run steps --run-id steps-t -y
first=$(basename "$(readlink "$RUNS/steps-t/first")")
keep_dump "$first" step
ours run steps --run-id steps-o -y
same_steps "steps: ours" steps-o
equal "steps: attributes" "" \
	"$(differences attrs "$RUNS/steps-t" "$RUNS/steps-o" | grep -v "'cmd'")"
ours run --restart steps-t -y
same_steps "steps: theirs, restarted by ours" steps-t
theirs run --restart steps-o -y
same_steps "steps: ours, restarted by theirs" steps-o
theirs run steps --stage --run-id steps-st -y
ours run steps --stage --run-id steps-so -y
ours run --start steps-st -y
same_steps "steps: theirs, started by ours" steps-st
theirs run --start steps-so -y
same_steps "steps: ours, started by theirs" steps-so
ours run --proto steps-t --run-id steps-pt -y
same_steps "steps: theirs, a prototype for ours" steps-pt
equal "steps: a step links what an earlier one made" "result result" \
	"$(cat "$RUNS"/steps-{o,pt}/last/given.txt | xargs)"
