#!/bin/bash
# SPDX-License-Identifier: MIT
# The real TensorFlow: what a Keras program logs and prints, value by value, in the mount, on the
# command line and in TensorBoard, while the run grows and through a kill -9 of the daemon; its
# SavedModel through the mount; and the example cifar10-cnn.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/tensorboard.sh"
. "$ROOT/tests/lib/guild-ai.sh"
. "$ROOT/tests/lib/keras.sh"

EXAMPLE=$T/examples/cifar10-cnn
mkdir "$T/examples"
cp -r "$ROOT/docs/examples/cifar10-cnn" "$ROOT/docs/examples/digits" "$T/examples/"
keras_venv "$EXAMPLE"
ln -s "$EXAMPLE/.venv" "$PROJECT/.venv"
TENSORBOARD_PYTHON=$EXAMPLE/.venv/bin/python
# Without samples of the system, so that what a program logs is all that there is.
export GUILD_SAMPLE_SECONDS=0 TF_CPP_MIN_LOG_LEVEL=2 TF_ENABLE_ONEDNN_OPTS=0

cp "$ROOT/tests/lib/keras_run.py" "$PROJECT/"
cat >"$PROJECT/torch_run.py" <<'END_OF_PROGRAM'
# Logs as programs with PyTorch do.
import json
import numpy as np
import tensorboardX

logged = open("logged.jsonl", "w")
def log(key, step, value):
    print(json.dumps([key, step, float(np.float32(value))]), file=logged)

with tensorboardX.SummaryWriter("own") as writer:
    for step in range(200):
        writer.add_scalar("train/loss", 1 / (step + 1), step)
        log("own#train/loss", step, 1 / (step + 1))
    writer.add_scalars("both", {"a": 1, "b": 2}, 7)
    log("own/both/a#both", 7, 1)
    log("own/both/b#both", 7, 2)
    writer.add_histogram("weights", np.arange(1000), 1)
    writer.add_image("image", np.zeros((3, 8, 8)), 1)
    writer.add_text("note", "1.5", 1)
logged.close()
END_OF_PROGRAM
cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    keras: {main: keras_run, flags: {epochs: 3, rate: 0.01}, flags-import: no}
    torch: {main: torch_run, flags-import: no}
END

# Python and TensorFlow are slow to start where other tests are at work.
LONG=180
dir_of() { echo "$HOME_DIR/runs/$1"; }
ends() { timeout $LONG cat "$MNT/runs/$1/wait" >"$T/log" && status_is "$1" completed; }
# start MODEL OPERATION FLAGS: $run is the new run.
start() {
	printf '%b\n' "$3" >"$MNT/models/$1/operations/$2/flags" ||
		not_ok "start $2" "$(cat "$MNT/models/$1/operations/$2/error")"
	run=$(newest)
}
logged() { python3 "$ROOT/tests/lib/logged.py" "$1" "$(dir_of "$2")" "${@:3}"; }
differences_of() {
	for how in csv tsv metrics; do logged $how "$1" "$MNT/runs/$1"; done
	guild runs info --json "$1" | logged info "$1"
	guild compare --csv - "$1" -cc "$(logged columns "$1")" | logged compare "$1"
}
is_same() { [ -z "$(differences_of "$1" 2>&1)" ]; }
# same NAME RUN: its numbers, wherever they are shown, are what it logged.
same() {
	wait_until 30 is_same "$2"
	equal "$1" "" "$(differences_of "$2" 2>&1 | head -5)"
}
name_of() { (cd "$MNT/tensorboard" && echo "${1:0:8} "*); }

# start_tensorboard LOADER LOAD_FAST PROGRAM...: it is known by the name of its loader.
declare -A ports pids
start_tensorboard() {
	ports[$1]=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
	"$TENSORBOARD_PYTHON" "${@:3}" --logdir "$MNT/tensorboard" --port "${ports[$1]}" \
		--load_fast "$2" --reload_interval 1 >"$T/tensorboard.$1" 2>&1 &
	pids[$1]=$!
}
# Where TensorFlow is, TensorBoard reads with it, and its thread that reads ends for good when it
# meets a dead mount on its way. By itself it does not.
cat >"$T/tensorboard_alone.py" <<'END'
import sys, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")
from tensorboard.main import run_main
run_main()
END
in_tensorboard_differs() {
	diff <(logged tensorboard "$2" "$3") <(ask "${ports[$1]}" all "$(name_of "$2")" 2>&1) | head -5
}
is_in_tensorboard() { [ -z "$(in_tensorboard_differs "$@")" ]; }
# in_tensorboard NAME RUN DIR: each shows what the run logged, and no scalar that it did not.
in_tensorboard() {
	local loader
	for loader in "${!ports[@]}"; do
		wait_until 60 is_in_tensorboard "$loader" "$2" "$3"
		equal "$1, $loader" "" "$(in_tensorboard_differs "$loader" "$2" "$3")"
	done
}
answers_at_all() { check "TensorBoard answers: $1" wait_until $LONG ask "${ports[$1]}" runs; }

