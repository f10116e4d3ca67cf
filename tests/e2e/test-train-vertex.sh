#!/bin/bash
# SPDX-License-Identifier: MIT
# Operations of 2018 that train on Cloud ML Engine are jobs of Vertex AI, and runs like any other: by a
# stand-in for gcloud that takes what gcloud's reference has, and runs the jobs here.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/gcloud.sh"

cat >"$PROJECT/guild.yml" <<'END'
- model: net
  operations:
    train:
      description: Trains
      main: trainer --epochs 2
      flags: {lr: 0.1, opt: {default: sgd, choices: [sgd, adam]}}
      requires: [{file: ../data.txt, target-type: link}]
    cloudml-train: {plugin-op: cloudml-train, flags: {region: us-central1}}
    shell: {exec: 'sh shell.sh', flags: {n: 1}}
    far-shell: {plugin-op: 'cloudml-train#shell'}
    globals: {main: plain, flags-dest: globals, flags: {x: 1}}
    far-globals: {plugin-op: 'cloudml-train#globals'}
    tune: {plugin-op: cloudml-hptune, flags: {config: tuning.yaml}}
    none: {plugin-op: 'cloudml-train#nothing'}
    all: {steps: [train]}
    far-all: {plugin-op: 'cloudml-train#all'}
    cloudml-deploy: {plugin-op: cloudml-deploy}
END
cat >"$PROJECT/trainer.py" <<'END'
import argparse
import json
import os
import time

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.add_argument("--lr", type=float)
parser.add_argument("--opt")
args = parser.parse_args()
print(open("data.txt").read().strip(), os.environ["FLAG_OPT"], os.environ["RUN_DIR"] == os.getcwd())
loss = args.lr * 2
print(f"step: {args.epochs}\nloss: {loss}", flush=True)
if args.lr == 9:
    raise SystemExit("too much")
if args.lr == 8:
    open("began", "w").close()
    time.sleep(60)
os.makedirs("saved", exist_ok=True)
with open("saved/saved_model.pb", "w") as f:
    f.write(f"\x08\x01 model {args.lr}")
if "CLOUD_ML_HP_METRIC_FILE" in os.environ:
    with open(os.environ["CLOUD_ML_HP_METRIC_FILE"], "a") as f:
        print(json.dumps({"trial": "", "loss": str(loss), "global_step": "1"}), file=f)
END
printf 'x = 1\nprint(f"x is {x}")\n' >"$PROJECT/plain.py"
printf 'echo "shell: $FLAG_N" >out.txt\n' >"$PROJECT/shell.sh"
cat >"$PROJECT/tuning.yaml" <<'END'
trainingInput:
  hyperparameters:
    goal: MINIMIZE
    hyperparameterMetricTag: loss
    maxTrials: 3
    maxParallelTrials: 2
    params:
    - {parameterName: lr, type: DOUBLE, minValue: 0.5, maxValue: 0.25, scaleType: UNIT_LOG_SCALE}
    - {parameterName: opt, type: CATEGORICAL, categoricalValues: [sgd, adam]}
END
echo "the data" >"$PROJECT/../data.txt"
target() {
	cat >"$HOME_DIR/config.yml" <<-END
		deploy:
		  google: {type: cloudml, project: acme, region: europe-west4, bucket: gs://models/nets,
		    container-image-uri: 'us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest'$1}
	END
}
cd "$PROJECT" || exit 1
run() { guild run -y "$@" >"$T/said" 2>&1; }
attr() { cat "$HOME_DIR/runs/$1/.guild/attrs/$2"; }
status() { guild runs info "$1" | sed -n 's/^status: //p'; }
loss() { guild runs info "$1" --json | python3 -c 'import json, sys; print("%g %d" % tuple(json.load(sys.stdin)["scalars"]["loss"]))'; }
said() { check "$1" grep -qE "$2" "$T/said"; }
spec() { python3 -c 'import json, sys; print(eval(sys.argv[2], {"s": json.load(open(sys.argv[1]))}))' \
	"$HOME_DIR/runs/$1/.guild/guildfs/vertex-job.json" "$2"; }

