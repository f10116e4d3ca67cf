#!/bin/bash
# SPDX-License-Identifier: MIT
# index.tsv: all runs and those of an operation as a table, live, and what was kept of it.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    train:
      exec: sh train.sh
      flags: {x: 1, note: plain, on: {default: yes, type: boolean}, none: null}
    other: {exec: 'true', flags: {y: 2.5}, compare: [=y as why]}
    live: {exec: sh live.sh}
END
cat >"$PROJECT/train.sh" <<'END'
printf 'loss: 0.5\nloss: 0.1\nodd: nan\nhigh: inf\nkind: cnn\n'
END
cat >"$PROJECT/live.sh" <<'END'
echo 'count: 1'
until [ -e go ]; do sleep 0.05; done
echo 'count: 2'
echo 'late: 1'
until [ -e stop ]; do sleep 0.05; done
END
start_mount
cd "$MNT" || exit 1
OPS=models/m/operations
start() { echo "$2" >"$OPS/$1/flags" && finish; }
# cell FILE ROW HEADING: of the row'th run, from 1.
cell() { awk -F'\t' -v row="$2" -v want="$3" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == want) at = i}
	NR == row + 1 {print at ? $at : "no column"}' "$1"; }
CORE="run operation started time status label"

equal "without runs there are headings" "$CORE" "$(xargs <index.tsv)"
equal "listed" "README by errors index.html index.tsv models operations packages runs tensorboard trash where" "$(ls | xargs)"
start train "{x: 7, note: \"a\tb\nc\\\\d\"}"
id=$(newest)
equal "full id" "$id" "$(cell index.tsv 1 run)"
equal "operation" m:train "$(cell index.tsv 1 operation)"
equal "started" "$(cat "runs/$id/started")" "$(cell index.tsv 1 started)"
equal "time, in seconds" "$(cat "runs/$id/duration")" "$(cell index.tsv 1 time)"
equal "status" completed "$(cell index.tsv 1 status)"
equal "the columns of guild compare" "$(guild compare --csv - | head -1 | tr , ' ' | xargs)" "$(head -1 index.tsv | xargs)"
equal "a flag" 7 "$(cell index.tsv 1 x)"
equal "a text with tab, newline and backslash" 'a\tb\nc\\d' "$(cell index.tsv 1 note)"
equal "yes" yes "$(cell index.tsv 1 on)"
equal "nothing for null" "" "$(cell index.tsv 1 none)"
equal "a scalar reads back" "$(cat "runs/$id/metrics/loss")" "$(cell index.tsv 1 loss)"
equal "its step" 1 "$(cell index.tsv 1 step)"
equal "nan" nan "$(cell index.tsv 1 odd)"
equal "inf" inf "$(cell index.tsv 1 high)"
equal "an attribute that was logged" cnn "$(cell index.tsv 1 kind)"

start other ""
equal "newest first" "m:other m:train" "$(tail -n +2 index.tsv | cut -f2 | xargs)"
equal "the columns of its operation" "$CORE why" "$(head -1 "$OPS/other/index.tsv" | xargs)"
equal "an operation's own runs" "$(newest)" "$(tail -n +2 "$OPS/other/index.tsv" | cut -f1)"
equal "the same by opspec" "$(cat "$OPS/train/index.tsv")" "$(cat operations/m:train/index.tsv)"
for f in index.tsv "$OPS/other/index.tsv"; do
	equal "size of $f" "$(wc -c <"$f")" "$(stat -c %s "$f")"
done
check "tar takes it whole" sh -c "tar -cf - -C '$MNT' index.tsv | tar -df - -C '$MNT'"
refuse "it cannot be written" sh -c 'echo x >index.tsv'

# What our own programs change shows at once; a shell's find and grep come to an end.
echo best >"runs/$id/label"
equal "a label, through the mount" best "$(cell index.tsv 2 label)"
guild label -y -s better "$id" 2>"$T/err"
check "a label, from the command line" wait_until 2 sh -c "grep -q better index.tsv"
guild runs rm -y "$(newest)" 2>"$T/err"
equal "a deleted run and its columns are gone" "1 no column" \
	"$(($(wc -l <index.tsv) - 1)) $(cell index.tsv 1 why)"
equal "and from its operation's" "$CORE" "$(xargs <"$OPS/other/index.tsv")"

# While it runs.
echo >"$OPS/live/flags"
live=$(newest)
check "the first value" wait_until 10 sh -c "grep -q '^$live.*running' index.tsv && [ -s runs/$live/metrics/count ]"
check "shows" wait_until 2 sh -c "grep -qP '^$live\t.*\t1.0(\t|$)' index.tsv"
touch "$HOME_DIR/runs/$live/go"
check "grows, with a column that came later" wait_until 10 sh -c "head -1 index.tsv | grep -qw late"
equal "in its place" "$(guild compare --csv - | head -1 | tr , ' ' | xargs)" "$(head -1 index.tsv | xargs)"
equal "has no time yet" "" "$(cell index.tsv 1 time)"
touch "$HOME_DIR/runs/$live/stop"
finish
equal "and has it then" "$(cat "runs/$live/duration")" "$(cell index.tsv 1 time)"

# A Guild file that wants other columns.
sed -i 's/=y as why/=y as because/' "$PROJECT/guild.yml"
start other ""
check "other columns" wait_until 5 sh -c "head -1 $OPS/other/index.tsv | grep -qw because"

# What was kept comes back, also after the daemon's death and without the index.
before=$(cat index.tsv)
cd / || exit 1
kill -9 "$DAEMON"
wait "$DAEMON" 2>/dev/null
umount -l "$MNT" 2>/dev/null || fusermount3 -u -z "$MNT"
rm -f "$HOME_DIR"/cache/guildfs/index.db*
start_mount
equal "after kill -9, without the index" "$before" "$(cat "$MNT/index.tsv")"
