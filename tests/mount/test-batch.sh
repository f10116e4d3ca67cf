#!/bin/bash
# SPDX-License-Identifier: MIT
# A list or a function in a flags file makes a batch; trials/, by/batch.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    train:
      exec: sh -c 'echo loss:' ${lr}
      flags: {lr: 0.1, n: {default: 1, type: int, max: 9}}
    fit: {exec: sh fit.sh, flags: {x: 0}, jobs: 2}
    most: {exec: sh fit.sh, flags: {x: 0}, objective: {maximize: acc}}
    slow: {exec: sh slow.sh, flags: {n: 0}}
    search:
      exec: sh search.sh
      flags: {x: {default: 1.0, min: 0.0, max: 2.0}, n: 1}
      optimizers: {quick: {algorithm: asha, reduction: 4}, own: {default: yes}}
    own: {exec: sh own.sh, flags: {depth: 3}}
END
echo 'echo loss: $FLAG_X' >"$PROJECT/search.sh"
echo 'echo depth $FLAG_DEPTH; ls .guild/proto/.guild/attrs/flags' >"$PROJECT/own.sh"
cat >"$PROJECT/slow.sh" <<'END'
touch started
until [ -e go ]; do sleep 0.05; done
END
# For 9 there is no number; 2 is wrong, and says so.
cat >"$PROJECT/fit.sh" <<'END'
[ "$FLAG_X" = 9 ] || printf 'loss: %s\nacc: %s\n' "$FLAG_X" "$FLAG_X"
[ "$FLAG_X" != 2 ]
END
start_mount
cd "$MNT" || exit 1
OP=models/m/operations
# Of the newest batch, which is not the newest run for long.
batch_of() { find "$HOME_DIR/runs" -mindepth 3 -maxdepth 3 -name proto -newer "$T/before" | cut -d/ -f"$(($(echo "$HOME_DIR" | tr -cd / | wc -c) + 3))"; }
before() { touch "$T/before" && sleep 0.01; }

before
check "a list is written" sh -c "echo 'lr: [0.1, 0.5]' >$OP/train/flags"
b=$(batch_of)
train=$b
finish "$b"
equal "it makes a batch" "m:train+" "$(cat "runs/$b/operation")"
equal "which is there after it is done" completed "$(cat "runs/$b/status")"
equal "its flags are those that were written" "lr: [0.1, 0.5]
n: 1" "$(cat "runs/$b/flags")"
matches "info has them, too" "proto-flags:
  lr: \[0.1, 0.5\]
  n: 1" "$(cat "runs/$b/info")"
equal "trials" 2 "$(ls "runs/$b/trials" | grep -vc index.tsv)"
equal "their values, the last one first" "0.5 0.1" "$(tail -n +2 "runs/$b/trials/index.tsv" | cut -f7 | xargs)"
for t in $(ls "runs/$b/trials" | grep -v index.tsv); do
	equal "trial $t leads to its run" "$t completed" "$(cat "runs/$b/trials/$t/id" "runs/$b/trials/$t/status" | xargs)"
	equal "and so by/batch" "$t" "$(cat "by/batch/$b/$t/id")"
	refuse "a trial is no batch" test -e "runs/$t/trials"
	equal "it is the operation's" "$t" "$(basename "$(readlink "$OP/train/runs/$t")")"
done
equal "by/batch" "$b" "$(ls by/batch)"
refuse "no other run is a trial" test -e "by/batch/$b/$b"

refuse "without a number none is the best" readlink "runs/$b/best"
equal "nor is one listed" "" "$(ls "runs/$b" | grep -x best)"
t=$(ls "runs/$b/trials" | grep -v index.tsv | head -1)
equal "the table of trials stands beside them, too" "$(cat "runs/$b/trials/index.tsv")" "$(cat "runs/$b/index.tsv")"
equal "tensorboard/ has the same runs" "$(ls "runs/$b/trials" | grep -v index.tsv | cut -c1-8)" \
	"$(ls "runs/$b/tensorboard" | cut -c1-8)"
equal "as links to where all are" "$(ls tensorboard | grep "^${t:0:8} ")" \
	"$(basename "$(readlink "runs/$b/tensorboard/${t:0:8} "*)")"
check "that lead there" test -e "runs/$b/tensorboard/${t:0:8} "*/events.out.tfevents.0000000000.hparams
echo other >"runs/$t/label"
matches "a trial's new name shows in a batch that is over" "other$" "$(ls "runs/$b/tensorboard" | grep "^${t:0:8} ")"
matches "and in its table" "other" "$(cat "runs/$b/index.tsv")"

