#!/bin/bash
# SPDX-License-Identifier: MIT
# Guild AI's packages on PyPI: gpkg.hello is installed, listed, shown and run; gpkg.mnist, too, but its
# data is on a host that is out of reach, as here, or for everybody. And a package of ours in the shape
# of Guild AI's example hello-package: built, installed and run elsewhere.
. "$(dirname "$0")/../lib/lib.sh"

mkdir "$T/away"
cd "$T/away" || exit 1
if ! python3 -m venv .venv >"$T/log" 2>&1; then
	skip "packages" "no venv: $(tail -1 "$T/log")"
	exit 0
fi
run() { guild run "$@" -y 2>"$T/log"; }
output() { run "$@" | sed '/^$/d'; }
if guild install gpkg.hello >"$T/log" 2>&1; then
	equal "gpkg.hello is listed" "gpkg.hello 0.6.0 Sample \"hello world\" model" "$(guild packages | tr -s ' ' | sed 's/ $//')"
	equal "its operations" "default from-file from-file-output from-flag" "$(guild ops | sed -n 's,^gpkg.hello/hello:\([^ ]*\).*,\1,p' | xargs)"
	matches "its model" "^gpkg.hello/hello +A .hello world. sample model" "$(guild models)"
	guild help gpkg.hello >"$T/help" 2>&1
	check "its help: the package" grep -q "operations defined in the 'gpkg.hello' package" "$T/help"
	check "the model" grep -q 'A "hello world" sample model' "$T/help"
	check "an operation" grep -q "^      from-flag" "$T/help"
	check "its flags" grep -q "Hello Guild, from a flag!" "$T/help"
	check "help of an operation" grep -q "  message  *Message to print" <(guild run gpkg.hello/hello:from-flag --help-op)
	equal "it runs" "Hello Guild!" "$(output gpkg.hello/hello:default)"
	equal "with a flag" "hi" "$(output gpkg.hello/hello:from-flag message=hi)"
	equal "with a file of the package" "Hello Guild, from a required file!" "$(output gpkg.hello/hello:from-file)"
	equal "with what a run of it made" "Latest from-file output:|Hello Guild, from a required file!" \
		"$(output gpkg.hello/hello:from-file-output | tr '\n' '|' | sed 's/|$//')"
	equal "by a shorter name" "Hello Guild!" "$(output hello:default)"
	GUILD_PYTHON_EXE=$T/away/.venv/bin/python start_mount
	equal "in the mount" "default from-file from-file-output from-flag" "$(ls "$MNT/packages/gpkg.hello/models/hello/operations" | xargs)"
	check "it runs there" bash -c "echo 'message: by a file' >'$MNT/packages/gpkg.hello/models/hello/operations/from-flag/flags'"
	finish
	equal "too" "by a file" "$(cat "$MNT/runs/latest/output")"
	stop_mount
else
	skip "gpkg.hello" "pip cannot install it: $(tail -1 "$T/log")"
fi
if guild install gpkg.mnist >"$T/log" 2>&1; then
	matches "gpkg.mnist is listed" "gpkg.mnist +0.6.1 +CNN and multinomial logistic regression" "$(guild packages)"
	equal "its operations" "cnn:evaluate cnn:train logreg:evaluate logreg:train samples:prepare" \
		"$(guild ops | sed -n 's,^gpkg.mnist/\([^ ]*\).*,\1,p' | xargs)"
	guild help gpkg.mnist >"$T/help" 2>&1
	check "its help" grep -q "CNN classifier for MNIST" "$T/help"
	check "flags of one of its operations" grep -q "  learning-rate " <(guild run gpkg.mnist/logreg:train --help-op)
	# Without its data, wherever this is run: no host is called so, by RFC 2606.
	sed -i 's,https://guild-pub[^/ ]*,https://mnist.invalid,' .venv/lib/python3*/site-packages/gpkg/mnist/guild.yml
	refuse "without its data it fails" run gpkg.mnist/logreg:train
	matches "and says that" "could not resolve 'https://mnist.invalid/.*' in mnist-dataset resource: cannot download .*check the host's name in the URL, and the network" "$(guild cat --output)"
	equal "as a run with an error" error "$(guild runs info 2>&1 | sed -n 's/^status: //p')"
else
	skip "gpkg.mnist" "pip cannot install it: $(tail -1 "$T/log")"
fi

# --- a package of ours ------------------------------------------------------------------------------
mkdir -p "$T/ours/greet" "$T/ours/texts"
cat >"$T/ours/guild.yml" <<'END'
- package: gpkg.greet
  version: 0.2
  description: Greets
  data-files: ['*.txt', texts]
- operations:
    greet: {description: Greet everybody, main: greet.say, default: yes, flags: {to: all}}
    show:
      main: greet.show
      flags: {text: {default: one.txt, choices: [one.txt, two.txt]}}
      requires:
        - {file: one.txt}
        - {file: texts, select: '.+\.txt', name: more}
    again: {main: greet.show --text kept.txt, requires: {operation: show, select: kept.txt}}
END
echo 'The first' >"$T/ours/one.txt"
echo 'The second' >"$T/ours/texts/two.txt"
: >"$T/ours/greet/__init__.py"
cat >"$T/ours/greet/say.py" <<'END'
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--to")
print("Greetings to", parser.parse_args().to)
END
cat >"$T/ours/greet/show.py" <<'END'
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--text")
text = open(parser.parse_args().text).read()
print(text, end="")
open("kept.txt", "w").write(text)
END
(cd "$T/ours" && guild package >"$T/log" 2>&1)
wheel=$T/ours/dist/gpkg.greet-0.2-py2.py3-none-any.whl
check "a wheel" test -f "$wheel"
check "is installed" guild install "$wheel"
equal "its operations" "again greet show" "$(guild ops | sed -n 's,^gpkg.greet/\([^ ]*\).*,\1,p' | xargs)"
equal "run elsewhere" "Greetings to all" "$(output gpkg.greet/greet)"
equal "with flags" "Greetings to us" "$(output gpkg.greet/greet to=us)"
equal "with a data file" "The first" "$(output gpkg.greet/show)"
equal "of a directory" "The second" "$(output show text=two.txt)"
refuse "no other" run show text=three.txt
equal "with what a run made" "The second" "$(output again)"
