#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs that are started again, or are the pattern for others: what stays and what changes.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    echo:
      exec: sh -c 'echo "$FLAG_X"'
      flags: {x: 1.0}
      label: x is ${x}
    fail:
      exec: sh -c 'exit 3'
    other:
      exec: sh -c 'echo other'
      flags: {x: 2.0}
    all:
      steps: [echo]
    needs-file:
      exec: 'true'
      requires: {file: nowhere.txt}
    has-file:
      exec: cat words.txt
      requires: {file: words.txt}
    secret:
      exec: sh -c 'echo $MY_A $MY_B'
      env-secrets: [MY_A]
    secrets:
      exec: 'true'
      env-secrets: {MY_A: yes, MY_B: yes}
    dirs:
      exec: sh -c 'mkdir d && touch d/file && ln -s d link'
END
cd "$PROJECT" || exit 1
attr() { cat "$HOME_DIR/runs/$1/.guild/attrs/$2"; }
newest_run() { guild select; }

# A prototype gives flags, seed and the way to a label.
guild run echo x=5 -y >/dev/null
first=$(newest_run)
guild run --proto "$first" -y >/dev/null
second=$(newest_run)
equal "proto: flags" "$(attr "$first" flags)" "$(attr "$second" flags)"
equal "proto: seed" "$(attr "$first" random_seed)" "$(attr "$second" random_seed)"
equal "proto: label" "x is 5" "$(attr "$second" label)"
guild run other --proto "$first" x=7 -y >/dev/null
equal "proto: the label's template, for another operation, too" "x is 7" "$(attr "$(newest_run)" label)"

# A staged run keeps what it was staged with, unless it is told anew.
guild run all --stage --label "my label" --tag blue -y >/dev/null
staged=$(newest_run)
out=$(guild run --start "$staged" -y 2>&1)
matches "staged label and tag reach the steps" "--label my label --tag blue" "$out"
equal "and the step's run" "my label" "$(attr "$(newest_run)" label)"
# Its files are there before it starts, as they were then.
echo then >"$PROJECT/words.txt"
equal "staging says which dependencies it resolves" "Resolving file:words.txt" \
	"$(guild run has-file --stage -y 2>&1 >/dev/null)"
staged=$(newest_run)
echo now >"$PROJECT/words.txt"
equal "a staged run keeps its files" then "$(guild run --start "$staged" -y 2>/dev/null)"
out=$(guild run needs-file --stage -y 2>&1)
equal "one whose files are missing fails" 1 $?
matches "and says what is missing" "dependency was not met: .*nowhere.txt" "$out"
check "unless it is told to go on" guild run needs-file --stage --force-deps -y
rm "$PROJECT/words.txt"

guild run all --stage --tag blue -y >/dev/null
staged=$(newest_run)
out=$(guild run --start "$staged" --tag red -y 2>&1)
matches "a tag that is given at the start wins" "--tag red" "$out"
equal "over the old one" "" "$(grep -o -- '--tag blue' <<<"$out")"

# What Guild AI does to a run of ours, while it starts it again.
run=$first
dir=$HOME_DIR/runs/$run/.guild
status() { guild runs list "$run" --json | grep -o '"status": "[a-z]*"'; }
rm "$dir/attrs/exit_status"
equal "no exit status: an error" '"status": "error"' "$(status)"
sleep 60 &
sleeper=$!
echo -n $sleeper >"$dir/LOCK"
equal "a live process in LOCK: running" '"status": "running"' "$(status)"
matches "it is not started again" "cannot restart run $run because it's running" \
	"$(guild run --restart "$run" -y 2>&1)"
kill $sleeper
wait $sleeper 2>/dev/null
equal "a dead one: an error" '"status": "error"' "$(status)"
rm "$dir/LOCK"
touch "$dir/PENDING"
equal "PENDING: pending" '"status": "pending"' "$(status)"
start_mount
sleep 1.5
equal "a mount that looks for dead starts leaves it alone" pending "$(cat "$MNT/runs/$run/status")"
check "unless it is told to stop" sh -c "echo stop >'$MNT/runs/$run/ctl'"
equal "what nobody will start" error "$(cat "$MNT/runs/$run/status")"
touch "$dir/PENDING"
stop_mount
equal "it can be started" 5 "$(guild run --restart "$run" -y)"
equal "and ends" '"status": "completed"' "$(status)"

# A start that failed before the operation was one.
guild run needs-file -y >/dev/null 2>&1
equal "an unmet dependency: no start" no "$([ -e "$HOME_DIR/runs/$(newest_run)/.guild/attrs/started" ] && echo yes || echo no)"
equal "but an end" 1 "$(attr "$(newest_run)" exit_status)"

# Links to directories.
guild run dirs -y
equal "ls" "d/ d/file guild.yml link/" "$(guild ls -n | xargs)"
equal "ls -L" "d/ d/file guild.yml link/ link/file" "$(guild ls -n -L | xargs)"

# Told more, but no secrets.
out=$(MY_TOKEN=s3cret guild --debug run echo -y 2>&1)
matches "--debug tells the environment" "operation env: .*'FLAG_X': '1.0'" "$out"
equal "without secrets" "" "$(grep -o s3cret <<<"$out")"

# What the operation calls a secret gets to it, and no further.
equal "an operation has its secrets" "1 2" "$(MY_A=1 MY_B=2 guild run secret -y)"
equal "a list of secrets" "MY_B: '2'" "$(attr "$(newest_run)" env | grep MY_)"
MY_A=1 MY_B=2 guild run secrets -y
equal "a mapping of secrets" "" "$(attr "$(newest_run)" env | grep MY_)"

# Without its definition a run starts again as it was, but takes no flags.
guild run echo -y >/dev/null
run=$(newest_run)
mv guild.yml aside.yml
check "no Guild file: as it was" guild run --restart "$run" -y
matches "not with other flags" "cannot find definition for operation 'm:echo' in run $run" \
	"$(guild run --restart "$run" x=2 -y 2>&1)"
mv aside.yml guild.yml
