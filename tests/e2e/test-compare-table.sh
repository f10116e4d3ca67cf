#!/bin/bash
# SPDX-License-Identifier: MIT
# The table of guild compare on a real terminal (tmux): what is on the screen after each key.
. "$(dirname "$0")/../lib/lib.sh"

if ! command -v tmux >/dev/null; then
	skip "the table of guild compare" "tmux is not installed"
	exit 0
fi
cat >"$PROJECT/guild.yml" <<'END'
quick: {exec: sh quick.sh, flags: {x: 1}}
slow: {exec: sh slow.sh}
END
echo 'echo "loss: 0.$FLAG_X"' >"$PROJECT/quick.sh"
echo 'echo "loss: 0.5"; until test -e "$GO"; do sleep 0.05; done' >"$PROJECT/slow.sh"
cd "$PROJECT" || exit 1
export GO=$T/go TMUX_TMPDIR=$T/tmux
mkdir "$TMUX_TMPDIR"
guild() { "$BUILD/guild" "$@"; }
ids() { guild select --all --short-id 2>/dev/null | xargs; }

# --- a terminal ------------------------------------------------------------------------------------
tm() { tmux -L table -f /dev/null "$@"; }
close_terminal() {
	tm kill-server 2>/dev/null
	cleanup
}
trap close_terminal EXIT
keys() { tm send-keys -t table "$@"; }
typed() {
	keys -l "$1"
	keys Enter
}
# In the shell there, on an empty screen; says at the end what its status was.
lines=0
line() {
	lines=$((lines + 1))
	typed "clear; $1; echo line $lines ends with \$?"
}
# await_end NAME STATUS
await_end() { await "$1" "^line $lines ends with $2\$"; }
screen() { tm capture-pane -t table -p; }
shows() { screen | grep -qE -- "$1"; }
hides() { ! shows "$1"; }
# await NAME REGEX, await_gone NAME REGEX: a line of the screen has it, or none has, soon.
await() {
	if wait_until 20 shows "$2"; then ok "$1"; else not_ok "$1" "no /$2/ on the screen: $(screen)"; fi
}
await_gone() {
	if wait_until 20 hides "$2"; then ok "$1"; else not_ok "$1" "/$2/ on the screen: $(screen)"; fi
}
# A column of the table, by its number, without its heading.
column() { screen | sed '1d;$d' | awk -v n="$1" 'NF {print $n}' | xargs; }
column_is() { [ "$(column "$1")" = "$2" ]; }
# await_column NAME NUMBER WANTED
await_column() {
	if wait_until 20 column_is "$2" "$3"; then ok "$1"; else not_ok "$1" "wanted '$3': $(screen)"; fi
}

for x in 9 10 2; do guild run quick x=$x -y -q >/dev/null; done
if ! LC_ALL=C.UTF-8 tm -u new-session -d -s table -x 100 -y 30 "exec bash --norc --noprofile"; then
	not_ok "tmux starts" "it does not"
	exit 0
fi
await "a shell" '[$#]$'
typed 'PS1="ready> "; stty -a >before'
line 'guild compare'

# --- the table -------------------------------------------------------------------------------------
await "it opens" 'run 1 of 3'
matches "headings first" '^run +operation +started +time +status +label +x +step +loss' \
	"$(screen | head -1)"
equal "a row for each run, the newest first" "$(ids)" "$(column 1)"
keys q
await_end "q leaves it" 0
check "the table is gone from the screen" hides '^run '
line 'stty -a >after; cmp before after'
await_end "the terminal is as it was" 0
line 'guild compare -t'
await_end "-t prints the table" 0
check "and its rows" shows "^$(ids | cut -d' ' -f1) +quick"
line 'guild compare | cat'
await_end "so does a pipe" 0
check "with its rows" shows "^$(ids | cut -d' ' -f1) +quick"
line 'TERM=dumb guild compare'
await_end "and a terminal without a cursor that can be moved" 0
check "with its rows, too" shows "^$(ids | cut -d' ' -f1) +quick"

# --- order, search, columns ------------------------------------------------------------------------
line 'guild compare -cc "=x, loss, .status"'
await "columns that were asked for" '^run +x +loss +status'
await_column "the newest first" 2 "2 10 9"
keys l s
await_column "numbers sort as numbers" 2 "2 9 10"
await "the status says by what" 'by x '
keys S
await_column "the other way" 2 "10 9 2"
await "the cursor stays on its run" 'run 3 of 3 +column 2 of 4 +x: 2 '
keys a
await_column "a: not sorted" 2 "2 10 9"
keys s
await_column "sorted again" 2 "2 9 10"
keys /
await "/ asks" '^search:'
keys -l '0.10'
await "and searches while one types" '^search: 0.10'
keys Enter
await "Enter ends at the cell" 'run 3 of 3 +column 3 of 4 +loss: 0\.10'
keys /
keys -l 'COMPL'
keys Enter
await "in upper or lower case" 'run 3 of 3 +column 4 of 4 +status: completed'
keys n
await "n: the next one, around the end" 'run 1 of 3 +column 4 of 4'
keys N
await "N: back" 'run 3 of 3 +column 4 of 4'
keys /
keys -l 'nothing'
keys Enter
await "what is not there is said" "no cell has 'nothing'"
keys x
await_gone "x hides a column" '^run.*status'
await "which the status says" '1 hidden'
keys X
await "X shows it" '^run.*status'
keys '$' x
await_gone "hidden again" '^run.*status'

