#!/bin/bash
# SPDX-License-Identifier: MIT
# guild tensorboard without a mount: what a real TensorBoard shows of the runs that are selected, as
# they grow, come, go and get labels; and that nothing is left behind.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/tensorboard.sh"
tensorboard_python "guild tensorboard"
export GUILD_PYTHON_EXE=$TENSORBOARD_PYTHON TMPDIR=$T/tmp
mkdir -p "$TMPDIR"

growing_project
cd "$PROJECT" || exit 1
id_of() { basename "$(ls -d "$HOME_DIR/runs/${1:0:8}"*)"; }
grow() { guild run grow -y --background "$@" 2>&1 | sed 's/.* as \([^ ]*\).*/\1/'; }
steps() { ask "$PORT" scalars "$1/.guild" loss 2>/dev/null | wc -l; }
beyond() { [ "$(steps "$1")" -gt "$2" ]; }
stop() {
	touch "$HOME_DIR/runs/$1/stop"
	wait_until 20 sh -c "guild runs info $1 | grep -q 'status: completed'"
}
logdirs() { ls -d "$TMPDIR"/guild-tensorboard-* 2>/dev/null; }
name_of() { (cd "$(logdirs)" && echo "${1:0:8} "*); }
has_run() { ask "$PORT" runs 2>/dev/null | grep -q "^${1:0:8} "; }
has_none() { ! has_run "$1"; }
# start OPTION...: $GUILD is the process, $PORT where TensorBoard is, once it answers.
start() {
	# The shell empties it beside us, maybe after we have looked for what the one before has printed.
	rm -f "$T/err"
	guild tensorboard -n --refresh-interval 1 "$@" >"$T/out" 2>"$T/err" &
	GUILD=$!
	check "it prints its address ($*)" wait_until 60 grep -q '^Running TensorBoard [0-9.]* at http://.*:[0-9]* (Type' "$T/err"
	PORT=$(sed -n 's/^Running.*:\([0-9]*\) (Type.*/\1/p' "$T/err")
	tensorboard=$(pgrep -P "$GUILD" -f tensorboard.main)
}
is_labeled() { [ -d "$(logdirs)/${1:0:8} "*"$2" ]; }
ended() { ! kill -0 "$1" 2>/dev/null; }
# A GIF of one dot, with a comment, so that its size says which one it is.
dot() { printf 'GIF89a\1\0\1\0\200\0\0\377\377\377\0\0\0,\0\0\0\0\1\0\1\0\0\2\2D\1\0;%s' "${1:-}"; }

first=$(grow)
wait_until 20 grep -q 'step 3' "$HOME_DIR/runs/$first/.guild/output"
mkdir "$HOME_DIR/runs/$first/plots"
dot >"$HOME_DIR/runs/$first/plots/a.gif"
echo 'not an image' >"$HOME_DIR/runs/$first/b.png"
stop "$first"
second=$(grow lr=1)

for load_fast in true false; do
	start -O load_fast=$load_fast
	loader="load_fast=$load_fast"
	one=$(name_of "$first") two=$(name_of "$second")
	shows "$loader: every value of a run that is over" "$(logged "$first")" "$PORT" scalars "$one/.guild" loss
	check "$loader: a run that grows" wait_until 60 beyond "$two" 1
	check "$loader: it goes on growing" wait_until 60 beyond "$two" "$(steps "$two")"
	shows "$loader: flags" "${first:0:8} m:grow	STATUS_SUCCESS	lr=0.25	name=a b" "$PORT" sessions "${first:0:8}"
	shows "$loader: flags of what runs" "${second:0:8} m:grow	STATUS_UNKNOWN	lr=1.0	name=a b" "$PORT" sessions "${second:0:8}"
	shows "$loader: images, and nothing else that is called so" plots/a.gif "$PORT" images "$one/.images"
	shows "$loader: as they are" "0 image/gif $(dot | wc -c)" "$PORT" image "$one/.images" plots/a.gif
	equal "$loader: as many descriptors as there may be" \
		"$(awk '/open files/ {print $5}' "/proc/$tensorboard/limits")" \
		"$(awk '/open files/ {print $4}' "/proc/$tensorboard/limits")"

	guild run fail -y >/dev/null 2>&1
	third=$(id_of "$(guild select -s -Fo fail)")
	shows "$loader: a new run with another flag, and nothing logged" \
		"${third:0:8} m:fail	STATUS_FAILURE	depth=3.0" "$PORT" sessions "${third:0:8}"
	guild label -y --set "best $load_fast" "$third" >/dev/null 2>&1
	wait_until 20 is_labeled "$third" "best $load_fast"
	shows "$loader: a new label is a new name" "$(name_of "$third")" "$PORT" runs "${third:0:8}"
	guild runs rm -y "$third" >/dev/null 2>&1
	check "$loader: a run that is deleted goes" wait_until 60 has_none "$third"
	dot more >"$HOME_DIR/runs/$second/new.gif"
	shows "$loader: an image of a run that runs" "0 image/gif $(dot more | wc -c)" "$PORT" image "$two/.images" new.gif
	rm "$HOME_DIR/runs/$second/new.gif"

	dir=$(logdirs)
	kill -INT "$GUILD"
	wait "$GUILD"
	equal "$loader: Ctrl-C is no error" 0 $?
	check "$loader: and ends TensorBoard" ended "$tensorboard"
	refuse "$loader: and removes the directory" test -e "$dir"
	equal "$loader: without a word more" "" "$(grep -v '^Preparing\|^Running' "$T/err")"
