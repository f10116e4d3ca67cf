#!/bin/bash
# SPDX-License-Identifier: MIT
# Views: by/ and the runs of an operation.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    op:
      exec: sh op.sh
      flags: {x: 1, text: a/b, on: no, empty: '', none: null, list: {default: 1 2, arg-split: true}}
    slow: {exec: sh slow.sh}
END
cat >"$PROJECT/op.sh" <<'END'
[ "$FLAG_X" != 9 ]
END
cat >"$PROJECT/slow.sh" <<'END'
until [ -e stop ]; do sleep 0.05; done
END
mkdir "$T/anonymous"
echo 'bare: {exec: "true", flags: {y: 1}}' >"$T/anonymous/guild.yml"
start_mount -C "$T/anonymous"
cd "$MNT" || exit 1
OP=models/m/operations/op
start() { echo "$1" >"$OP/flags" && finish; }
# has VIEW RUN: the view has the run, and its link leads there.
has() { [ "$(readlink -f "$1/$2")" = "$MNT/runs/$2" ] && [ "$(cat "$1/$2/id")" = "$2" ]; }
values() { ls "by/$1" | xargs; }

equal "facets" "batch day flag label model operation status tag" "$(ls by | xargs)"
equal "nothing without runs" "" "$(find by -mindepth 2)$(ls "$OP/runs")"
start 'x: 1'
a=$(newest)
start 'x: 9'
b=$(newest)
equal "statuses" "completed error" "$(values status)"
check "a run by its status" has by/status/error "$b"
equal "only that one" "$b" "$(ls by/status/error)"
equal "operations" m:op "$(values operation)"
check "by operation" has by/operation/m:op "$a"
check "by model" has by/model/m "$a"
check "by day" has "by/day/$(cut -dT -f1 "runs/$a/started")" "$a"
equal "flags" "empty list on text x" "$(values flag)"
equal "values of one" "1 9" "$(values flag/x)"
check "by flag" has by/flag/x/9 "$b"
equal "a value with a slash" "a%2Fb" "$(values flag/text)"
check "its runs" has by/flag/text/a%2Fb "$a"
equal "no" no "$(values flag/on)"
equal "an empty text, as flags have it" "''" "$(ls by/flag/empty)"
equal "null is no value" "" "$(ls -d by/flag/none 2>/dev/null)"
check "an operation's runs" has "$OP/runs" "$a"
equal "all of them" "$(printf '%s\n' "$a" "$b" | sort | xargs)" "$(ls "$OP/runs" | xargs)"
check "the same by opspec" has operations/m:op/runs "$a"
check "links are relative" sh -c "! find by '$OP/runs' -lname '/*' | grep ."
equal "find follows none into a loop" 0 "$(find -L by -maxdepth 6 >/dev/null 2>"$T/err"; grep -c loop "$T/err")"
equal "a value that no run has" "No such file or directory" "$(LC_ALL=C ls by/status/running 2>&1 | sed 's/.*: //')"
equal "a run that has another" "No such file or directory" "$(LC_ALL=C ls "by/status/error/$a" 2>&1 | sed 's/.*: //')"
equal "every entry has a number of its own" "" "$(find by "$OP/runs" -printf '%i\n' | sort | uniq -d)"

# What is annotated shows at once.
printf 'one\ntwo words\n' >"runs/$a/tags"
echo 'my/best' >"runs/$a/label"
equal "tags" "one two words" "$(values tag)"
check "by each tag" has "by/tag/two words" "$a"
check "by label" has "by/label/my%2Fbest" "$a"
echo 'other' >"runs/$a/label"
equal "the former label is gone" "" "$(ls -d "by/label/my%2Fbest" 2>/dev/null)"
guild tag -y -d one "$a" 2>"$T/err"
check "by the command line, too" wait_until 2 sh -c "[ ! -e by/tag/one ]"

# While it runs, and after it was deleted.
echo >models/m/operations/slow/flags
c=$(newest)
check "running" wait_until 5 test -e "by/status/running/$c/id"
touch "$HOME_DIR/runs/$c/stop"
finish
check "completed" wait_until 2 test -e "by/status/completed/$c/id"
equal "and not running" "" "$(ls -d by/status/running 2>/dev/null)"
rmdir "runs/$b"
equal "a deleted run is in no view" "" "$(find by models/m/operations/op/runs -name "$b")"
equal "nor are its values" "1" "$(values flag/x)"
mv "trash/$b" runs/
check "a restored one is" has by/flag/x/9 "$b"

# An operation of the anonymous model.
echo >operations/bare/flags
finish
check "its runs" has operations/bare/runs "$(newest)"
equal "no model" m "$(values model)"