# best_of OPERATION VALUES: the flag of the best trial.
best_of() {
	before
	echo "x: [$2]" >"$OP/$1/flags"
	best=$(batch_of)
	finish "$best"
	cat "runs/$best/best/flags"
}
equal "best is the least loss" "x: 3" "$(best_of fit "7, 2, 3, 9, 5")"
equal "or what the operation's objective says" "x: 7" "$(best_of most "7, 2, 3, 9, 5")"
equal "jobs of the operation are the batch's" "2 1" \
	"$(for o in fit most; do cat "$(grep -lx "m:$o+" runs/*/operation | xargs dirname)/files/.guild/guildfs/jobs" 2>/dev/null || echo 1; done | xargs)"

b=$train
before
cp "runs/$b/flags" "$OP/train/flags"
again=$(batch_of)
finish "$again"
equal "cp repeats it" "$(cat "runs/$b/flags")" "$(cat "runs/$again/flags")"
equal "with trials of its own" "" "$(comm -12 <(ls "runs/$b/trials") <(ls "runs/$again/trials") | grep -v index.tsv)"

before
check "a function in a new file" sh -c "echo 'lr: loguniform[0.001:1.0:0.25]' >$OP/train/search.yml"
s=$(basename "$(readlink "$OP/train/search.yml")")
finish "$s"
equal "its name is the batch's label" search "$(cat "runs/$s/label")"
equal "twenty trials" 20 "$(ls "runs/$s/trials" | grep -vc index.tsv)"
equal "the first has the third argument" "0.25" "$(tail -1 "runs/$s/trials/index.tsv" | cut -f7)"
cd / && stop_mount && start_mount && cd "$MNT" || exit 1
equal "the name leads to it after a remount, too" "$s" "$(basename "$(readlink "$OP/train/search.yml")")"

# refused NAME SENTENCE TEXT: no run.
refused() {
	local n
	n=$(count_runs)
	refuse "$1 is refused" sh -c "echo '$3' >$OP/train/flags"
	matches "$1: why" "$2" "$(cat "$OP/train/error")"
	equal "$1: nothing is made" "$n" "$(count_runs)"
}
refused "a sequence that cannot be" "'lr=range.1:5:0.': the step must not be 0" 'lr: range[1:5:0]'
echo 'lr: []' >"$T/empty.yml"
n=$(count_runs)
refuse "a batch of nothing is refused" cp "$T/empty.yml" "$OP/train/flags"
matches "why" "flag 'lr' is an empty list: a batch of it has no trials" "$(cat "$OP/train/error")"
equal "nothing is made" "$n" "$(count_runs)"
refused "a function without a range" "lower bound 3 has to be less than the upper bound 1" 'lr: uniform[3:1]'
refused "a bad value among good ones" "out of range" 'n: [1, 20]'
refused "a value of the wrong type in a list" "invalid value" 'n: [1, b]'

# An optimizer, by `$` and the name of the option; what is shown of the batch makes another such.
before
check "an optimizer is named" sh -c "printf '%s\\n' '\$optimizer: quick' '\$maximize: loss' '\$max-trials: 5' \
	'\$random-seed: 7' '\$jobs: 2' >$OP/search/flags"
b=$(batch_of)
finish "$b"
equal "it searches" "m:search+asha completed" "$(cat "runs/$b/operation" "runs/$b/status" | xargs)"
equal "with as many trials" 5 "$(ls "runs/$b/trials" | grep -vc index.tsv)"
equal "its flags say so" "\$jobs: 2
\$max-trials: 5
\$maximize: loss
\$opt-flags: {reduction: 4}
\$optimizer: asha
n: 1
x: uniform[0.0:2.0:1.0]" "$(cat "runs/$b/flags")"
xs() { cat "runs/$1"/trials/*/flags | grep '^x' | sort; }
before
(cd "$PROJECT" && guild run search -o quick -X loss -m 5 --random-seed 7 -yq --keep-batch >/dev/null 2>&1)
equal "by this seed those that the command line has" "$(xs "$(batch_of)")" "$(xs "$b")"
best=$(cut -d' ' -f2 <<<"$(xs "$b" | sort -k2 -g | tail -1)")
equal "best is the largest" "x: $best" "$(grep ^x "runs/$b/best/flags")"
before
cp "runs/$b/flags" "$OP/search/flags"
again=$(batch_of)
finish "$again"
equal "cp repeats the search" "$(cat "runs/$b/flags" "runs/$b/operation")" "$(cat "runs/$again/flags" "runs/$again/operation")"
before
echo '$optimizer=yes $opt-flags="{depth: 5}"' >$OP/search/flags
b=$(batch_of)
finish "$b"
equal "an operation of the project's own" "depth 5 .guild/proto/.guild/attrs/flags" "$(xargs <"runs/$b/output")"
equal "is named, too" '$opt-flags: {depth: 5} $optimizer: m:own' "$(grep '^\$' "runs/$b/flags" | xargs -d '\n')"
before
echo '$stage-trials=yes x=[1,2]' >$OP/search/flags
b=$(batch_of)
finish "$b"
equal "trials that wait" "staged staged" "$(cat "runs/$b"/trials/*/status | xargs)"
before
echo '$fail-on-trial-error=yes x=[2,3]' >$OP/fit/flags
b=$(batch_of)
finish "$b"
equal "a trial that fails ends it" error "$(cat "runs/$b/status")"
# not_made NAME SENTENCE TEXT: refused by write, which a shell looks at.
not_made() {
	local n
	n=$(count_runs)
	refuse "$1" sh -c "echo '$3' >$OP/search/flags"
	matches "$1: why" "$2" "$(cat "$OP/search/error")"
	equal "$1: nothing is made" "$n" "$(count_runs)"
}
not_made "no such optimizer" "there is no optimizer 'gq'" '$optimizer: gq'
not_made "no such option" "did you mean '.optimizer'" '$optimiser: gp'
not_made "a bad number" "line 1: invalid value none for .max-trials" '$max-trials: none'
echo '$max-trials: 3' >$OP/search/flags
matches "an option without a batch" ".max-trials is for a batch" "$(cat "$OP/search/error")"

