#!/bin/bash
# SPDX-License-Identifier: MIT
# The command line, by hand: every command, its output and its exit status.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
cd "$PROJECT" || exit 1
guild() { "$BUILD/guild" "$@"; }

matches "--version says which guild this is" '^guildfs [0-9]' "$(guild --version)"
matches "--help" "Usage: guild" "$(guild --help)"
for c in run "runs list" "runs info" stop label tag mark cat ls models operations mount unmount; do
	# shellcheck disable=SC2086 # two words
	matches "$c --help" "Usage: guild" "$(guild $c --help)"
done
equal "runs of an empty home" "" "$(guild runs)"
equal "models" "m  A model for tests" "$(guild models)"
equal "operations" "m:after|m:fail|m:missing|m:quick Ends at once|m:slow" \
	"$(guild operations | sed 's/  */ /; s/ *$//' | paste -sd'|')"
equal "operations -v" "m:quick  Ends at once|  main: |  flags: ['epochs: (default is 10)', 'kind: (default is fast)', 'name: a name (default is a b)', 'rate: (default is 0.1)']|  details: []" \
	"$(guild operations -v quick | paste -sd'|')"
matches "models -v" "  source: $PROJECT/guild.yml.  operations: after, fail," "$(guild models -v)"
equal "models and operations by name" "a:x b:x b:y" "$(mkdir "$T/order" && cd "$T/order" &&
	printf '%s\n' '- model: b' '  operations: {y: m, x: m}' '- model: a' '  operations: {x: m}' >guild.yml &&
	guild operations | xargs)"
equal "operations: a filter" "m:quick  Ends at once" "$(guild operations ends)"

out=$(guild run quick epochs=3 -y 2>"$T/err")
equal "run: exit status" 0 $?
equal "run: the output is shown" "epochs=3 rate=0.1 name=a b" "$out"
equal "train MODEL" "epochs=4 rate=0.1 name=a b" "$(guild quick m epochs=4 -y)"
equal "MODEL:OP" "epochs=5 rate=0.1 name=x y" "$(guild run m:quick epochs=5 'name=x y' -y)"
matches "run asks" "You are about to run m:quick.*epochs: 10.*Continue" \
	"$(echo n | guild run quick 2>&1)"
echo n | guild run quick >/dev/null 2>&1
equal "run: no is no error" 0 $?
equal "run: no makes no run" 3 "$(count_runs)"
guild run fail -y >"$T/out" 2>"$T/err"
equal "run: the operation's exit status" 3 $?
guild run nothing -y 2>"$T/err"
equal "run: an unknown operation" 1 $?
matches "run: says where to look" "'nothing' is not defined for model 'm'.Try 'guild operations m'" \
	"$(cat "$T/err")"
matches "run: and what it may have been" "model 'm' - did you mean 'quick'" "$(guild run quikc -y 2>&1)"
matches "run: an unknown model" "^guild: cannot find operation x:quick.Try" "$(guild run x:quick -y 2>&1)"
for spec in a/b/c m:quick:x a:b/c x/; do
	matches "run: $spec is no operation" "invalid operation '$spec'" "$(guild run $spec -y 2>&1)"
done
guild run quick epocs=3 -y 2>"$T/err"
equal "run: an unknown flag" 1 $?
matches "run: did you mean" "did you mean 'epochs'" "$(cat "$T/err")"
guild run quick epochs -y 2>"$T/err"
matches "run: not NAME=VAL" "expected NAME=VAL" "$(cat "$T/err")"
guild run quick --nonsense 2>"$T/err"
equal "run: an unknown option is a usage error" 2 $?
guild rnus 2>"$T/err"
equal "an unknown command is a usage error" 2 $?
matches "an operation may have been meant" "unrecognized command .quik. - did you mean .quick.\?" "$(guild quik 2>&1)"
out=$(guild runs -Sxc 2>&1)
equal "a letter that is no status is an error" 1 $?
matches "which names the command as it was called" "char 'x' in option '-S'.*'guild runs --help'" "$out"
matches "or by its name" "Try 'guild runs list --help'" "$(guild runs list --nonsense 2>&1)"
equal "run: --print-cmd" "sh quick.sh" "$(guild run quick --print-cmd)"
matches "run: --help-op" "epochs.*default is 10" "$(guild run quick --help-op)"
guild run missing -y >"$T/out" 2>&1
equal "run: a program that is not there" 1 $?
matches "run: says so" "No such file or directory: 'no-such-program-anywhere'" "$(cat "$T/out")"

row='^\[1:[0-9a-f]{8}\]  m:missing  [0-9-]+ [0-9:]+  error      $'
matches "runs: a row" "$row" "$(guild runs | head -1)"
equal "runs 1 is no command, as in Guild AI" 2 "$(guild runs 1 2>/dev/null; echo $?)"
equal "runs: newest first" "m:missing m:fail m:quick m:quick m:quick" \
	"$(guild runs | awk '{print $2}' | xargs)"
