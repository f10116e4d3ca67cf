#!/bin/bash
# SPDX-License-Identifier: MIT
# guild deploy and guild predict with the real gcloud, which speaks to a stand-in for Google's services:
# what it uploads, asks and answers is its own.
. "$(dirname "$0")/../lib/lib.sh"

if ! command -v gcloud >/dev/null; then
	skip_optional "gcloud" "it is not here"
	exit 0
fi
unset GUILD_CONFIG
GOOGLE=$T/google
mkdir "$GOOGLE"
python3 "$ROOT/tests/stand-in/vertex.py" "$GOOGLE" >"$T/port" 2>"$T/log" &
wait_until 20 test -s "$T/port"
export CLOUDSDK_CONFIG=$T/gcloud CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=true
export CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM=http://127.0.0.1:$(cat "$T/port")/
export CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE=${CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM}storage/v1/
export CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING=$CLOUDSDK_API_ENDPOINT_OVERRIDES_AIPLATFORM
cat >"$PROJECT/guild.yml" <<'END'
train: {exec: sh train.sh, flags: {n: 1}}
far: {plugin-op: cloudml-train}
END
cat >"$PROJECT/train.sh" <<'END'
mkdir -p net/variables
printf '\010\001 model %s' "$FLAG_N" >net/saved_model.pb
echo weights >net/variables/variables.index
echo "step: 3"
echo "loss: 0.$FLAG_N"
END
cat >"$HOME_DIR/config.yml" <<END
deploy:
  production: {type: cloudml, project: acme, region: europe-west4, bucket: gs://models/nets,
    container-image-uri: 'us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest',
    container-env-vars: 'A=b', container-health-route: /health, container-ports: 8501, container-predict-route: /predict,
    machine-type: n1-standard-2, accelerator: 'type=nvidia-tesla-t4,count=1', min-replica-count: 1,
    max-replica-count: 2, training-image-uri: 'us-docker.pkg.dev/vertex-ai/training/tf-cpu.2-14.py310:latest',
    training-accelerator: 'type=NVIDIA_TESLA_T4,count=1', service-account: serving@acme.iam.gserviceaccount.com}
END
cd "$PROJECT" || exit 1
trained() { guild run train "$@" -y >"$T/log" 2>&1 && guild select; }
deploy() { guild deploy -y "$@" >"$T/said" 2>&1; grep -E 'is version|^guild:|ERROR' "$T/said"; }
asked() { grep -c "$1" "$GOOGLE/requests"; }
predicted() {
	guild predict -y production "$T/instances.json" >"$T/said" 2>&1
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["predictions"])' "$HOME_DIR/runs/$(guild select)/prediction.results" 2>&1 || tail -3 "$T/said"
}
printf '{"x": 1}\n' >"$T/instances.json"

one=$(trained n=1) two=$(trained n=2)
matches "the first version" "^net of run $one is version 1 of production: projects/acme/locations/europe-west4/endpoints/[0-9]+$" "$(deploy "$one" production)"
equal "its files are in the bucket" "saved_model.pb variables/variables.index" \
	"$(cd "$GOOGLE/buckets/models/nets/$(guild select)/net" && find . -type f | sed 's,^./,,' | sort | xargs)"
equal "it predicts" "[['model 1', {'x': 1}]]" "$(predicted)"
matches "the second" "^net of run $two is version 2 of production" "$(deploy "$two" production)"
equal "predicts" "[['model 2', {'x': 1}]]" "$(predicted)"
uploads=$(asked "POST /upload")
matches "back" "^net of run $one is version 1 of production" "$(deploy --rollback production)"
equal "predicts as before" "[['model 1', {'x': 1}]]" "$(predicted)"
equal "without an upload" "$uploads" "$(asked "POST /upload")"
matches "the third" "version 3 of production" "$(deploy "$two" production)"
equal "takes off the one that was there before" 1 "$(asked ":undeployModel")"
equal "one endpoint" 1 "$(asked "POST .*/endpoints?")"
check "trained there" guild run far n=5 -y
far=$(guild select)
equal "its output has scalars" "0.5 3" "$(guild runs info --json "$far" | python3 -c '
import json, sys
print(*json.load(sys.stdin)["scalars"]["loss"])')"
equal "and the model is here" " model 5" "$(tail -c +3 "$HOME_DIR/runs/$far/net/saved_model.pb")"
matches "to be deployed" "^net of run $far is version 4" "$(deploy "$far" production)"
equal "nothing was asked for in vain" "" "$(grep -vE '^(200|404 GET /storage)' "$GOOGLE/requests")"
unset CLOUDSDK_AUTH_DISABLE_CREDENTIALS
runs_before=$(count_runs)
matches "nobody is signed in" "gcloud is not signed in to Google Cloud: run .gcloud auth login." "$(deploy "$one" production)"
equal "and no run is made" "$runs_before" "$(count_runs)"