done

# Which runs, and what of them.
start --skip-hparams --skip-images --run-name-flags 'lr, name' "$first"
check "a selection" wait_until 60 has_run "$first"
equal "is all that there is" "${first:0:8}" "$(ask "$PORT" runs | cut -c1-8 | sort -u)"
matches "named by flags" "^${first:0:8} m:grow [0-9: -]* lr=0.25 name='?a b'?/.guild" "$(ask "$PORT" runs)"
equal "without flags" "" "$(ask "$PORT" sessions "${first:0:8}")"
kill -TERM "$GUILD"
wait "$GUILD"
equal "nothing is left behind" "" "$(logdirs)"

start -Fo grow
tensorboard=$(pgrep -P "$GUILD" -f tensorboard.main)
kill -KILL "$GUILD"
wait "$GUILD" 2>/dev/null
check "TensorBoard does not outlive us" wait_until 20 ended "$tensorboard"
rm -rf "$(logdirs)"
stop "$second"

dir=$(guild tensorboard --test-logdir 2>/dev/null | sed 's/^Initialized log dir //')
equal "--test-logdir leaves the directory" "$(logdirs)" "$dir"
equal "with links into the store" "$HOME_DIR/runs/$first/.guild" "$(dirname "$(readlink "$dir/${first:0:8} "*/.guild/*.0)")"
rm -rf "$dir"

# Ctrl-C while runs are prepared, at a link into one of them.
if (strace -qq -o /dev/null -e trace=symlinkat -e inject=symlinkat:signal=INT:when=1 true) 2>/dev/null; then
	for option in --test-logdir --skip-images; do
		strace -f -qq -o /dev/null -e trace=symlinkat -e inject=symlinkat:signal=INT:when=1 \
			"$BUILD/guild" tensorboard -n $option >"$T/out" 2>"$T/err"
		equal "interrupted ($option)" 1 $?
		matches "it says so ($option)" "interrupted" "$(cat "$T/err")"
		equal "and leaves nothing behind ($option)" "" "$(cat "$T/out")$(logdirs)"
	done
else
	skip "Ctrl-C while runs are prepared" "strace cannot inject signals here"
fi

# Values as CSV.
expected=$(logged "$first" | awk -v id="$first" '{print id ",.guild,loss," $2 "," $1}'
for row in train/loss,1.0,0 odd,inf,0 train/loss,0.5,1000 odd,inf,1 train/loss,0.3333333432674408,2000 \
	odd,nan,2 train/loss,0.25,3000 odd,inf,3 train/loss,0.20000000298023224,4000 odd,inf,4; do
	echo "$first,logs/train,$row"
done)
equal "--export-scalars -" "run,path,tag,value,step"$'\n'"$expected" "$(guild tensorboard --export-scalars - "$first")"
check "into a file in a new directory" guild tensorboard --export-scalars "$T/new/s.csv" "$first"
equal "the same" "$(guild tensorboard --export-scalars - "$first")" "$(cat "$T/new/s.csv")"
events=$(ls "$HOME_DIR/runs/$first/.guild/"events*.0)
printf 'damage of some length' >>"$events"
matches "a damaged file is told" "WARNING: run ${first:0:8}: .guild/events.*damaged" "$(guild tensorboard --export-scalars "$T/new/s.csv" "$first" 2>&1)"
equal "and what is before the damage is there" "$expected" "$(tail -n +2 "$T/new/s.csv")"

# What cannot be.
matches "no TensorBoard" "no TensorBoard: .*pip install tensorboard" "$(PATH=$BUILD:/usr/bin:/bin GUILD_PYTHON_EXE=/bin/sh guild tensorboard -n 2>&1)"
matches "an option without a value" "must be OPTION=VALUE" "$(guild tensorboard -O x 2>&1)"
matches "a port" "invalid value '70000' for --port" "$(guild tensorboard -p 70000 2>&1)"
matches "an interval" "invalid value '0' for --refresh-interval" "$(guild tensorboard --refresh-interval 0 2>&1)"
matches "an option that TensorBoard does not know" "unrecognized arguments: --no_such=1.*ended with status 2" \
	"$(guild tensorboard -n -O no_such=1 2>&1 | tr '\n' ' ')"
equal "and nothing is left of it" "" "$(logdirs)"