equal "runs -o" 3 "$(guild runs -Fo quick | wc -l)"
equal "runs -Se" 2 "$(guild runs -Se | wc -l)"
equal "runs -Sce" 5 "$(guild runs -Sce | wc -l)"
equal "runs: an index" m:fail "$(guild runs list 2 | awk '{print $2}')"
equal "runs: a slice" 2 "$(guild runs list 2:3 | wc -l)"
id=$(basename "$(guild ls 3 -n -f | head -1 | xargs dirname)")
equal "runs: a prefix" 1 "$(guild runs list "${id:0:6}" | wc -l)"
matches "runs: no such run" "could not find a run matching 'zzz'" "$(guild runs list zzz 2>&1)"
matches "runs info" "operation: m:quick" "$(guild runs info 3)"
matches "runs info: flags" "  epochs: 5" "$(guild runs info 3)"
matches "runs info: command" "command: sh quick.sh" "$(guild runs info "$id")"

check "label --set" guild label -y -s "a label" 3
matches "label" "a label" "$(guild runs list 3)"
guild label -y -a more 3 2>/dev/null
guild label -y -p some 3 2>/dev/null
matches "label --append, --prepend" "some a label more" "$(guild runs list 3)"
guild label -y -rm "a label" 3 2>/dev/null
matches "label --remove" "some more" "$(guild runs list 3)"
guild label -y -c 3 2>/dev/null
refuse "label --clear" grep -q some <(guild runs list 3)
guild label 3 2>/dev/null
equal "label needs one of its options" 2 $?
check "tag --add" guild tag -y -a t1 -a t2 3
matches "runs info: tags" "  - t1" "$(guild runs info 3)"
equal "runs -Ft" 1 "$(guild runs -Ft t2 | wc -l)"
equal "a name that no run has is noted" "note: no run has 'epoch'; did you mean 'epochs'?" "$(guild runs -F 'epoch > 1' 2>&1)"
equal "beside what is found" "note: no run has 'scalar:los'" "$(guild runs -F 'epochs > 0 or scalar:los < 1' 2>&1 >/dev/null)"
equal "which stays found" "$(guild select -A -F 'epochs > 0' | wc -l)" "$(guild select -A -F 'epochs > 0 or nix = 1' 2>/dev/null | wc -l)"
equal "not where it is asked whether there is one, or may be one" "" "$(guild runs -F 'nix is undefined or label = nix or attr:exit_status = 77' 2>&1 >/dev/null)"
equal "a home that is not there" "guild: directory '$T/nix' does not exist" "$(guild -H "$T/nix" runs 2>&1)"
matches "says where it comes from" "'$T/nix' does not exist.The environment variable GUILD_HOME names it" \
	"$(GUILD_HOME=$T/nix guild runs 2>&1)"
check "tag --delete" guild tag -y -d t1 3
out=$(guild tag -y -d nix 3 2>&1)
equal "a tag that is not there cannot be deleted" 1 $?
matches "which is told" "the run has no tag 'nix'.guild: nothing was deleted" "$out"
matches "beside one that is" "WARNING: no run has the tag 'nix'.Modified tags for 2 run" \
	"$(guild tag -y -a t3 2 3 2>&1 >/dev/null; guild tag -y -d nix -d t3 2 3 2>&1 | tail -2)"
guild comment -y -a first 3 2>/dev/null
out=$(guild comment -y -d 2 3 2>&1)
equal "likewise a comment" 1 $?
matches "by its number" "run [0-9a-f]{8} has no comment 2.guild: nothing was deleted: 'guild comment --list'" "$out"
equal "which leaves the others" "WARNING: Deleted comment for 1 run(s)" \
	"$(guild comment -y -d 1 2 3 2>&1 | sed 's/ run [0-9a-f]*.*//' | xargs)"
refuse "a deleted tag" grep -q t1 <(guild runs info 3)
check "mark" guild mark -y 3
matches "a marked run" 'm:quick \[marked\]' "$(guild runs list 3)"
equal "runs --marked" 1 "$(guild runs --marked | wc -l)"
equal "a marked run is preferred as a dependency" "result" "$(guild run after -y)"
matches "its flag is the marked run" "trained: $id" "$(guild runs info)"
check "mark --clear" guild mark -y -c
echo n | guild mark 3 2>/dev/null
equal "declined: exit status 4" 4 $?

equal "cat --output" "epochs=5 rate=0.1 name=x y" "$(guild cat -O "$id")"
equal "cat --path" deep "$(guild cat -p sub/deep/file "$id")"
refuse "cat does not lead out" guild cat -p ../../../etc/passwd "$id"
equal "ls" "$HOME_DIR/runs/$id:
  guild.yml
  quick.sh
  result.txt
  slow.sh
  sub/
  sub/deep/
  sub/deep/file
  sub/link" "$(guild ls "$id")"
