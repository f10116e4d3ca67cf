#!/bin/bash
# SPDX-License-Identifier: MIT
# Where flags go, when the real Guild AI 0.9 and ours start each other's runs: every flags-dest and
# every attribute of a flag. What is compared, and what not: tests/lib/guild_ai_runs.py.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/guild-ai.sh"

install_guild_ai
cp "$ROOT/tests/lib/guild_ai_dump.py" "$PROJECT/dump.py"
printf 'lr: 0.1\nnet:\n  depth: 2\n  width: 3\ntitle: t\n' >"$PROJECT/conf.yml"
cat >"$PROJECT/guild.yml" <<'DATA'
- model: m
  sourcecode: ['*.py', '*.yml']
  operation-defaults: {main: dump, flags-import: no}
  operations:
    args:
      main: dump sub --fixed 1
      flags-dest: args
      flags: {epochs: 3, name: a b, rate: 0.001, deep: yes, flat: no, nothing: null, empty: '',
        odd-name.x: 1e-5, text: '12'}
    encoded:
      flags:
        turned: {default: yes, arg-switch: yes}
        unturned: {default: no, arg-switch: yes}
        word: {default: x, arg-switch: x}
        words: {default: one 'two three' 4, arg-split: yes}
        parts: {default: 'a,b', arg-split: ','}
        sign: {default: yes, arg-encoding: {yes: plus, no: minus}, env-encoding: {yes: PLUS}}
        level: {default: 2, arg-encoding: {1: low, 2: high}}
        renamed: {default: 1, arg-name: other}
        skipped: {default: 2, arg-skip: yes}
        own: {default: 3, env-name: OWN_NAME}
        choice: {default: low, choices: [low, high]}
    globals:
      flags-dest: globals
      flags: {a: 5, b: 0.5, name: a b, deep: yes, nothing: null,
        words: {default: 1 two yes, arg-split: yes}}
    global: {flags-dest: 'global:params', flags: {a: 5, b.c: 0.5, name: '12'}}
    dict: {flags-dest: 'dict:params', flags: {a: 5, b.c: 0.5, name: 'yes'}}
    namespace: {flags-dest: 'namespace:params', flags: {a: 5, b.c: 0.5, name: ''}}
    config:
      flags-dest: config:conf.yml
      flags-import: [lr, net.depth]
      flags: {lr: 0.5, title: a b}
DATA
cd "$PROJECT" || exit 1

in_turn args args epochs=5 'name={1: a, 2: [x]}'
in_turn encoded encoded
in_turn globals globals a=6
in_turn global global
in_turn dict dict
in_turn namespace namespace
in_turn config config lr=0.25

ours run --restart args-t epochs=9 -y
keep_dump args-t changed
theirs run --restart args-o epochs=9 -y
same_dump "a flag is changed by a restart" args-o changed args-t
equal "and kept" "epochs: 9 epochs: 9" \
	"$(cat "$RUNS"/args-[to]/.guild/attrs/flags | grep epochs | xargs)"
