#!/bin/bash
# SPDX-License-Identifier: MIT
# packages/: what is installed, running it, and what changes when somebody installs or uninstalls.
. "$(dirname "$0")/../lib/lib.sh"

# An environment of its own, with pip; nothing is asked of an index.
if ! python3 -m venv "$T/venv" >"$T/log" 2>&1; then
	skip packages "no venv: $(tail -1 "$T/log")"
	exit 0
fi
export VIRTUAL_ENV=$T/venv PATH=$T/venv/bin:$PATH PIP_NO_INDEX=1 PIP_NO_DEPS=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# built VERSION: a wheel of the package, its path.
built() {
	mkdir -p "$T/source/sub"
	cat >"$T/source/guild.yml" <<-DATA
	- package: gpkg.thing
	  version: $1
	  description: Does things
	  author: Somebody
	  license: MIT
	  url: https://example.com/
	  data-files: [sub]
	  requires: ['six>=1', attrs]
	- model: m
	  description: A model
	  operations:
	    op: {exec: 'sh -c "cat words.txt; echo \$FLAG_A of $1"', flags: {a: 5}, requires: {file: sub/words.txt}}
	  resources: {r: {sources: [file: sub/words.txt]}}
	- model: ''
	  operations: {bare: {exec: echo bare}}
	DATA
	echo words >"$T/source/sub/words.txt"
	(cd "$T/source" && guild package >/dev/null) && echo "$T/source/dist/gpkg.thing-$1-py2.py3-none-any.whl"
}
install() { python -m pip -q install --no-deps "$@"; }
errno_of() { LC_ALL=C "$@" 2>&1 | sed 's/.*: //'; }

shell_project
start_mount
cd "$MNT" || exit 1
P=packages/gpkg.thing

equal "none" "" "$(ls packages)"
check "somebody installs one" install "$(built 0.1)"
equal "it is there" gpkg.thing "$(ls packages)"
equal "its attributes" "Somebody|Does things|MIT|six>=1 attrs|https://example.com/|0.1|" \
	"$(cd $P && for f in author description license requires url version; do
		xargs <$f | tr '\n' '|'
	done)"
equal "nothing else of it" "author description files license models operations requires url version" \
	"$(ls $P | xargs)"
equal "its model" "A model" "$(cat $P/models/m/description)"
equal "its resource" r "$(ls $P/models/m/resources)"
equal "its operations" "bare m:op" "$(ls $P/operations | xargs)"
equal "one of a model is a link to it" "$(readlink -f $P/models/m/operations/op)" \
	"$(readlink -f $P/operations/m:op)"
equal "models of projects are no packages'" m "$(ls models)"
equal "a file" words "$(cat $P/files/gpkg/thing/sub/words.txt)"
equal "its files" "gpkg gpkg.thing-0.1-nspkg.pth gpkg.thing-0.1.dist-info" "$(ls $P/files | xargs)"
equal "as pip removes them" "$(python -m pip show -f gpkg.thing | sed '1,/^Files:/d;s/^ *//' | sort)" \
	"$(cd $P/files && find . -type l | sed 's/..//' | sort)"
refuse "no file of its own" cat $P/files/gpkg/thing/none

# --- running -----------------------------------------------------------------------------------
echo 'a: 7' >$P/models/m/operations/op/flags && finish
a=$(newest)
equal "a run of it" "words 7 of 0.1" "$(xargs <"runs/$a/output")"
equal "its operation" gpkg.thing/m:op "$(cat "runs/$a/operation")"
equal "its opref" "package:gpkg.thing 0.1 m op" "$(cat "$HOME_DIR/runs/$a/.guild/opref")"
equal "its files are the package's" "words" "$(cat "runs/$a/files/words.txt")"
equal "the operation's latest" "completed" "$(cat $P/models/m/operations/op/latest/status)"
equal "the operation's runs" "completed" "$(cat $P/models/m/operations/op/runs/*/status)"
matches "the operation's table" "$a"$'\t'"gpkg.thing/m:op" "$(cat $P/models/m/operations/op/index.tsv)"
echo >$P/operations/bare/flags && finish
b=$(newest)
equal "one of the anonymous model" bare "$(cat "runs/$b/output")"
equal "its latest" "$b" "$(cat $P/operations/bare/latest/id)"
equal "its runs" "$b" "$(cat $P/operations/bare/runs/*/id)"
refuse "a mistake" bash -c "echo 'b: 1' >$P/models/m/operations/op/flags"
matches "is told" "unknown flag 'b'" "$(cat $P/models/m/operations/op/error)"
matches "with the path" "$P/models/m/operations/op" "$(cat errors)"