before
echo 'n: [1, 2]' >$OP/slow/stage
b=$(batch_of)
equal "a batch waits as any run" staged "$(cat "runs/$b/status")"
equal "without trials" "" "$(ls "runs/$b/trials" | grep -v index.tsv)"
echo start >"runs/$b/ctl"
check "its first trial starts" wait_until 20 sh -c "ls $HOME_DIR/runs/*/started"
equal "the second waits" "pending running" "$(cat "runs/$b"/trials/*/status | sort | xargs)"
refuse "a batch that runs is not removed" rmdir "runs/$b"
echo stop >"runs/$b/ctl"
finish "$b"
equal "stop ends the batch" terminated "$(cat "runs/$b/status")"
equal "and its trial, and leaves the other one" "pending terminated" "$(cat "runs/$b"/trials/*/status | sort | xargs)"
touch "$PROJECT/slow.sh"
echo restart >"runs/$b/ctl"
check "restart goes on with it" wait_until 20 sh -c "cat runs/$b/trials/*/status | grep -q running"
equal "and makes no other" "running terminated" "$(cat "runs/$b"/trials/*/status | sort | xargs)"
for t in $(ls "runs/$b/trials" | grep -v index.tsv); do touch "$HOME_DIR/runs/$t/go"; done
finish "$b"
equal "to the end" "completed completed terminated" "$(cat "runs/$b/status" "runs/$b"/trials/*/status | sort | xargs)"

before
echo 'n: [3, 4]' >$OP/slow/flags
b=$(batch_of)
check "another one" wait_until 20 sh -c "cat runs/$b/trials/*/status | grep -q running"
t=$(grep -lx running "runs/$b"/trials/*/status | cut -d/ -f4)
check "its trial's process is there" wait_until 20 test -e "$HOME_DIR/runs/$t/started"
echo kill >"runs/$b/ctl"
finish "$b"
finish "$t"
equal "kill ends both" "terminated terminated" "$(cat "runs/$b/status" "runs/$t/status" | xargs)"
equal "and starts no other" "pending terminated" "$(cat "runs/$b"/trials/*/status | sort | xargs)"

# Its own process is gone: the trials that it left are still its.
before
echo 'n: [5, 6]' >$OP/slow/flags
b=$(batch_of)
check "one more" wait_until 20 sh -c "cat runs/$b/trials/*/status | grep -q running"
t=$(grep -lx running "runs/$b"/trials/*/status | cut -d/ -f4)
kill -9 "$(cut -d' ' -f1 "$HOME_DIR/runs/$b/.guild/guildfs/supervisor")"
check "its supervisor is killed" wait_until 20 grep -qv running "runs/$b/status"
(cat "runs/$b/wait" && cat "runs/$t/status") >"$T/waited" &
waiter=$!
equal "its trial runs on" running "$(cat "runs/$t/status")"
echo stop >"runs/$b/ctl"
check "stop reaches it" wait_until 20 grep -qx terminated "runs/$t/status"
wait "$waiter"
equal "and a wait for the batch ends with it" terminated "$(tail -1 "$T/waited")"
