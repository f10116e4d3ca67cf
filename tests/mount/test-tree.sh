#!/bin/bash
# SPDX-License-Identifier: MIT
# What is in the tree, and that every general rule about it holds for all of it.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
MY_TOKEN=1 SECRET_OF_MINE=2 DB_PASSWORD=3 HARMLESS=4 start_mount
cd "$MNT" || exit 1
OP=models/m/operations/quick

if command -v "$BUILD/guildfs" >/dev/null; then
	"$BUILD/guildfs" --print-tree >"$T/tree.txt"
	check "the printed tree is the golden one" diff "$ROOT/tests/golden/tree.txt" "$T/tree.txt"
fi

equal "top level" "README by errors index.html index.tsv models operations packages runs tensorboard trash where" "$(ls | xargs)"
matches "README names the mount" "$MNT" "$(cat README)"
for facet in by/*; do
	matches "README tells of $facet" "by/FACET.*${facet#by/}" "$(tr '\n' ' ' <README)"
done
equal "README fits one screen" yes "$([ "$(wc -l <README)" -le 40 ] && echo yes)"
equal "models" "m" "$(ls models)"
equal "model" "default description guildfile operations references resources" "$(ls models/m | xargs)"
equal "description" "A model for tests" "$(cat models/m/description)"
equal "references" "https://example.org/paper" "$(cat models/m/references)"
equal "default" "yes" "$(cat models/m/default)"
equal "guildfile link" "$PROJECT/guild.yml" "$(readlink models/m/guildfile)"
equal "operations of the model" "after fail missing quick slow" "$(ls models/m/operations | xargs)"
equal "resources" "made words" "$(ls models/m/resources | xargs)"
echo 'some words' >"$PROJECT/words.txt"
equal "a file that is there" "# Words to count
- source: file:words.txt
  type: file
  location: $PROJECT/words.txt
  resolved: yes" "$(cat models/m/resources/words)"
equal "no run made it yet" "- source: operation:quick
  type: operation
  location: quick
  resolved: no" "$(cat models/m/resources/made)"
rm "$PROJECT/words.txt"
check "and one that has gone" grep -q "resolved: no" models/m/resources/words
equal "opspec is a link" "../models/m/operations/quick" "$(readlink operations/m:quick)"
equal "opspec leads to the operation" "$(stat -c %i $OP)" "$(stat -Lc %i operations/m:quick)"
equal "operation" "cmd description error flags help index.tsv requires runs stage" "$(ls $OP | xargs)"
equal "cmd" "sh quick.sh" "$(cat $OP/cmd)"
equal "flags" "epochs: 10
kind: fast
name: a b
rate: 0.1" "$(cat $OP/flags)"
equal "stage shows the same" "$(cat $OP/flags)" "$(cat $OP/stage)"
matches "help: choices" "choices: fast, slow" "$(cat $OP/help)"
matches "help: description" "a name" "$(cat $OP/help)"
matches "requires" "operation:quick" "$(cat models/m/operations/after/requires)"
equal "error is empty" "" "$(cat $OP/error)"
echo 'none: 1' >$OP/flags 2>"$T/err"
time='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z'
matches "error is a sentence" "^line 1: unknown flag 'none'" "$(cat $OP/error)"
matches "errors: time, path, reason" "^$time	$OP/flags	line 1: unknown flag 'none'" "$(cat errors)"
refuse "no latest before a run" readlink runs/latest
refuse "no latest of the operation" readlink $OP/latest

echo 'epochs: 2' >$OP/flags
finish
id=$(newest)
matches "a run made it" "resolved: yes" "$(cat models/m/resources/made)"
equal "runs lists ids only" "$id" "$(ls -a runs | grep -v '^\.' | xargs)"
equal "latest of the operation" "../../../../runs/$id" "$(readlink $OP/latest)"
equal "unique prefix" "$id" "$(readlink "runs/${id:0:7}")"
refuse "empty prefix" readlink "runs/zz"
R=runs/$id
equal "files of a run" "attrs cmd comments ctl duration env exit_status files flags host id info label marked metrics model operation output platform plots project random_seed scalars scalars.csv sourcecode started status stopped tags user" "$(ls "$R" | xargs)"
equal "id" "$id" "$(cat "$R/id")"
equal "operation" "m:quick" "$(cat "$R/operation")"
equal "status" completed "$(cat "$R/status")"
equal "exit_status" 0 "$(cat "$R/exit_status")"
matches "started" "^$time\$" "$(cat "$R/started")"
matches "stopped" "^$time\$" "$(cat "$R/stopped")"
matches "duration" '^[0-9]+\.[0-9]+$' "$(cat "$R/duration")"
equal "project" "$PROJECT" "$(cat "$R/project")"
equal "model" m "$(cat "$R/model")"
equal "flags of the run" "epochs: 2
kind: fast
name: a b
rate: 0.1" "$(cat "$R/flags")"
equal "cmd of the run" "sh quick.sh" "$(cat "$R/cmd")"
equal "env is private" 400 "$(stat -c %a "$R/env")"
matches "env" "FLAG_EPOCHS=2" "$(cat "$R/env")"
equal "env without secrets" "HARMLESS=4" "$(grep -E "MY_TOKEN|SECRET_OF|DB_PASS|HARMLESS" "$R/env")"
equal "label by default" "epochs=2 kind=fast name='a b' rate=0.1" "$(cat "$R/label")"
equal "output" "epochs=2 rate=0.1 name=a b" "$(cat "$R/output")"
equal "marked" no "$(cat "$R/marked")"
matches "info" "operation: m:quick" "$(cat "$R/info")"
matches "attrs has what has no file of its own" "initialized" "$(ls "$R/attrs")"
refuse "attrs does not repeat" test -e "$R/attrs/flags"
refuse "no pid when it is over" test -e "$R/pid"
refuse "wait is not listed" grep -qx wait <(ls "$R")
equal "wait" 0 "$(cat "$R/wait")"

# Rules about everything.
bad=$(find . -type f ! -path '*/files/*' ! -path '*/sourcecode/*' ! -name output \
	! -name 'events.out.tfevents.*' -size +0 \
	-exec sh -c 'for f; do [ -z "$(tail -c 1 "$f")" ] || echo "$f"; done' sh {} +)
equal "text files end with a newline" "" "$bad"
bad=$(find . -type f -exec sh -c 'for f; do
	[ "$(stat -c %s "$f")" = "$(cat "$f" | wc -c)" ] || echo "$f"; done' sh {} +)
equal "sizes are exact" "" "$bad"
bad=$(find . -type l -not -name guildfile -printf '%l\n' | grep '^/')
equal "links are relative" "" "$bad"
bad=$(find . -printf '%i\n' | sort | uniq -d)
equal "no two entries share an inode number" "" "$bad"
before=$(find . -printf '%i %p\n' | sort)
sleep 1.2
equal "inode numbers stay" "$before" "$(find . -printf '%i %p\n' | sort)"
check "grep -r ends" timeout 60 grep -rq completed .
check "tar" sh -c "tar cf '$T/run.tar' 'runs/$id'"
tar xf "$T/run.tar" -C "$T"
check "tar holds what is there" diff -r "runs/$id" "$T/runs/$id"
check "cp -r" cp -r "runs/$id" "$T/copy"
check "cp -r holds what is there" diff -r "runs/$id" "$T/copy"
check "rsync -a" rsync -a "runs/$id/" "$T/rsynced"
check "rsync -a holds what is there" diff -r "runs/$id" "$T/rsynced"
for f in id flags cmd label; do
	equal "tar tv has the size of $f" "$(wc -c <"runs/$id/$f")" \
		"$(tar tvf "$T/run.tar" "runs/$id/$f" | awk '{print $3}')"
done

# What must not be changed here.
refuse "no new file in a run" touch "$R/new"
refuse "no directory" mkdir "$R/dir"
refuse "no removal" rm -f "$R/id"
check "the run is whole after rm -r was tried" sh -c "rm -rf '$R' 2>/dev/null; test -s '$R/id'"
refuse "a text cannot be written" sh -c "echo x > '$R/id'"
refuse "an artifact cannot be written" sh -c "echo x > '$R/files/result.txt'"
equal "unlink in a run is EPERM" "Operation not permitted" \
	"$(rm -f "$R/id" 2>&1 | sed 's/.*: //')"
check "df" df "$MNT"
