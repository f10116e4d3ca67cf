#!/bin/bash
# SPDX-License-Identifier: MIT
# where/: runs that a filter expression selects, and the same by guild runs -F.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    train:
      exec: sh train.sh
      flags: {lr: 0.1, name: a/b, on: yes}
    live: {exec: sh live.sh}
END
cat >"$PROJECT/train.sh" <<'END'
echo "loss: $FLAG_LR"
echo "kind: cnn"
END
cat >"$PROJECT/live.sh" <<'END'
echo 'count: 1'
until [ -e go ]; do sleep 0.05; done
echo 'count: 5'
until [ -e stop ]; do sleep 0.05; done
END
start_mount
cd "$MNT" || exit 1
ids() { ls "where/$1" 2>/dev/null | grep -vx "index.tsv\|tensorboard" | xargs; }
start() { echo "$1" >models/m/operations/train/flags && finish && newest; }
# Both ways select the same.
same() {
	local there
	there=$(guild runs list --json -F "$2" | grep -o '"id": "[0-9a-f]*"' | cut -d'"' -f4 | sort | xargs)
	equal "$1" "$3" "$(ids "${2//\//%2F}")"
	equal "$1, by guild runs -F" "$3" "$there"
}
both() { printf '%s\n' "$@" | sort | xargs; }

equal "not listed" "" "$(ls where)"
equal "no runs" "" "$(ids 'lr = 0.1')"
a=$(start 'lr: 0.1')
b=$(start 'lr: 0.5')
same "a flag" "lr = 0.1" "$a"
same "a scalar" "loss > 0.3" "$b"
same "either" "lr = 0.1 or loss > 0.3" "$(both "$a" "$b")"
same "neither" "not (lr = 0.1 or loss > 0.3)" ""
same "an attribute that it logged" "kind = cnn and lr = 0.5" "$b"
same "its status" "status = completed and op = train" "$(both "$a" "$b")"
same "a slash" "name = 'a/b' and lr < 0.2" "$a"
same "contains" "label contains 'LR=0.5'" "$b"
same "undefined" "nothing is undefined and on = true" "$(both "$a" "$b")"
equal "a link to the run" "$b" "$(cat "where/lr = 0.5/$b/id")"
equal "relative" "../../runs/$b" "$(readlink "where/lr = 0.5/$b")"
equal "a run that is not selected" "No such file or directory" "$(LC_ALL=C ls "where/lr = 0.5/$a" 2>&1 | sed 's/.*: //')"
equal "index.tsv" "run $b" "$(cut -f1 "where/lr = 0.5/index.tsv" | xargs)"
equal "its size" "$(wc -c <"where/lr = 0.5/index.tsv")" "$(stat -c %s "where/lr = 0.5/index.tsv")"
check "find comes to an end" timeout 20 find where "where/lr = 0.5"

for bad in 'lr >' '(' 'cat' '1 or 2' '.git' 'lr == 1'; do
	equal "refused: $bad" "No such file or directory" "$(LC_ALL=C ls -d "where/$bad" 2>&1 | sed 's/.*: //')"
	check "and told: $bad" grep -qF "where/$bad	" errors
done
matches "what is wrong" "syntax error in filter at position 4: unexpected token '='" "$(cat errors)"
matches "by guild runs -F, too" "guild: syntax error in filter - unexpected end" "$(guild runs -F 'lr >' 2>&1)"

# What changes shows at once.
echo best >"runs/$a/label"
equal "a label" "$a" "$(ids 'label = best')"
echo other >"runs/$a/label"
equal "another one" "" "$(ids 'label = best')"
c=$(start 'lr: 0.1')
equal "a new run" "$(both "$a" "$c")" "$(ids 'lr = 0.1')"
rmdir "runs/$c"
equal "a deleted one" "$a" "$(ids 'lr = 0.1')"
echo >models/m/operations/live/flags
live=$(newest)
check "a live run" wait_until 10 test -e "where/count = 1/$live/id"
touch "$HOME_DIR/runs/$live/go"
check "as it goes on" wait_until 10 sh -c "[ -e 'where/count > 2/$live/id' ] && [ ! -e 'where/count = 1/$live' ]"
touch "$HOME_DIR/runs/$live/stop"
finish
