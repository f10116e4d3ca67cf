#!/bin/bash
# SPDX-License-Identifier: MIT
# guild shell: the functions of its prompt, and where they look.
. "$(dirname "$0")/../lib/lib.sh"

cd "$PROJECT" || exit 1
guild() { "$BUILD/guild" "$@"; }
# What the prompt prints, but for its banner and its prompts.
prompt() { guild "$@" shell 2>&1 | tr '\n' ' ' | sed 's/.*"flags"\] *//;s/>>> //g;s/ *$//'; }

cat >guild.yml <<'END'
train:
  exec: sh -c 'echo loss=${rate}'
  flags: {rate: 0.5}
  output-scalars: {loss: 'loss=(\value)'}
idle: {exec: 'true'}
END
guild run train -y rate=0.125 >/dev/null 2>&1
guild run train -y rate=0.25 >/dev/null 2>&1
guild run idle -y >/dev/null 2>&1

equal "runs are those of guild api" 3 "$(prompt <<<'print(len(runs()))')"
equal "newest first, with arguments of guild" "[0.25, 0.125]" \
	"$(prompt <<<'print([r["flags"]["rate"] for r in runs("-Fo", "train")])')"
equal "a number is an index" "$(guild select 3)" "$(prompt <<<'print(runs(3)[0]["id"])')"
equal "rows of compare are by column" "0.125 0.125" \
	"$(prompt <<<'row = compare(3)[0]; print(row["rate"], row["loss"])')"
equal "no runs, no rows" "[]" "$(prompt <<<'print(compare("-Fl", "nothing"))')"
equal "operations" "['idle', 'train']" "$(prompt <<<'print(sorted(op["name"] for op in ops()))')"
matches "what guild refuses is an exception" "GuildError: guild: could not find a run matching 'zz'" \
	"$(prompt <<<'runs("zz")')"
mkdir "$T/other" && guild -H "$T/other" runs >/dev/null 2>&1
equal "another home" 0 "$(prompt -H "$T/other" <<<'print(len(runs()))')"

echo 'raise SystemExit("hidden")' | tee code.py json.py >guild.py
equal "a project's modules do not stand in its way" 3 "$(prompt <<<'print(len(runs()))')"
rm code.py json.py guild.py
echo 'here = 1' >mine.py
equal "and can be imported" 1 "$(prompt <<<'import mine; print(mine.here)')"
equal "as is the shim" "['guild', 'pass']" "$(prompt <<<'import importlib; m = importlib.import_module("guild.pass"); print(m.__name__.split("."))')"
equal "the directory of -C" "$(cd "$T" && pwd -P)" "$(prompt -C "$T" <<<'import os; print(os.getcwd())')"

cat >python <<'END'
#!/bin/sh
echo own; exec python3 "$@"
END
chmod +x python
matches "the Python that runs have" "^own" "$(GUILD_PYTHON_EXE=$PWD/python guild shell 2>&1 <<<'')"
guild shell >/dev/null 2>&1 <<<'exit(3)'
equal "its exit status" 3 $?
matches "no arguments" "unexpected argument 'x'" "$(guild shell x 2>&1)"
