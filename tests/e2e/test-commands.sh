#!/bin/bash
# SPDX-License-Identifier: MIT
# Commands that hand runs to other programs or look around: diff, open, merge, watch, select by value,
# init, check, completion.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
cd "$PROJECT" || exit 1
export HOME=$T/user GUILD_CONFIG=$T/user/config.yml
mkdir "$HOME"
guild() { "$BUILD/guild" "$@"; }
R=$HOME_DIR/runs

guild run quick epochs=1 -y -q >/dev/null
guild run quick epochs=2 -y -q >/dev/null
new=$(guild select 1) old=$(guild select 2)

# --- diff, open --------------------------------------------------------------------------------------
equal "diff: the older one first" "$R/$old $R/$new" "$(guild diff -c echo)"
equal "in the order given" "$R/$new/a $R/$old/a" "$(guild diff -c echo -p a 1 2)"
matches "what differs is shown" "epochs: 1.*epochs: 2" "$(guild diff -f -c diff)"
check "and is no failure" guild diff -f -c diff
equal "one run and its project" "$R/$new $PROJECT" "$(guild diff -w -c echo)"
refuse "no such program" guild diff -c no-such-program
refuse "one run alone" guild diff 1
printf 'diff:\n  command:\n    .yml: echo yml\n    default: echo any\n' >"$GUILD_CONFIG"
equal "the configured program" "any $R/$old $R/$new" "$(guild diff)"
equal "by extension" "yml $R/$old/x.yml $R/$new/x.yml" "$(guild diff -p x.yml)"
echo 'diff: [' >"$GUILD_CONFIG"
refuse "a configuration that cannot be read" guild diff
rm "$GUILD_CONFIG"
equal "open" "a b $R/$new/x" "$(guild open -c 'echo "a b"' -p x)"
equal "open: output" "$R/$new/.guild/output" "$(guild open -c echo -O)"
equal "open: a shell there" "$R/$new" "$(guild open --shell-cmd pwd 2>/dev/null)"
refuse "open: an absolute path" guild open -c echo -p /etc

# --- merge -------------------------------------------------------------------------------------------
echo mine >>quick.sh
matches "merge replaces nothing" "files in the current directory would be replaced:
  quick.sh" "$(guild merge -y 2>&1)"
equal "really" mine "$(tail -1 quick.sh)"
equal "nor for programs, which are told why" '{"paths": ["quick.sh"], "resp": "replacement-paths"}' "$(guild api merge -y)"
equal "really not" mine "$(tail -1 quick.sh)"
matches "a preview for programs" '"toCopy": \[\{"fileType": "s", "runPath": "quick.sh"' "$(guild api merge --preview --replace)"
equal "which replaces nothing either" mine "$(tail -1 quick.sh)"
check "but to somewhere else" guild merge -y -t "$T/merged"
check "whole" cmp "$R/$new/quick.sh" "$T/merged/quick.sh"
matches "and what the run made when asked" "Copying result.txt" "$(guild merge -y -t "$T/all" -a 2>&1)"
matches "not into another project" "created from a different project" "$(cd "$T" && guild merge -y 2>&1)"
if command -v git >/dev/null; then
	export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x@x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@x
	git init -q . && git add -A && git commit -qm 1
	echo 'not committed' >>quick.sh
	matches "what git does not have is safe" "have unstaged changes" "$(guild merge -y 2>&1)"
	git add -A
	check "what it has is replaced" guild merge -y
	check "by the run's" cmp "$R/$new/quick.sh" quick.sh
else
	skip "merge with git" "git is not installed"
fi

# --- select ------------------------------------------------------------------------------------------
equal "select by flag: lowest" "$old" "$(guild select --min =epochs)"
equal "highest" "$new" "$(guild select --max =epochs)"
refuse "what no run has" guild select --min no-such-thing
refuse "two columns" guild select --min =a,=b
equal "of a status and its opposite the last one counts" "$new" "$(guild select --not-completed --completed)"

# --- watch -------------------------------------------------------------------------------------------
refuse "nothing runs" guild watch
matches "a run that is over" "$(guild cat -O).*Run $new stopped with a status of 'completed'" "$(guild watch 1 2>&1)"
guild run slow -y --background --pidfile "$T/pid" 2>/dev/null
slow=$(guild select 1)
"$BUILD/guild" watch >"$T/watched" 2>&1 &
watcher=$!
check "the running one is watched" wait_until 20 grep -q "Watching run $slow" "$T/watched"
kill -INT $watcher
wait $watcher
matches "an end of watching is none of the run" "Stopped watching $slow .still running" "$(cat "$T/watched")"
equal "which goes on" running "$(guild select --attr status 1)"
rm "$T/watched"
"$BUILD/guild" watch --pid "$T/pid" >"$T/watched" 2>&1 &
watcher=$!
check "by process" wait_until 20 grep -q "Watching run $slow" "$T/watched"
guild stop -y >/dev/null 2>&1
wait $watcher
matches "until its end" "Run $slow stopped with a status of 'terminated'" "$(cat "$T/watched")"

