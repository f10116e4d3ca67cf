#!/bin/bash
# SPDX-License-Identifier: MIT
# A Guild file that is edited, broken, mended and removed under the mount.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
start_mount
M=$MNT/models/m
sed -i 's/A model for tests/Edited/; s/epochs: 10/epochs: 77/' "$PROJECT/guild.yml"
check "an edit shows within a second" wait_until 3 grep -qx Edited "$M/description"
matches "in flags" "epochs: 77" "$(cat "$M/operations/quick/flags")"
# Nobody waits for the next look: what starts is what is on disk at that moment.
starts_what_is_there() {
	sed -i "s/epochs: [0-9]*$/epochs: $2/" "$1"
	echo >"$M/operations/quick/flags"
	finish
	cat "$MNT/runs/latest/output"
}
for n in 31 32 33; do
	matches "an edit and a run in one breath ($n)" "epochs=$n " \
		"$(starts_what_is_there "$PROJECT/guild.yml" $n)"
done
sed 's/^- model: m/- config: all/; /references\|resources\|words:\|made:/d' "$PROJECT/guild.yml" \
	>"$PROJECT/all.yml"
cp "$PROJECT/guild.yml" "$T/whole.yml"
printf '%s\n' '- include: all.yml' '- model: m' '  extends: all' >"$PROJECT/guild.yml"
matches "an edit of an included file and a run" "epochs=34 " \
	"$(starts_what_is_there "$PROJECT/all.yml" 34)"
cp "$T/whole.yml" "$PROJECT/guild.yml"
sed -i 's/epochs: 33$/epochs: 77/' "$PROJECT/guild.yml"
equal "flags are read as they are on disk" "epochs: 77" "$(grep epochs "$M/operations/quick/flags")"
cp "$PROJECT/guild.yml" "$T/good.yml"
printf '%s\n' '- model: m' '  operations: {quick: [1]}' >"$PROJECT/guild.yml"
check "a broken file: error says what is wrong" wait_until 3 grep -q "guild.yml:2:" "$M/operations/quick/error"
matches "where, and what would do" "mapping" "$(cat "$M/operations/quick/error")"
matches "the last good content stays" "epochs: 77" "$(cat "$M/operations/quick/flags")"
matches "the mount's errors say it, too" "$PROJECT/guild.yml	$PROJECT/guild.yml:2:.*mapping" \
	"$(tail -1 "$MNT/errors")"
check "runs can still be started" sh -c "echo 'epochs: 1' > '$M/operations/quick/flags'"
cp "$T/good.yml" "$PROJECT/guild.yml"
check "mended: error is empty" wait_until 3 sh -c "! test -s '$M/operations/quick/error'"
cat >"$PROJECT/guild.yml" <<'END'
greet:
  exec: echo hello ${who}
  flags: {who: world}
END
check "a short form: the operation is in operations/" wait_until 3 test -d "$MNT/operations/greet"
equal "without a model" "" "$(ls "$MNT/models")"
wait_until 20 sh -c "! grep -qx running $MNT/runs/*/status"
echo 'who: you' >"$MNT/operations/greet/flags"
finish
equal "it runs" "hello you" "$(cat "$MNT/runs/latest/output")"
equal "latest leads to it" "../../runs/$(newest)" "$(readlink "$MNT/operations/greet/latest")"
cp "$T/good.yml" "$T/fast.yml"
echo 'who: me' >"$MNT/operations/greet/drop.yml"
finish
equal "a dropped file's link" "../../runs/$(newest)" "$(readlink "$MNT/operations/greet/drop.yml")"
refuse "a run of an anonymous model has no model" test -e "$MNT/runs/latest/model"

cat >"$PROJECT/guild.yml" <<'END'
model: cifar10-cnn
description: 2018
operations:
  train:
    description: Train it
    cmd: train_cnn
    flags:
      epochs: 10000
      batch-size: 128
END
echo 'import sys; print(sys.argv[1:])' >"$PROJECT/train_cnn.py"
check "the form of 2018" wait_until 3 test -d "$MNT/models/cifar10-cnn/operations/train"
echo >"$MNT/models/cifar10-cnn/operations/train/flags"
finish
equal "runs its module with its flags" "['--batch-size', '128', '--epochs', '10000']" \
	"$(cat "$MNT/runs/latest/output")"
matches "by Guild AI's command" "-um guild.op_main train_cnn -- --batch-size 128 --epochs 10000" \
	"$(cat "$MNT/runs/latest/cmd")"
rm "$PROJECT/guild.yml"
check "without a Guild file there are no models" wait_until 3 sh -c "[ -z \"\$(ls '$MNT/models')\" ]"
check "but runs" test -n "$(ls "$MNT/runs")"
stop_mount

# A mount that begins with a broken file has no operation whose error could say it.
printf '%s\n' '- model: m' '  operations: {quick: [1]}' >"$PROJECT/guild.yml"
start_mount
matches "broken from the start: the mount's errors say it" \
	"$PROJECT/guild.yml	$PROJECT/guild.yml:2:.*mapping" "$(cat "$MNT/errors")"
equal "once" 1 "$(wc -l <"$MNT/errors")"
stop_mount

# Two projects that share a model's name.
mkdir "$T/other"
cp "$T/good.yml" "$PROJECT/guild.yml"
cp "$T/good.yml" "$T/other/guild.yml"
start_mount -C "$T/other"
equal "the second project's model" "m m@other" "$(ls "$MNT/models" | xargs)"
equal "its Guild file" "$T/other/guild.yml" "$(readlink "$MNT/models/m@other/guildfile")"

# What is only odd is told, too; and what is asked for just now is as of now.
printf '%s\n' 'train: {exec: x, flgs: 3}' >"$PROJECT/guild.yml"
matches "a misspelt attribute is among the errors" "$PROJECT/guild.yml	.*flgs.*did you mean 'flags'" \
	"$(tail -1 "$MNT/errors")"
