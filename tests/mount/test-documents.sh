#!/bin/bash
# SPDX-License-Identifier: MIT
# label, tags, comments, marked: written by every kind of tool, refused when they are wrong.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
start_mount
echo >"$MNT/models/m/operations/quick/flags"
finish
id=$(newest)
R=$MNT/runs/$id
STORE=$HOME_DIR/runs/$id/.guild/attrs
cd "$T" || exit 1

bash -c "echo 'my best' > '$R/label'"
equal "label: echo" "my best" "$(cat "$R/label")"
equal "label: in the store" "my best" "$(cat "$STORE/label")"
dash -c "echo second > '$R/label'"
equal "label: dash" second "$(cat "$R/label")"
sed -i 's/second/third/' "$R/label" 2>/dev/null || ok "label: sed -i has no room for its file here"
printf 'no newline' >"$R/label"
equal "label: without a newline" "no newline" "$(cat "$R/label")"
python3 -c "open('$R/label', 'w').write('python\n')"
equal "label: python" python "$(cat "$R/label")"
: >"$R/label"
wait_until 5 test ! -e "$STORE/label"
equal "label: : > clears" "" "$(cat "$R/label")"
refuse "label: two lines (bash)" bash -c "printf 'a\nb\n' > '$R/label'"
matches "label: errors says why" "one line" "$(cat "$MNT/errors")"
equal "label: nothing of them is stored" "" "$(cat "$R/label")"
echo kept >"$R/label"
refuse "label: nor over another" bash -c "printf 'a\nb\n' > '$R/label'"
equal "label: which stays" kept "$(cat "$R/label")"
refuse "marked: two lines (bash)" bash -c "printf 'yes\nno\n' > '$R/marked'"
equal "marked: unchanged" no "$(cat "$R/marked")"
check "label: what was read can be written" sh -c "echo x > '$R/label'; cat '$R/label' > l; cp l '$R/label'"
equal "label: unchanged by that" x "$(cat "$R/label")"

echo b >"$R/tags"
echo a >>"$R/tags"
equal "tags: >> adds, sorted" "a
b" "$(cat "$R/tags")"
equal "tags: in the store" "- a
- b" "$(cat "$STORE/tags")"
echo c >"$R/tags"
equal "tags: > replaces" c "$(cat "$R/tags")"

echo 'first thought' >>"$R/comments"
echo 'second thought' >>"$R/comments"
equal "comments: two" 2 "$(grep -c '^# ' "$R/comments")"
matches "comments: heading" "^# [0-9-]+T[0-9:.]+Z [a-z]+@" "$(cat "$R/comments")"
matches "comments: body" "second thought" "$(cat "$R/comments")"
cat "$R/comments" >c
cp c "$R/comments"
check "comments: what was read can be written" diff c "$R/comments"
printf '# a heading of my own\n\\ backslash\n' >>"$R/comments"
cat "$R/comments" >c
cp c "$R/comments"
check "comments: with # and backslash too" diff c "$R/comments"
echo only >"$R/comments"
equal "comments: > replaces all" 1 "$(grep -c '^# ' "$R/comments")"

echo yes >"$R/marked"
equal "marked: yes" yes "$(cat "$R/marked")"
equal "marked: in the store" true "$(cat "$STORE/marked")"
echo no >"$R/marked"
refuse "marked: no removes it" test -e "$STORE/marked"
refuse "marked: maybe (bash)" bash -c "echo maybe > '$R/marked'"
refuse "marked: maybe (dash)" dash -c "echo maybe > '$R/marked'"
equal "marked: unchanged" no "$(cat "$R/marked")"

# Two writers at once never mix, and neither is lost in a list that grows.
for i in 1 2 3 4 5 6 7 8; do
	(for j in 1 2 3 4 5; do echo "writer$i is here $j" >"$R/label"; done) &
done
wait $(jobs -p | grep -vx "$DAEMON")
matches "two writers never mix" '^writer[1-8] is here [1-5]$' "$(cat "$R/label")"

# Nor does one that adds take away what another adds: by the mount, and by the command line.
: >"$R/comments"
: >"$R/tags"
equal "what is cleared is so for who opens it next" "" "$(cat "$R/comments" "$R/tags")"
adders=()
for w in 1 2 3 4 5 6; do
	(for n in 1 2 3; do echo "from$w-$n" >>"$R/comments"; echo "tag$w-$n" >>"$R/tags"; done) &
	adders+=($!)
	"$BUILD/guild" tag -a "cli$w" -y "$id" >/dev/null 2>&1 &
	adders+=($!)
done
wait "${adders[@]}"
equal "comments that several add" 18 "$(grep -c '^from[1-6]-[1-3]$' "$R/comments")"
equal "and tags" 24 "$(sort -u "$R/tags" | grep -c .)"

# What is changed behind the mount shows.
"$BUILD/guild" label -y -s outside "$id" 2>/dev/null
wait_until 2 grep -qx outside "$R/label"
equal "a change by the command line shows" outside "$(cat "$R/label")"
echo foreign >"$STORE/label.new" && mv "$STORE/label.new" "$STORE/label"
check "a change by another program shows within a second" wait_until 3 grep -qx foreign "$R/label"
# An open descriptor reads what was there when it was opened.
exec 5<"$R/label"
echo changed >"$R/label"
equal "a snapshot for each open" foreign "$(cat <&5)"
exec 5<&-
equal "the next open has the new text" changed "$(cat "$R/label")"