# --- init, check -------------------------------------------------------------------------------------
check "init" guild init "$T/new/dir"
check "which is found as a home" test -d "$T/new/dir/.guild/runs"
equal "with the user's resources" "$HOME/.guild/cache/resources" "$(readlink "$T/new/dir/.guild/cache/resources")"
check "that are there" test -d "$T/new/dir/.guild/cache/resources"
guild init "$T/new/dir/below" 2>/dev/null
equal "or those of a home above" "$T/new/dir/.guild/cache/resources" "$(readlink "$T/new/dir/below/.guild/cache/resources")"
guild init -l "$T/own" 2>/dev/null
check "or its own" test ! -L "$T/own/.guild/cache/resources"
matches "check" "guild_version: .*guildfs.*guild_home: *$HOME_DIR" "$(guild check)"
matches "check --space" "disk_space:.*  runs: +[0-9.]+K? *$R" "$(guild check --space)"
check "check --version" guild check --version '>=0.7,<1'
refuse "which fails for another" guild check --version '>=99'

matches "check of frameworks" "rscript_version: .*tensorflow_version: .*pytorch_version: " \
	"$(guild check --tensorflow --pytorch --r-script)"
out=$(guild check --tests 2>&1)
equal "check --tests" 0 $?
matches "says what was tested" "internal tests:.  home: +ok.  index: +ok.  run: +ok.  batch: +ok.  python: +[os]" "$out"
equal "in a home of its own" "$(guild runs -a | wc -l)" "$(guild check -t run >/dev/null 2>&1; guild runs -a | wc -l)"
equal "single ones" "internal tests:,  home:                        ok" "$(guild check -t home | paste -sd ,)"
equal "without one" "  run:                         skipped" "$(guild check -T -s run | grep run:)"
matches "one that is not there" "there is no test 'nix'; the tests are: home," "$(guild check -t nix 2>&1)"
mkdir "$T/odd" && guild -H "$T/odd" runs >/dev/null 2>&1 && rm -r "$T/odd/locks" && touch "$T/odd/locks"
out=$(guild -H "$T/odd" check -T -f 2>/dev/null)
equal "a home that is not sound" 1 $?
equal "is told, and with --fast the last" \
	"internal tests:,  home:                        FAILED,    $T/odd/locks/: Not a directory" "$(paste -sd , <<<"$out")"
printf '#!/bin/sh\nexec python3 -I "$@"\n' >"$T/python" && chmod +x "$T/python"
if ! "$T/python" -c 'import tensorflow' 2>/dev/null; then
	matches "tensorflow inspect without TensorFlow" "TensorFlow is not installed in .*guild install tensorflow" \
		"$(GUILD_PYTHON_EXE=$T/python guild tensorflow inspect x.ckpt 2>&1)"
fi
refuse "of nothing" guild tensorflow inspect
matches "the commands of a group" "Usage: guild tensorflow COMMAND.*inspect  " "$(guild tensorflow --help)"

# --- completion --------------------------------------------------------------------------------------
offers() { guild complete -- "$@" | cut -f1; }
matches "commands and operations" "merge.*m:quick" "$(offers '')"
equal "a command" merge "$(offers mer)"
equal "no hidden ones" "compare
completion" "$(offers comp)"
equal "operations" "m:quick" "$(offers run m:q)"
equal "flags" "epochs=" "$(offers run m:quick ep)"
equal "their choices" "kind=fast
kind=slow" "$(offers run m:quick kind=)"
equal "runs" "${new:0:8}" "$(offers runs info "${new:0:8}")"
equal "options" "--sourcecode
--skip-sourcecode" "$(offers merge --s | grep sourcecode)"
equal "the value of one" m:quick "$(offers runs --operation m:q)"
equal "files are the shell's" :files "$(offers export '')"
equal "then runs" "${old:0:8}" "$(offers export there "${old:0:8}")"
equal "nothing for an open quote" "" "$(guild complete --line "guild run 'm:")"
equal "what bash takes for a word" quick "$(guild complete --line 'guild run m:q' --breaks ':=' | cut -f1)"
script=$(guild completion --shell bash)
equal "bash itself" "m:quick" "$(bash -c "$script"'
	COMP_LINE="guild run m:q" COMP_POINT=13 COMP_WORDBREAKS=" "
	_guild_complete "$0"; echo "${COMPREPLY[*]}"' "$BUILD/guild" 2>/dev/null)"
echo '# mine' >"$HOME/.bashrc"
check "install" guild completion -s bash -i
check "keeps the old file" grep -qx '# mine' "$HOME/.bashrc.guild-backup.1"
equal "twice is once" 1 "$(guild completion -s bash -i 2>/dev/null; grep -c guild "$HOME/.bashrc")"
refuse "other shells" guild completion -s csh
matches "a typo" "did you mean 'export'" "$(guild exprot 2>&1)"

# --- page by page -------------------------------------------------------------------------------
if command -v script >/dev/null; then
	on_terminal() { PAGER="$1" script -qec "$2" "$T/typescript" </dev/null | tr -d '\r'; }
	upper="tr a-z A-Z"
	matches "help goes to a pager" "^OVERVIEW.*YOU ARE VIEWING" "$(on_terminal "$upper" "guild help")"
	matches "unless it is not wanted" "You are viewing" "$(on_terminal "$upper" "guild help -n")"
	matches "or not there" "You are viewing" "$(on_terminal no-such-pager "guild help")"
	equal "so does a file" "$(guild cat -O | $upper)" "$(on_terminal "$upper" "guild cat -pa -O")"
else
	skip "pagers" "script is not installed"
fi
matches "nothing but a terminal has pages" "You are viewing" "$(PAGER="tr a-z A-Z" guild help)"
matches "a package's description" $'^m\n#\n\nModels\n.*\nquick\n\\^+\n\nEnds at once' \
	"$(guild help --package-description)"