# --- changing ------------------------------------------------------------------------------------
install "$(built 0.2)"
equal "another version" 0.2 "$(cat $P/version)"
echo >$P/models/m/operations/op/flags && finish
equal "is what runs" "words 5 of 0.2" "$(xargs <"runs/$(newest)/output")"
equal "runs of both are the operation's" 2 "$(ls $P/models/m/operations/op/runs | wc -l)"
check "rmdir uninstalls" rmdir $P
equal "it is gone" "" "$(ls packages)"
equal "for pip, too" "" "$(find "$T/venv" -name '*thing*')"
equal "runs of it stay" gpkg.thing/m:op "$(cat "runs/$a/operation")"
equal "what is not there" "No such file or directory" "$(errno_of rmdir $P)"
install "$(built 0.1)"
equal "it comes back with its runs" "$a" "$(cat $P/models/m/operations/op/runs/"$a"/id)"
equal "what is in it is not removed" "Operation not permitted" "$(errno_of rmdir $P/models)"
mv "$T/venv/lib/python3"*/site-packages/pip "$T/pip"
equal "pip that does not work" "Input/output error" "$(errno_of rmdir $P)"
matches "and why" "packages/gpkg.thing.*No module named pip" "$(tail -1 errors)"

mv "$T/pip" "$(echo "$T/venv/lib/python3"*/site-packages)/pip"

# --- copying a wheel here ----------------------------------------------------------------------
rmdir $P
wheel=$(built 0.1)
check "cp installs" cp "$wheel" packages/
equal "it is there" "gpkg.thing" "$(ls packages)"
equal "and works" 0.1 "$(cat $P/version)"
equal "the wheel is not" "" "$(ls packages/*.whl 2>/dev/null)"
equal "nor anywhere" "" "$(ls "$HOME_DIR/cache/guildfs/wheels")"
check "cp -p of another version" cp -p "$(built 0.3)" packages/
equal "is an upgrade" 0.3 "$(cat $P/version)"
head -c 1000 "$wheel" >"$T/cut-1.0-py3-none-any.whl"
equal "half a wheel" "Invalid argument" "$(errno_of cp "$T/cut-1.0-py3-none-any.whl" packages/)"
matches "and why" "cut-1.0-py3-none-any.whl.*cannot unpack" "$(tail -1 errors)"
equal "no wheel" "Operation not permitted" "$(errno_of cp "$T/log" packages/)"
matches "and why" "only wheels" "$(tail -1 errors)"
cp "$wheel" "$T/other-2.0-py3-none-any.whl"
equal "what pip refuses" "Input/output error" "$(errno_of cp "$T/other-2.0-py3-none-any.whl" packages/)"
matches "and why" "other-2.0" "$(tail -1 errors)"
equal "the old one stays" "gpkg.thing 0.3" "$(ls packages | xargs) $(cat $P/version)"
equal "nothing is left" "" "$(ls "$HOME_DIR/cache/guildfs/wheels")"

# What cannot be read of one is said there, and is nothing to the others.
echo '- model: [' >"$(readlink -f $P/files/gpkg/thing/guild.yml)"
touch "$T/venv/lib/python3"*/site-packages
matches "a broken Guild file" "unable to load models of package gpkg.thing" "$(cat $P/error)"
equal "has no models" "" "$(ls $P/models)"

# --- after a crash ---------------------------------------------------------------------------------
cd / && stop_mount
W=$HOME_DIR/cache/guildfs/wheels
mkdir "$W/1-1" "$W/1-2" "$W/1-3" "$W/guild-wheel-x"
touch "$W/1-1/x.whl" "$W/1-2/x.whl" "$W/1-3/x.whl"
touch -d '2 hours ago' "$W/1-1" "$W/1-2" "$W/guild-wheel-x"
exec 9<"$W/1-2/x.whl"
flock -s 9
start_mount
check "wheels that nobody goes on to write are removed" wait_until 20 test ! -e "$W/1-1"
check "what was unpacked, too" wait_until 20 test ! -e "$W/guild-wheel-x"
equal "those that somebody holds, and young ones, stay" "1-2 1-3" "$(ls "$W" | xargs)"
exec 9<&-
