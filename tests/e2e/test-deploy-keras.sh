#!/bin/bash
# SPDX-License-Identifier: MIT
# A Keras model all the way: trained, measured, deployed for TensorFlow Serving, replaced by a better
# one, and back; each time TensorFlow loads what is served and predicts. What is in production and
# where it came from is read in the mount by ls alone.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/keras.sh"

unset GUILD_CONFIG
export GUILD_SAMPLE_SECONDS=0 TF_CPP_MIN_LOG_LEVEL=2 TF_ENABLE_ONEDNN_OPTS=0
mkdir "$T/examples"
cp -r "$ROOT/docs/examples/cifar10-cnn" "$ROOT/docs/examples/digits" "$T/examples/"
EXAMPLE=$T/examples/cifar10-cnn
keras_venv "$EXAMPLE"
SERVED=$T/served/digits
cat >"$HOME_DIR/config.yml" <<END
deploy:
  production: {type: directory, path: $T/served, layout: tfserving, model: digits}
END
cd "$EXAMPLE" || exit 1
start_mount -C "$EXAMPLE"

# operation OPERATION FLAGS: $run is a run of it that has ended.
operation() {
	printf '%b\n' "$2" >"$MNT/models/cifar10-cnn/operations/$1/flags"
	run=$(newest)
	timeout 300 cat "$MNT/runs/$run/wait" >"$T/log"
}
metric() { cat "$MNT/runs/$1/metrics/$2"; }
deploy() { guild deploy -y "$@" 2>&1 | grep 'is version'; }
# What a server takes up: the highest version there.
cat >"$T/serve.py" <<'END'
# Accuracy of the highest version below argv[1] on the digits argv[2] that no network was trained on,
# asked as servers do: by the signature, with names of what goes in and out.
import os, sys
sys.path.insert(0, sys.argv[3])
import cnn
import numpy as np
import tensorflow as tf

version = max((name for name in os.listdir(sys.argv[1]) if name.isdecimal()), key=int)
model = tf.saved_model.load(os.path.join(sys.argv[1], version))
signature = model.signatures["serving_default"]
_, (images, classes) = cnn.load(sys.argv[2])
(name,) = signature.structured_input_signature[1]
(scores,) = signature(**{name: tf.constant(images)}).values()
print(version, "%.4f" % np.mean(np.argmax(scores, 1) == classes))
END
served() {
	"$EXAMPLE/.venv/bin/python" "$T/serve.py" "$SERVED" "$T/examples/digits/digits.csv.gz" "$EXAMPLE" \
		2>"$T/log" || tail -3 "$T/log"
}
rounded() { printf '%.4f' "$(metric "$1" accuracy)"; }

operation train 'epochs: 1\nfilters: 4'
first=$run
check "train" status_is "$first" completed
operation evaluate ''
evaluated=$run
check "evaluate" status_is "$evaluated" completed
matches "the network of that run" "config: $first" "$(cat "$MNT/runs/$evaluated/attrs/deps")"
matches "deploy" "^saved_model of run $first is version 1 of production: $SERVED/1" "$(deploy "$first" production)"
equal "is served, and as good as it was measured" "1 $(rounded "$evaluated")" "$(served)"

operation train 'epochs: 4\nfilters: 8'
second=$run
operation evaluate ''
check "a better one" awk "BEGIN {exit !($(metric "$run" accuracy) > $(metric "$evaluated" accuracy))}"
check "is deployed by a write in the mount" bash -c "echo 'deploy production' >'$MNT/runs/$second/ctl'"
finish
equal "and is served" "2 $(rounded "$run")" "$(served)"

# --- what ls tells ----------------------------------------------------------------------------------
production=$MNT/by/flag/target/production
deployments() { ls "$production" | grep -cE '^[0-9a-f]{32}$'; }
# The newest is in production; its model leads to the run that trained it.
in_production() { (cd "$production" && ls -td [0-9a-f]*/ | head -1 | tr -d /); }
source_of() { readlink -f "$production/$1/files/model/saved_model" | sed "s,^$MNT/runs/,,"; }
equal "two deployments" 2 "$(deployments)"
equal "what is in production, and where it came from" "$second/files/saved_model" "$(source_of "$(in_production)")"
equal "how it was trained" "epochs: 4 filters: 8" "$(grep -E '^(epochs|filters):' "$MNT/runs/$second/flags" | xargs)"
matches "back" "^saved_model of run $first is version 3 of production: $SERVED/3" "$(deploy --rollback production)"
equal "is served as before" "3 $(rounded "$evaluated")" "$(served)"
equal "what is in production now" "$first/files/saved_model" "$(source_of "$(in_production)")"
equal "three deployments" 3 "$(deployments)"

# --- an operation of the model's own ------------------------------------------------------------------
operation deploy "to: $T/own\nmin-accuracy: 0.999"
equal "one that is not good enough is refused by the model's own operation" error "$(cat "$MNT/runs/$run/status")"
matches "for a reason" "not deployed: an accuracy of 0.999 is wanted" "$(cat "$MNT/runs/$run/output")"
equal "and is not there" "" "$(ls "$T/own" 2>/dev/null)"
check "by guild deploy MODEL" guild deploy cifar10-cnn to="$T/own" min-accuracy=0.1 -y
check "it is there" test -f "$T/own/1/saved_model.pb"
matches "its help" "directory of versions that a server watches" "$(guild run deploy --help-op 2>&1)"