# --- a run that grows ----------------------------------------------------------------------------
start_mount -C "$EXAMPLE"
start m keras 'epochs: 3'
grown=$run dir=$(dir_of "$run")
equal "the Python is the one beside the Guild file" \
	"$PROJECT/.venv/bin/python -um guild.op_main keras_run -- --epochs 3 --rate 0.01" "$(cat "$MNT/runs/$grown/cmd")"
start_tensorboard "its Rust loader" true "$T/tensorboard_alone.py"
start_tensorboard "its Python loader" false "$T/tensorboard_alone.py"
check "the first epoch" wait_until $LONG test -e "$dir/epoch-0"
check "there are many numbers" test "$(wc -l <"$dir/logged.jsonl")" -gt 15
same "after one epoch" "$grown"
answers_at_all "its Rust loader"
answers_at_all "its Python loader"
in_tensorboard "after one epoch" "$grown" own
shows "images are not scalars, but images" pictures "${ports["its Rust loader"]}" images "$(name_of "$grown")"
touch "$dir/go-0"
check "the second epoch" wait_until $LONG test -e "$dir/epoch-1"
same "after two epochs" "$grown"
in_tensorboard "after two epochs" "$grown" own

kill -KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null
touch "$dir/go-1"
check "the third epoch, without a daemon" wait_until $LONG test -e "$dir/epoch-2"
umount -l "$MNT"
start_mount -C "$EXAMPLE"
start_tensorboard "TensorFlow's loader" false -m tensorboard.main
same "after three epochs and a remount" "$grown"
answers_at_all "TensorFlow's loader"
in_tensorboard "after three epochs and a remount" "$grown" own
touch "$dir/go-2"
check "it completes" ends "$grown"
same "when it is over" "$grown"
in_tensorboard "when it is over" "$grown" own

start m torch ''
check "a program with tensorboardX" ends "$run"
same "what tensorboardX logged" "$run"
in_tensorboard "what tensorboardX logged" "$run" none
kill "${pids[@]}"
wait "${pids[@]}" 2>/dev/null
equal "TensorBoard found nothing damaged" "" \
	"$(grep -hiE 'crc|corrupt|data ?loss|traceback' "$T"/tensorboard.*loader)"

# --- its model -----------------------------------------------------------------------------------
cat >"$T/predict.py" <<'END'
# Does the SavedModel below argv[1] say what the run's program said?
import sys
import numpy as np
import tensorflow as tf

wanted = np.load(sys.argv[1] + "/predicted.npz")
model = tf.saved_model.load(sys.argv[1] + "/saved_model")
print(np.abs(model.serve(wanted["images"]).numpy() - wanted["scores"]).max() < 1e-5)
END
equal "its SavedModel, read in the mount, predicts the same" True \
	"$("$TENSORBOARD_PYTHON" "$T/predict.py" "$MNT/runs/$grown/files" 2>"$T/log" || tail -3 "$T/log")"

# --- the example ---------------------------------------------------------------------------------
cat >"$T/cifar10.py" <<'END'
# A few noisy images in the files of CIFAR-10.
import pickle, sys
import numpy as np

for name in [f"data_batch_{n}" for n in range(1, 6)] + ["test_batch"]:
    batch = {b"data": np.random.randint(0, 256, (20, 3072), np.uint8), b"labels": list(range(10)) * 2}
    with open(f"{sys.argv[1]}/{name}", "wb") as f:
        pickle.dump(batch, f)
END
mkdir "$T/cifar-10-batches-py"
check "images" "$TENSORBOARD_PYTHON" "$T/cifar10.py" "$T/cifar-10-batches-py"
metric() { cat "$MNT/runs/$1/metrics/$2"; }
printed() { sed -n "s/^$2: //p" "$MNT/runs/$1/output"; }
near() { awk -v a="$1" -v b="$2" 'BEGIN {exit !(a != "" && a - b < 1e-6 && b - a < 1e-6)}'; }