# --- details and help --------------------------------------------------------------------------------
keys g
await "g: to the first" 'run 1 of 3'
id=$(basename "$(echo "$HOME_DIR/runs/$(column 1 | cut -d' ' -f1)"*)")
keys Enter
await "Enter: what is known of the run" "^id: $id"
# (A long path goes on beyond the edge of the screen.)
seen() { head -20 | cut -c1-70 | sed 's/ *$//'; }
info=$(guild runs info "$id" | seen)
shows_info() { [ "$(screen | sed '1d;$d' | seen)" = "$info" ]; }
wait_until 5 shows_info
equal "which is what runs info says" "$info" "$(screen | sed '1d;$d' | seen)"
keys q '?'
await "?: the keys" 'sort by this column, lowest first'
keys G
await "to its end" 'draw the screen again'
keys q
await "and back" 'run 1 of 3'

# --- the same table of other runs --------------------------------------------------------------------
keys r
await "r without news" 'run 1 of 3'
guild run quick x=1 -y -q >/dev/null
keys r
await "r: a new run is there, and the cursor on its own" 'run 2 of 4'
await_column "in the order that was chosen" 2 "1 2 9 10"
check "without the hidden column" hides '^run.*status'
guild run slow -y --background >/dev/null 2>&1
wait_until 20 sh -c 'guild runs -Sr | grep -q slow' || not_ok "slow" "it does not run"
keys X r
await "a run that runs" ' running'
await "beside it the cursor is where it was" 'run 2 of 5'
await_column "a run without a value comes last" 2 "1 2 9 10 0.5"
touch "$GO"
is_over() { [ -z "$(guild runs -Sr 2>/dev/null)" ]; }
wait_until 20 is_over
keys r
await_gone "which is over at the next r" ' running'
keys q
await_end "it leaves" 0

# --- sizes -------------------------------------------------------------------------------------------
label=$(printf 'a\033[31mb\tc d\303\251 \346\227\245\346\234\254')
guild label --set "$label" 1 -y >/dev/null 2>&1
line 'guild compare'
await "a text with control characters is shown as text" 'a\\x1b\[31mb\\tc'
await "and letters of all kinds" "$(printf 'd\303\251 \346\227\245\346\234\254')"
tm resize-window -t table -x 50 -y 5
at_bottom() { [ "$(screen | grep -c .)" = 5 ] && screen | tail -1 | grep -q "run $1 of 5"; }
check "a smaller terminal" wait_until 20 at_bottom 1
keys G '$'
oldest=$(ids | cut -d' ' -f5)
await "the first column stays when others scroll" "^$oldest .* 9$"
check "and the status" wait_until 20 at_bottom 5
tm resize-window -t table -x 12 -y 2
await "a tiny one" '^ run 5'
tm resize-window -t table -x 120 -y 40
await "a larger one" 'run 5 of 5 +column 9 of 9'
await_column "has all rows again" 1 "$(ids)"

# --- marks ---------------------------------------------------------------------------------------------
keys g m
await "m marks" 'slow \[marked\]'
equal "the run itself" 1 "$(guild runs --marked | wc -l)"
keys u
await_gone "u takes the mark away" 'slow \[marked\]'
equal "from the run, too" 0 "$(guild runs --marked | wc -l)"

guild label --set "from outside" 2 -y >/dev/null 2>&1
keys r
await "a label that another program sets shows at the next r" 'from outside'

# --- a run that goes -----------------------------------------------------------------------------------
guild runs rm 1 -y >/dev/null 2>&1
keys Enter
await "details of a run that is gone" 'no longer exists'
keys q r
await "r takes it out" 'run 1 of 4'

# --- ends ----------------------------------------------------------------------------------------------
table_pid() {
	local pid
	for pid in $(own_processes); do
		[ "$(tr '\0' ' ' <"/proc/$pid/cmdline")" = "guild compare " ] && echo "$pid"
	done
}
keys q
await_end "q leaves it again" 0
typed 'stty -a >before'
line 'guild compare'
await "once more" 'run 1 of 4'
kill -TERM "$(table_pid)"
await_end "a signal ends it" 143
line 'stty -a >after; cmp before after'
await_end "and the terminal is as it was" 0
line 'guild compare'
await "and again" 'run 1 of 4'
keys C-c
await "Ctrl-C ends it" '^ready>$'
line 'stty -a >after; cmp before after'
await_end "and leaves the terminal in order" 0
line 'guild compare'
await "once more again" 'run 1 of 4'
keys C-z
await "Ctrl-Z stops it" 'Stopped'
typed 'fg'
await "and fg goes on" 'run 1 of 4'
keys q
await "to its end" '^ready>$'
line 'guild compare -Fl nothing-has-this'
await "no runs" 'no runs'
keys j G l s x A / a Enter n m u C c Enter '?' q r q
await_end "leave nothing to fail" 0
