# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced, after lib.sh, by tests that have the real Guild AI and ours work on one home in turn.

# 0.9.0 is the last release; it wants a pkg_resources, and a psutil and Werkzeug of its time.
# Ends the script, with a skip, where it cannot be had.
install_guild_ai() {
	if ! python3 -m venv "$T/venv" >"$T/log" 2>&1; then
		skip "Guild AI" "no venv: $(tail -1 "$T/log")"
		exit 0
	fi
	if ! "$T/venv/bin/pip" -q install --no-compile 'setuptools<81' guildai==0.9.0 >"$T/log" 2>&1
	then
		skip "Guild AI" "pip cannot install guildai==0.9.0: $(tail -1 "$T/log")"
		exit 0
	fi
}

# Both in one environment; what they print is in $T/log.
RUNS=$HOME_DIR/runs
both() {
	env -i HOME="$T" USER="$(id -un)" LANG=C.UTF-8 NO_PIP_FREEZE=1 SOME_TOKEN=hush \
		PYTHONPYCACHEPREFIX="$T/pycache" VIRTUAL_ENV="$T/venv" PATH="$T/venv/bin:/usr/bin:/bin" \
		"$@" >"$T/log" 2>&1
}
theirs() { both "$T/venv/bin/guild" -H "$HOME_DIR" "$@"; }
ours() { both "$BUILD/guild" -H "$HOME_DIR" "$@"; }

# differences dump FILE ID FILE ID, or attrs RUN_DIR RUN_DIR: tests/lib/guild_ai_runs.py.
differences() {
	SHIM_DIR=$BUILD/python "$T/venv/bin/python" "$ROOT/tests/lib/guild_ai_runs.py" "$@"
}
# keep_dump ID NAME: what the operation wrote in run ID, out of the way of the next time. Prints why
# there is nothing.
keep_dump() {
	mv "$RUNS/$1/dump.json" "$T/$2.json" 2>/dev/null || echo "no dump: $(tail -1 "$T/log")"
}
# same_dump NAME ID DUMP OF_ID: what the operation wrote just now in run ID is what is in DUMP.
same_dump() {
	local lost
	lost=$(keep_dump "$2" now)
	equal "$1" "" "${lost:-$(differences dump "$T/$3.json" "$4" "$T/now.json" "$2")}"
}

# in_turn NAME ARGUMENT...: with one operation, all that one of the two does with the other's runs.
# The operation cannot tell who did it.
in_turn() {
	local n=$1 lost
	shift
	theirs run "$@" --run-id "$n-t" -y
	lost=$(keep_dump "$n-t" "$n")
	[ -z "$lost" ] || { not_ok "$n: theirs" "$lost"; return; }
	ours run "$@" --needed -y
	matches "$n: theirs makes ours needless" Skipping "$(cat "$T/log")"
	mv "$RUNS/$n-t" "$T/aside"
	ours run "$@" --run-id "$n-o" -y
	same_dump "$n: ours" "$n-o" "$n" "$n-t"
	theirs run "$@" --needed -y
	matches "$n: ours makes theirs needless" Skipping "$(cat "$T/log")"
	mv "$T/aside" "$RUNS/$n-t"
	equal "$n: attributes" "" "$(differences attrs "$RUNS/$n-t" "$RUNS/$n-o")"

	ours run --restart "$n-t" -y
	same_dump "$n: theirs, restarted by ours" "$n-t" "$n" "$n-t"
	theirs run --restart "$n-o" -y
	same_dump "$n: ours, restarted by theirs" "$n-o" "$n" "$n-t"

	theirs run "$@" --stage --run-id "$n-st" -y
	ours run "$@" --stage --run-id "$n-so" -y
	equal "$n: attributes when staged" "" "$(differences attrs "$RUNS/$n-st" "$RUNS/$n-so")"
	ours run --start "$n-st" -y
	same_dump "$n: theirs, started by ours" "$n-st" "$n" "$n-t"
	theirs run --start "$n-so" -y
	same_dump "$n: ours, started by theirs" "$n-so" "$n" "$n-t"

	ours run --proto "$n-t" --run-id "$n-pt" -y
	same_dump "$n: theirs, a prototype for ours" "$n-pt" "$n" "$n-t"
	theirs run --proto "$n-o" --run-id "$n-po" -y
	same_dump "$n: ours, a prototype for theirs" "$n-po" "$n" "$n-t"
}