start cifar10-cnn train 'epochs: 2'
trained=$run
check "train" ends "$trained"
check "it learns" awk "BEGIN {exit !($(metric "$trained" test_accuracy) > 0.6)}"
equal "what it logs and prints" "accuracy loss test_accuracy test_loss val_accuracy val_loss \
logs/train#epoch_accuracy logs/train#epoch_learning_rate logs/train#epoch_loss \
logs/validation#epoch_accuracy logs/validation#epoch_loss \
logs/validation#evaluation_accuracy_vs_iterations logs/validation#evaluation_loss_vs_iterations" \
	"$(guild runs info "$trained" | sed -n 's/^  \(.*\): .* (step .*/\1/p' | xargs)"
equal "one sample an epoch" "1 2" "$(tail -n +2 "$MNT/runs/$trained/scalars/val_loss.tsv" | cut -f1 | xargs)"
equal "only its source code is kept" \
	"cnn.py deploy_cnn.py evaluate_cnn.py finetune_cnn.py guild.yml requirements.txt train_cnn.py" \
	"$(guild ls --sourcecode -n "$trained" | grep -v README | xargs)"
start cifar10-cnn evaluate ''
evaluated=$run
start cifar10-cnn finetune 'epochs: 1'
check "finetune" ends "$run"
check "it goes on where training ended" awk "BEGIN {exit !($(metric "$run" loss) < $(metric "$trained" loss))}"
check "evaluate" ends "$evaluated"
check "the SavedModel is as good as the network" near "$(printed "$trained" 'Test accuracy')" "$(printed "$evaluated" accuracy)"
start cifar10-cnn train "epochs: 1\ndata: $T/cifar-10-batches-py"
check "train on CIFAR-10" ends "$run"
matches "which is a link" "/cifar-10-batches-py$" "$(readlink "$(dir_of "$run")/data")"

# --- guild tensorflow inspect --------------------------------------------------------------------
"$EXAMPLE/.venv/bin/python" - "$T" 2>/dev/null <<'END'
import sys, tensorflow as tf
tf.train.Checkpoint(w=tf.Variable([[1., 2.], [3., 4.]])).write(sys.argv[1] + "/w.ckpt")
graph = tf.function(lambda x: x * 2.0).get_concrete_function(tf.TensorSpec([None], tf.float32)).graph
open(sys.argv[1] + "/g.pb", "wb").write(graph.as_graph_def().SerializeToString())
END
inspect() { guild -C "$PROJECT" tensorflow inspect "$@" 2>&1; }
matches "tensors of a checkpoint" "w/.ATTRIBUTES/VARIABLE_VALUE \\(DT_FLOAT\\) \\[2,2\\]" "$(inspect "$T/w.ckpt")"
matches "their values" "\\[\\[1. 2.\\]" "$(inspect --tensor-name w/.ATTRIBUTES/VARIABLE_VALUE "$T/w.ckpt")"
matches "one that is not there" "guild: there is no tensor 'nix'" "$(inspect --tensor-name nix "$T/w.ckpt")"
matches "no checkpoint" "guild: cannot read the checkpoint $T/no.ckpt" "$(inspect "$T/no.ckpt")"
matches "operations of a graph" "import/mul:0" "$(inspect "$T/g.pb")"

# --- what Guild AI finds in what Keras prints ----------------------------------------------------
install_guild_ai
mkdir "$T/replay"
{
	printf 'replay:\n  exec: cat "%s"\n' "$dir/.guild/output"
	awk '/^[^- ]/ {on = /^output-scalars:/} on {print "  " $0}' "$dir/.guild/attrs/op"
} >"$T/replay/guild.yml"
cd "$T/replay" || exit 1
theirs run replay --run-id theirs -y
ours run replay --run-id ours -y
captured() { "$BUILD/lib/events" read "$1" | awk -F '\t' '$1 !~ /#|^own|^attr/ {print $1, $2, $3}'; }
matches "Guild AI finds something" "val_loss 3 " "$(captured "$RUNS/theirs")"
equal "and so do we in the same text" "$(captured "$RUNS/theirs")" "$(captured "$RUNS/ours")"
equal "and in the run itself" "$(captured "$RUNS/theirs")" "$(captured "$dir")"