# --- before there is a run ----------------------------------------------------------------------------
refuse "no target" run cloudml-train
said "is said" "has no deploy targets? of type cloudml|no deploy target of type cloudml"
target ""
refuse "no container for training" run cloudml-train
said "is said" "google' does not say which container trains"
said "with an example" "^training-image-uri: us-docker.pkg.dev/vertex-ai/training/"
IMAGE=us-docker.pkg.dev/vertex-ai/training/tf-cpu.2-14.py310:latest
target ", training-image-uri: '$IMAGE', training-accelerator: 'type=NVIDIA_TESLA_T4,count=2', service-account: me@acme"
echo '{"account": "", "number": 100, "models": [], "endpoints": []}' >"$GCLOUD_STAND_IN/state.json"
refuse "nobody is signed in" run cloudml-train
said "is said" "gcloud is not signed in"
gcloud_sign_in
refuse "nothing to train" run none
said "is said" "cloudml-train has operation 'nothing' run, which the model does not have: .plugin-op: cloudml-train#OPERATION. says which one"
refuse "a pipeline" run far-all
said "is not one" "has operation 'all' run, which is a pipeline"
refuse "a flag of Cloud ML Engine" run cloudml-train region=x
said "is none any more" "unsupported flag 'region'"
refuse "another target" run cloudml-train target=elsewhere
said "is looked for" "there is no deploy target 'elsewhere'; those of .* are: google"
equal "none of these is a run" 0 "$(count_runs)"

# --- training ---------------------------------------------------------------------------------------
check "cloudml-train" run cloudml-train lr=0.5
said "says what has become of it" "WARNING: cloudml-train was for Google's Cloud ML Engine, which has ended: this is a custom job of Vertex AI now"
one=$(guild select)
equal "is a run" "net:cloudml-train completed" "$(guild runs info "$one" | sed -n 's/^operation: //p') $(status "$one")"
equal "with the flags of train" "lr: 0.5
opt: sgd
target: null" "$(attr "$one" flags)"
check "its output is the job's" grep -qx "the data sgd True" "$HOME_DIR/runs/$one/.guild/output"
equal "and has scalars" "1 2" "$(loss "$one")"
equal "what it has left is in the run" " model 0.5" "$(tail -c +3 "$HOME_DIR/runs/$one/saved/saved_model.pb")"
equal "a dependency is a link still" "$T/data.txt" "$(readlink -f "$HOME_DIR/runs/$one/data.txt")"
check "the job is known" grep -qE "^job: projects/acme/locations/europe-west4/customJobs/[0-9]+$" "$HOME_DIR/runs/$one/.guild/attrs/cloudml"
equal "the machine" "{'acceleratorCount': 2, 'acceleratorType': 'NVIDIA_TESLA_T4', 'machineType': 'n1-standard-4'}" \
	"$(spec "$one" 's["workerPoolSpecs"][0]["machineSpec"]')"
equal "the container" "$IMAGE me@acme" "$(spec "$one" 's["workerPoolSpecs"][0]["containerSpec"]["imageUri"] + " " + s["serviceAccount"]')"
equal "the command" "['python3', '-um', 'guild.op_main', 'trainer', '--epochs', '2', '--', '--lr', '0.5', '--opt', 'sgd']" \
	"$(spec "$one" 's["workerPoolSpecs"][0]["containerSpec"]["args"]')"
equal "nothing names a place of this machine" 0 "$(grep -c "$T" "$HOME_DIR/runs/$one/.guild/guildfs/vertex-job.json")"
check "it is deployed like any other" run cloudml-deploy trained-model="$one"
said "by its id" "^saved of run $one is version 1"
check "help has its flags" grep -q "opt .*default is sgd" <(guild run cloudml-train --help-op)
check "a program that is no module" run far-shell n=3
equal "too" "shell: 3" "$(cat "$HOME_DIR/runs/$(guild select)/out.txt")"
check "flags that are globals" run far-globals x=7
check "are set" grep -qx "x is 7" "$HOME_DIR/runs/$(guild select)/.guild/output"
check "a list of values" run cloudml-train 'lr=[0.3,0.4]'
equal "is a batch of jobs" "0.6 0.8" "$(for n in 2 1; do loss "$n" | cut -d' ' -f1; done | xargs)"
check "again" run --restart "$one" lr=0.6
equal "is another job of the same run" "1.2 2" "$(loss "$one")"

