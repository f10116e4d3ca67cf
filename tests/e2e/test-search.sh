#!/bin/bash
# SPDX-License-Identifier: MIT
# guild search: over directories of wheels and simple indexes, HTML and JSON, with METADATA apart and
# without; what is asked of a server, and what is not.
. "$(dirname "$0")/../lib/lib.sh"

unset PIP_INDEX_URL PIP_EXTRA_INDEX_URL GUILD_CONFIG
export HOME=$T PIP_CONFIG_FILE=/dev/null NO_PROXY=127.0.0.1
WHEELS=$T/wheels
mkdir "$WHEELS"
cd "$PROJECT" || exit 1

# built: the wheel of what is in guild.yml, among the others.
built() { guild package -d "$WHEELS" >"$T/log" 2>&1 || not_ok "package" "$(cat "$T/log")"; }
cat >guild.yml <<'END'
- package: gpkg.digits
  version: 0.2
  description: Written digits
  tags: [image, mnist]
- model: cnn
  description: A network
  operations:
    train: {exec: echo, description: "Fit *all* of it\n\nAnd more.", flags: {lr: 0.1}}
    evaluate: {exec: echo}
    _check: {exec: echo}
- model: _hidden
  operations: {op: {exec: echo}}
- model: plain
  references: [https://example.org/]
END
built
sed -i 's/0\.2/0.10/' guild.yml && built
sed -i 's/0\.10/0.11rc1/; s/Fit/Try to fit/' guild.yml && built
sed -i 's/0\.11rc1/0.12/; s/cnn/gone/' guild.yml && built
touch "$WHEELS/gpkg.digits-0.12-py2.py3-none-any.yanked"
cat >guild.yml <<'END'
- package: my-texts
  version: 1.0
  description: Texts
- model: ''
  operations:
    train: {exec: echo, description: Read them}
    count: {exec: echo}
- model: rnn
  operations: {train: {exec: echo, description: Learn them}}
END
built
# One that is not for Guild.
cat >"$T/plain.py" <<'END'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1] + "/other-1.0-py3-none-any.whl", "w") as z:
    z.writestr("other-1.0.dist-info/METADATA", "Name: other\nVersion: 1.0\nKeywords: train\n")
END
python3 "$T/plain.py" "$WHEELS"

# What its author took back only an index can know.
DIR=$T/directory
cp -r "$WHEELS" "$DIR"
rm "$DIR"/*-0.12-*
python3 "$ROOT/tests/lib/index_server.py" "$WHEELS" "$T/requests" >"$T/port" &
wait_until 20 test -s "$T/port"
URL=http://127.0.0.1:$(cat "$T/port")
touch "$T/requests"
# requests: since the last time.
requests() { cat "$T/requests" && : >"$T/requests"; }
found() { guild search "$@" 2>"$T/err" | sed 's/  */ /g; s/ $//'; }

