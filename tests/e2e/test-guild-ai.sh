#!/bin/bash
# SPDX-License-Identifier: MIT
# The real Guild AI 0.9 and ours on one home: each lists the other's runs as they are.
. "$(dirname "$0")/../lib/lib.sh"

# 0.9.0 is the last release; it wants a pkg_resources, and a psutil and Werkzeug of its time.
if ! python3 -m venv "$T/venv" >"$T/log" 2>&1; then
	skip "Guild AI" "no venv: $(tail -1 "$T/log")"
	exit 0
fi
if ! "$T/venv/bin/pip" -q install 'setuptools<81' guildai==0.9.0 >"$T/log" 2>&1; then
	skip "Guild AI" "pip cannot install guildai==0.9.0: $(tail -1 "$T/log")"
	exit 0
fi
theirs() { "$T/venv/bin/guild" -H "$HOME_DIR" "$@"; }
ours() { "$BUILD/guild" -H "$HOME_DIR" "$@"; }

cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    train: {main: train, flags-dest: args, flags: {epochs: 3, name: a b, rate: 0.001, deep: yes}}
    fail: {exec: sh -c "exit 3"}
END
echo 'import sys; print(sys.argv[1:]); open("out.txt", "w").write("x")' >"$PROJECT/train.py"
cd "$PROJECT" || exit 1

# Ours, seen by theirs.
ours run train epochs=5 -y >"$T/ours.out"
ours run fail -y >/dev/null 2>&1
ours run train --stage -y 2>/dev/null
ours label -y -s 'from ours' 3 2>/dev/null
list=$(theirs runs)
matches "they list our runs" "m:train .*completed  from ours" "$list"
matches "with status error" "m:fail .*error" "$list"
matches "with status staged" "m:train .*staged" "$list"
info=$(theirs runs info 3)
matches "info: operation" "operation: m:train" "$info"
matches "info: flags" "epochs: 5" "$info"
matches "info: exit status" "exit_status: 0" "$info"
equal "cat --output" "$(cat "$T/ours.out")" "$(theirs cat --output 3)"
check "their ls shows the artifact" grep -q out.txt <(theirs ls 3)
id=$(basename "$(ours ls 3 -n -f | head -1 | xargs dirname)")
check "they restart our run" theirs run --restart "$id" -y
equal "which is completed" completed "$(ours runs list "$id" | awk '{print $5}')"

# Theirs, seen by ours.
theirs run train epochs=7 -y >"$T/theirs.out" 2>&1
matches "we list their run" "m:train .*completed .*epochs=7" "$(ours runs list 1)"
matches "info: flags" "  epochs: 7" "$(ours runs info)"
matches "our argv is theirs" "$(grep -o '\[.*\]' "$T/theirs.out" | sed 's/7/5/; s/[][]/./g')" "$(cat "$T/ours.out")"
equal "their command is ours" "$(ours runs info 1 | grep -o -- '-um guild.*' | sed 's/epochs 7/epochs 5/')" \
	"$(ours runs info "$id" | grep -o -- '-um guild.*')"
equal "cat --output" "$(grep '\[' "$T/theirs.out")" "$(ours cat -O | grep '\[')"
theirs label -y -s 'from theirs' 1 2>/dev/null
matches "their label" "from theirs" "$(ours runs list 1)"
start_mount
id=$(newest)
equal "in the mount: operation" m:train "$(cat "$MNT/runs/$id/operation")"
equal "in the mount: flags" "deep: true
epochs: 7
name: a b
rate: 0.001" "$(cat "$MNT/runs/$id/flags")"
theirs run fail -y >/dev/null 2>&1
check "a run of theirs shows in the mount" wait_until 5 sh -c "grep -qx error '$MNT/runs/latest/status'"
theirs label -y -s 'while mounted' 1 2>/dev/null
check "and their label" wait_until 5 grep -qx 'while mounted' "$MNT/runs/latest/label"
cp "$MNT/runs/$id/flags" "$MNT/models/m/operations/train/flags"
finish
equal "a run of theirs is repeated by cp" completed "$(cat "$MNT/runs/latest/status")"
equal "with its flags" "$(cat "$MNT/runs/$id/flags")" "$(cat "$MNT/runs/latest/flags")"

# What Guild files say, to them and to us: tests/guildfiles/run.py has the public ones.
mkdir -p "$T/repo/includes"
cp "$PROJECT/guild.yml" "$T/repo"
cat >"$T/repo/includes/guild.yml" <<'END'
- include: more.yml
- model: m
  extends: base
  params: {what: numbers, rate: 0.5}
  operations:
    train:
      flags: {$include: common, epochs: {default: 3, choices: [3, {value: 5}]}}
      requires: [{operation: prepare, name: data}, {file: in.txt, flag-name: in}]
    look: {notebook: a.ipynb --html}
    old: {cmd: [python, -c, 'print("a b")']}
END
cat >"$T/repo/includes/more.yml" <<'END'
- config: common
  flags: {rate: '{{rate}}', deep: {default: yes, arg-switch: yes}}
- config: base
  params: {what: nothing}
  operations:
    prepare: {main: "prepare --what '{{what}}'", description: 'Prepare {{what}}'}
END
printf -- '- include: cycle.yml\n' >"$T/repo/includes/cycle.yml"
echo 'a: [1' >"$T/repo/includes/open.yml"
printf -- '- model: a\n  extends: b\n- test: t\n' >"$T/repo/includes/faults.yml"
git init -q "$T/repo"
git -C "$T/repo" add -A
git -C "$T/repo" -c user.name=t -c user.email=t@example.com commit -qm files
python3 "$ROOT/tests/guildfiles/run.py" -B "$BUILD" --python "$T/venv/bin/python" "$T/repo" >"$T/table"
equal "both load the same Guild files" "6 passed, 0 failed, 0 skipped" "$(tail -1 "$T/table")"
matches "but for what we do on purpose" "2018: cmd is main" "$(cat "$T/table")"