equal "ls -p" "result.txt" "$(guild ls -n -p '*.txt' "$id")"
equal "ls -s" "guild.yml quick.sh slow.sh" "$(guild ls -n -s "$id" | xargs)"

# Staged, in the background, stopped.
guild run quick --stage -y epochs=8 >"$T/err"
matches "run --stage says how to go on" "staged as ([0-9a-f]{32})" "$(cat "$T/err")"
id=$(grep -o '[0-9a-f]\{32\}' "$T/err" | head -1)
equal "staged" 1 "$(guild runs -Ss | wc -l)"
equal "run --start" "epochs=8 rate=0.1 name=a b" "$(guild run --start "$id" -y)"
equal "run --restart" "epochs=8 rate=0.1 name=a b" "$(guild run --restart "$id" -y)"
guild run slow --background -y 2>"$T/err"
equal "run --background returns at once" 0 $?
pidfile=$(sed -n 's/.*started in background as [0-9a-f]\{32\} (pidfile \(.*\))$/\1/p' "$T/err")
wait_until 5 test -s "$pidfile"
check "and says where the operation's pid is" kill -0 "$(cat "$pidfile")"
wait_until 5 sh -c "[ \"\$('$BUILD/guild' runs -Sr | wc -l)\" = 1 ]"
equal "running" 1 "$(guild runs -Sr | wc -l)"
guild stop -y 2>"$T/err"
equal "stop" 0 $?
matches "stop says what" "Stopping [0-9a-f]{8} \(pid [0-9]+\)" "$(cat "$T/err")"
equal "terminated" 1 "$(guild runs -St | wc -l)"
guild stop -y 2>/dev/null
equal "nothing to stop" 1 $?

# Ctrl-C, and a command line that is killed.
setsid "$BUILD/guild" run slow -y >"$T/out" 2>&1 &
pid=$!
wait_until 5 grep -q 'tick 1' "$T/out"
kill -INT $pid
wait $pid
equal "Ctrl-C ends the run" 254 $?
setsid "$BUILD/guild" run slow seconds=2 -y >"$T/out2" 2>&1 &
pid=$!
wait_until 5 grep -q 'tick 1' "$T/out2"
kill -KILL $pid
wait $pid 2>/dev/null
check "a killed command line leaves the run running" sh -c "[ \"\$('$BUILD/guild' runs -Sr | wc -l)\" = 1 ]"
check "which completes" wait_until 10 sh -c "'$BUILD/guild' runs list 1 | grep -q completed"

# An operation gets its three streams, and nothing else that was open.
env -u USER guild comment -a hello -y >/dev/null 2>&1
matches "a comment without USER has the login" "^$(id -un)@" "$(guild cat -p .guild/attrs/comments |
	sed -n 's/.*user: //p')@"
cat >>"$PROJECT/guild.yml" <<'END'
    words: {exec: "echo a 'b c' '\"d e\"' ''"}
END
guild run words -y >/dev/null 2>&1
equal "runs info quotes words that have quotes" "command: echo a \"b c\" '\"d e\"' \"\"" \
	"$(guild runs info | grep ^command)"

# Scripts are run by name, as in Guild AI; elsewhere a sentence says so.
echo 'rate = 0.1' >"$PROJECT/job.py"
matches "a script is no command" "'job.py', which is a script.*guild run job.py" "$(guild job.py 2>&1)"
guild job.py rate=2 2>/dev/null
equal "which is wrong usage" 2 $?
matches "nor a Guild file" "job.py is a script.*guild run job.py --help-op" "$(guild help job.py 2>&1)"
cp "$PROJECT/guild.yml" "$PROJECT/other.yml"
equal "which help takes by any name" "$(guild help)" "$(guild help other.yml)"
matches "and by no other" "quick.sh:1:1: invalid guildfile data" "$(guild help quick.sh 2>&1)"

cat >>"$PROJECT/guild.yml" <<'END'
    fds: {exec: ls /proc/self/fd}
END
equal "inherited descriptors" "0 1 2 3" "$(exec 9<"$PROJECT/quick.sh"; guild run fds -y | xargs)"

# Homes.
matches "-H must exist" "does not exist" "$(guild -H "$T/nowhere" runs 2>&1)"
mkdir "$T/home2"
equal "-H" "" "$(guild -H "$T/home2" runs)"
equal "-C" "m  A model for tests" "$(cd / && guild -C "$PROJECT" models)"
printf '%s\n' '- model: a' '  operations: {x: [1]}' >"$PROJECT/guild.yml"
matches "a broken Guild file" "guild.yml:2:19: .*mapping" "$(guild models 2>&1)"
matches "is told where a command may be an operation" \
	"'train' is no command, and operations are not known: error in .*guild.yml:2:19: " "$(guild train 2>&1)"
rm "$PROJECT/guild.yml"
matches "but not where none is" "unrecognized command 'y'" "$(guild y 2>&1)"