TRAIN="gpkg.digits 0.10 cnn:train Fit *all* of it
my-texts 1.0 train Read them
my-texts 1.0 rnn:train Learn them"
for index in "$DIR" "file://$DIR" "$URL/html" "$URL/html/" "$URL/json/" "$URL/bare/"; do
	shown=${index#"$URL"} shown=${shown#"$T"}
	equal "$shown: an operation" "$TRAIN" "$(found --index "$index" train)"
	equal "$shown: no message" "" "$(cat "$T/err")"
	equal "$shown: all terms, in any case" "my-texts 1.0 rnn:train Learn them" \
		"$(found --index "$index" TRAIN Rnn)"
done
: >"$T/requests"
equal "a tag" "gpkg.digits 0.10 cnn:evaluate Written digits
gpkg.digits 0.10 cnn:train Fit *all* of it
gpkg.digits 0.10 plain Written digits" "$(found --index "$DIR" mnist)"
equal "a description" "my-texts 1.0 rnn:train Learn them" "$(found --index "$DIR" 'learn them')"
equal "nothing" "" "$(found --index "$DIR" train nowhere)"
equal "as JSON" '[{"description": "Read them", "model:operation": "train", "package": "my-texts", "version": "1.0"}]' \
	"$(guild search --json --index "$DIR" read)"
equal "a directory for each project" "$TRAIN" \
	"$(mkdir -p "$T/deep" && ln -s "$DIR" "$T/deep/all" && found --index "$T/deep" train)"
equal "indexes together, each package once" "$TRAIN" "$(found --index "$DIR" --index "$URL/html" train)"

printf '[global]\nindex-url = %s/html\n' "$URL" >"$T/pip.conf"
matches "where nothing is named, pip's index" "^gpkg.digits 0.10" "$(PIP_CONFIG_FILE=$T/pip.conf found digits)"
equal "in which there may be nothing" "" "$(PIP_CONFIG_FILE=$T/pip.conf found nowhere)"
matches "so that other indexes are to be named" \
	"Nothing was found in $URL/html, where pip looks. Other indexes are named by --index DIR.URL, or by 'search: .DIR.URL, ....' in " \
	"$(cat "$T/err")"

# --- what is asked -------------------------------------------------------------------------------
rm -rf "$HOME_DIR/cache/guildfs/indexes"
: >"$T/requests"
found --index "$URL/html/" train >/dev/null
equal "the pages, and METADATA of the newest" "/files/gpkg.digits-0.10-py2.py3-none-any.whl.metadata 200
/files/my_texts-1.0-py2.py3-none-any.whl.metadata 200
/files/other-1.0-py3-none-any.whl.metadata 200
/html/ 200
/html/gpkg-digits/ 200
/html/my-texts/ 200
/html/other/ 200" "$(requests | sort)"
found --index "$URL/html/" train >/dev/null
equal "again: whether the pages are what they were" "/html/ 304
/html/gpkg-digits/ 304
/html/my-texts/ 304
/html/other/ 304" "$(requests | sort)"
found --index "$URL/bare/" train >/dev/null
matches "without METADATA: the wheel" "/files/my_texts-1.0-py2.py3-none-any.whl 200" "$(requests)"
found --index "$URL/bare/" train >/dev/null
matches "once" "/files/my_texts-1.0-py2.py3-none-any.whl 304" "$(requests)"
sed -i 's/version: 1.0/version: 1.1/' guild.yml && built
equal "a new version shows" "my-texts 1.1 train Read them" "$(found --index "$URL/html/" read)"
matches "since its page is another" "/html/my-texts/ 200" "$(requests)"
check "cache that is damaged" sh -c "for f in '$HOME_DIR'/cache/guildfs/indexes/*; do echo >\$f; done"
equal "is made anew" "my-texts 1.1 train Read them" "$(found --index "$URL/html/" read)"

# --- the index of everything -----------------------------------------------------------------------
: >"$T/requests"
export PIP_INDEX_URL=$URL/html
equal "by its name" "gpkg.digits 0.10 cnn:train Fit *all* of it" "$(found Digits train)"
equal "is all that is asked for" "/html/gpkg-digits/ 200
/html/gpkg-train/ 404" "$(requests | sort | sed 's/304/200/;/metadata/d')"
equal "also when it is named" "gpkg.digits 0.10 cnn:train Fit *all* of it" \
	"$(found --index "$URL/html/" gpkg.digits fit)"
equal "it is not listed" "" "$(requests | grep '/html/ ')"
unset PIP_INDEX_URL

# --- configuration ---------------------------------------------------------------------------------
echo "search: $WHEELS" >"$HOME_DIR/config.yml"
equal "configured" "my-texts 1.1 train Read them" "$(found read)"
ln -s "$WHEELS" "$HOME_DIR/beside"
printf 'search:\n- beside\n- %s/json\n' "$URL" >"$HOME_DIR/config.yml"
equal "several" "my-texts 1.1 train Read them" "$(found read)"
: >"$T/requests"
equal "an option instead" "" "$(found --index "$T/deep/none" read; requests)"
echo 'search: {a: b}' >"$HOME_DIR/config.yml"
matches "wrong" "config.yml: search is a mapping, where a directory, a URL or a list" "$(guild search read 2>&1)"
rm "$HOME_DIR/config.yml"

# --- what goes wrong ---------------------------------------------------------------------------------
matches "no such directory" "cannot read .*/none, a directory of packages: No such file" "$(guild search --index none read 2>&1)"
equal "is a failure" 1 "$(guild search --index none read 2>/dev/null; echo $?)"
matches "no such index" "cannot read $URL/none/: HTTP 404" "$(guild search --index "$URL/none" read 2>&1)"
matches "no server" "cannot read http://127.0.0.1:1/: could not connect" \
	"$(guild search --index http://u:secret@127.0.0.1:1/ read 2>&1)"
equal "the password is not told" "" "$(guild search --index http://u:secret@127.0.0.1:1/ read 2>&1 | grep secret)"
equal "what others have is found" "my-texts 1.1 train Read them" "$(found --index "$URL/none" --index "$WHEELS" read)"
echo text >"$WHEELS/broken-1.0-py3-none-any.whl"
equal "a broken wheel hides no other" "my-texts 1.1 train Read them" "$(found --index "$WHEELS" read)"
matches "and is told" "cannot unpack broken-1.0-py3-none-any.whl" "$(cat "$T/err")"
matches "no term" "a TERM is missing" "$(guild search 2>&1)"
equal "nothing is left of looking" "" "$(find "$HOME_DIR/cache/guildfs/indexes" -path '*.guild-partial/*')"