# --- its ends -----------------------------------------------------------------------------------------
refuse "a job that fails" run cloudml-train lr=9
failed=$(guild select)
equal "is an error" error "$(status "$failed")"
matches "with the program's words and Google's" "too much.*ended as JOB_STATE_FAILED: The replica" "$(tr '\n' ' ' <"$HOME_DIR/runs/$failed/.guild/output")"
guild run -y -b cloudml-train lr=8 >"$T/said" 2>&1
stopped=$(guild select)
check "a job that goes on" wait_until 30 test -e "$GCLOUD_STAND_IN/buckets/models/nets/$stopped/run/began"
guild stop -y "$stopped" >"$T/said" 2>&1
ended() { [ "$(status "$stopped")" = terminated ]; }
# How many jobs there are, and what has become of the last one.
jobs() {
	python3 -c '
import json, sys
jobs = json.load(open(sys.argv[1]))["jobs"]
print(len(jobs), jobs[-1]["state"])' "$GCLOUD_STAND_IN/state.json"
}
check "is stopped" wait_until 30 ended
before=$(jobs)
matches "and cancelled" " JOB_STATE_CANCELLED" "$before"
GCLOUD_HANGS="ai custom-jobs create" guild run -y -b cloudml-train >"$T/said" 2>&1
stopped=$(guild select)
is_made() { [ "$(jobs)" != "$before" ]; }
check "a job that nobody has been told of yet" wait_until 30 is_made
guild stop -y "$stopped" >"$T/said" 2>&1
check "is stopped" wait_until 30 ended
equal "and cancelled" "$((${before%% *} + 1)) JOB_STATE_CANCELLED" "$(jobs)"
refuse "gcloud fails" env GCLOUD_FAILS="ai custom-jobs create" guild run -y cloudml-train
equal "is an error" error "$(status "$(guild select)")"

# --- in the mount ---------------------------------------------------------------------------------------
start_mount
echo 'lr: 0.7' >"$MNT/models/net/operations/cloudml-train/flags"
finish
matches "a flags file starts one" "^completed 1\.3999" "$(cat "$MNT/runs/latest/status" "$MNT/runs/latest/metrics/loss" | xargs)"
stop_mount

# --- hyperparameters ------------------------------------------------------------------------------------
check "cloudml-hptune" run tune
tuned=$(guild select)
said "says what has become of it" "cloudml-hptune was for .*: this is a hyperparameter tuning job of Vertex AI now"
said "names the best" "^The best of 3 trials is 3: loss is 0.5 \(trials.csv, trials/3\)$"
equal "has a table" "trial,state,lr,opt,loss
1,SUCCEEDED,0.5,sgd,1.0
2,SUCCEEDED,0.5,adam,1.0
3,SUCCEEDED,0.25,sgd,0.5" "$(tr -d '\r' <"$HOME_DIR/runs/$tuned/trials.csv")"
equal "and what each has left" "model 0.25" "$(cut -d' ' -f2- "$HOME_DIR/runs/$tuned/trials/3/saved/saved_model.pb")"
equal "the study" "{'metrics': [{'goal': 'MINIMIZE', 'metricId': 'loss'}], 'parameters': [{'doubleValueSpec': {'maxValue': 0.25, 'minValue': 0.5}, 'parameterId': 'lr', 'scaleType': 'UNIT_LOG_SCALE'}, {'categoricalValueSpec': {'values': ['sgd', 'adam']}, 'parameterId': 'opt'}]}" \
	"$(spec "$tuned" 's["studySpec"]')"
check "fewer trials" run tune max-trials=1
said "are what was asked for" "^The best of 1 trials is 1"
cat >today.yaml <<'END'
maxTrialCount: 2
studySpec: {metrics: [{metricId: loss, goal: MAXIMIZE}], parameters: [{parameterId: lr, discreteValueSpec: {values: [0.1, 0.2]}}]}
END
check "a file as Vertex AI has it" run tune config=today.yaml
said "is taken, too" "^The best of 2 trials is 2: loss is 0.4"
echo '{trainingInput: {hyperparameters: {goal: MAXIMIZE, params: [{parameterName: lr, type: REAL}]}}}' >wrong.yaml
refuse "a wrong one" run tune config=wrong.yaml
said "is told" "wrong.yaml: parameter 1 \('lr'\) of hyperparameters: its type must be INTEGER, DOUBLE, CATEGORICAL or DISCRETE, not 'REAL'"
refuse "none" run tune config=missing.yaml
said "is told" "missing.yaml"
gcloud_reads_all "$HOME_DIR/runs/$tuned"
