#!/bin/bash
# SPDX-License-Identifier: MIT
# guild deploy to Google's Vertex AI, by a stand-in for gcloud that takes what gcloud's reference has
# and keeps models and endpoints in a file. Where the real gcloud is, it reads each command line, too.
. "$(dirname "$0")/../lib/lib.sh"
. "$ROOT/tests/lib/gcloud.sh"

cat >"$PROJECT/guild.yml" <<'END'
train: {exec: sh train.sh, flags: {n: 1}}
END
cat >"$PROJECT/train.sh" <<'END'
mkdir -p net/variables
printf '\010\001 model %s' "$FLAG_N" >net/saved_model.pb
echo weights >net/variables/variables.index
END
IMAGE=us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest
cat >"$HOME_DIR/config.yml" <<END
deploy:
  production: &production
    type: cloudml
    project: acme
    region: europe-west4
    bucket: gs://models/nets
    container-image-uri: $IMAGE
    machine-type: n1-standard-2
    min-replica-count: 2
  named: {type: cloudml, project: acme, region: europe-west4, bucket: gs://models/,
    container-image-uri: $IMAGE, container-ports: 8080, container-predict-route: /v1, model: net, endpoint: all-nets}
END
cd "$PROJECT" || exit 1
trained() { guild run train "$@" -y >"$T/log" 2>&1 && guild select; }
deploy() { guild deploy -y "$@" >"$T/said" 2>&1; grep -E 'is version|^guild:' "$T/said"; }
# state EXPRESSION: of the stand-in's state `s`, in Python.
state() {
	python3 -c 'import json, sys
s = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$GCLOUD_STAND_IN/state.json" "$1"
}
attribute() { sed -n "s/^$1: //p" "$HOME_DIR/runs/$2/.guild/attrs/deployment"; }

one=$(trained n=1) two=$(trained n=2) three=$(trained n=3) four=$(trained n=4)
runs_before=$(count_runs)
matches "nobody is signed in" "gcloud is not signed in to Google Cloud: run .gcloud auth login." "$(deploy "$one" production)"
matches "there is no gcloud" "gcloud is not on PATH: install the Google Cloud CLI .* then run .gcloud auth login." \
	"$(mkdir "$T/bin"; ln -s "$BUILD"/guild* "$BUILD/python" "$T/bin"; PATH=$T/bin; deploy "$one" production 2>/dev/null; /bin/cat "$T/said")"
equal "and no run is made" "$runs_before" "$(count_runs)"
gcloud_sign_in

# --- deploying --------------------------------------------------------------------------------------
matches "the first" "^net of run $one is version 1 of production: projects/acme/locations/europe-west4/endpoints/[0-9]+$" "$(deploy "$one" production)"
d1=$(guild select)
equal "completed" completed "$(guild runs info "$d1" | sed -n 's/^status: //p')"
equal "its artifacts" "saved_model.pb variables/variables.index" \
	"$(cd "$GCLOUD_STAND_IN/buckets/models/nets/$d1/net" && find . -type f | sed 's,^./,,' | sort | xargs)"
equal "are what the model is made of" "gs://models/nets/$d1/net" "$(state 's["models"][0]["versions"][0]["artifact-uri"]')"
equal "the model is called as the target" "production $IMAGE Guild run $one" \
	"$(state '" ".join([s["models"][0]["displayName"], s["models"][0]["versions"][0]["container-image-uri"], s["models"][0]["versions"][0]["version-description"]])')"
equal "so is its endpoint, which is made" production "$(state 's["endpoints"][0]["displayName"]')"
equal "all traffic is its" "{'$(attribute deployed-model "$d1" | tr -d \')': 100}" "$(state 's["endpoints"][0]["trafficSplit"]')"
equal "what was made is recorded" "$(state '" ".join([s["endpoints"][0]["name"], s["models"][0]["name"], s["endpoints"][0]["name"]])') 1 $one" \
	"$(attribute endpoint "$d1") $(attribute registered-model "$d1") $(attribute location "$d1") $(attribute version "$d1") $(attribute run "$d1")"
matches "how it is served" "--machine-type=n1-standard-2 --min-replica-count=2 --traffic-split=0=100" "$(cat "$HOME_DIR/runs/$d1/.guild/output")"
matches "the next is a version of the same model" "^net of run $two is version 2 of production" "$(deploy "$two" production)"
d2=$(guild select)
equal "one model, one endpoint" "1 1 2" "$(state '" ".join(map(str, [len(s["models"]), len(s["endpoints"]), len(s["endpoints"][0]["deployedModels"])]))')"
matches "the third" "version 3 of production" "$(deploy "$three" production)"
d3=$(guild select)
equal "takes off what was there before the one it replaces" "guild-production-${d2:0:8} guild-production-${d3:0:8}" \
	"$(state '" ".join(d["displayName"] for d in s["endpoints"][0]["deployedModels"])')"

# --- going back -------------------------------------------------------------------------------------
matches "back" "^net of run $two is version 2 of production" "$(deploy --rollback production)"
refuse "needs no new upload" grep -qE "storage cp|models upload|deploy-model" "$T/said"
equal "only traffic" "{'$(attribute deployed-model "$d2" | tr -d \')': 100}" "$(state 's["endpoints"][0]["trafficSplit"]')"
matches "further back" "^net of run $one is version 1 of production" "$(deploy --rollback production)"
refuse "deploys what is in the registry" grep -qE "storage cp|models upload" "$T/said"
check "again" grep -q "deploy-model" "$T/said"
equal "serves" 1 "$(state '[d["modelVersionId"] for d in s["endpoints"][0]["deployedModels"] if d["id"] in s["endpoints"][0]["trafficSplit"]][0]')"
equal "and keeps what it replaces" 2 "$(state 'len(s["endpoints"][0]["deployedModels"])')"

# --- names ------------------------------------------------------------------------------------------
matches "names of the target's own" "is version 1 of named" "$(deploy "$four" named)"
equal "for model and endpoint" "net all-nets" "$(state 's["models"][1]["displayName"] + " " + s["endpoints"][1]["displayName"]')"
equal "and options of its container" "8080 /v1" "$(state 's["models"][1]["versions"][0]["container-ports"] + " " + s["models"][1]["versions"][0]["container-predict-route"]')"
python3 - "$GCLOUD_STAND_IN/state.json" <<'END'
import json, sys
s = json.load(open(sys.argv[1]))
s["endpoints"].append(dict(s["endpoints"][1], name=s["endpoints"][1]["name"] + "9"))
s["endpoints"][1]["deployedModels"].append({"id": "7", "displayName": "someone's", "model": "m"})
json.dump(s, open(sys.argv[1], "w"))
END
matches "two endpoints of that name" "several endpoints of project acme in europe-west4 are called 'all-nets': give the ID of one as the endpoint of target named" "$(deploy "$four" named)"
sed -i "s/endpoint: all-nets/endpoint: '$(state 's["endpoints"][1]["name"].split("/")[-1]')'/" "$HOME_DIR/config.yml"
matches "by its ID" "is version 2 of named" "$(deploy "$four" named)"
equal "what others have deployed there stays" 3 "$(state 'len(s["endpoints"][1]["deployedModels"])')"

# --- predictions --------------------------------------------------------------------------------------
predict() { guild predict -y "$@" >"$T/said" 2>&1; }
results() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["predictions"])' "$HOME_DIR/runs/$(guild select)/prediction.results" 2>&1; }
deploy "$two" production >/dev/null
d=$(guild select)
printf '{"x": 1.5}\n\n{"x": [2, "a"]}\n' >"$T/lines.json"
check "an instance a line" predict production "$T/lines.json"
equal "is asked for" "[['model 2', {'x': 1.5}], ['model 2', {'x': [2, 'a']}]]" "$(results)"
p=$(guild select)
equal "a run" "completed builtin:guildai 0.9.1 '' predict" "$(guild runs info "$p" | sed -n 's/^status: //p') $(cat "$HOME_DIR/runs/$p/.guild/opref")"
equal "its label" "production ${d:0:8}" "$(guild runs info "$p" | sed -n 's/^label: //p')"
matches "of the deployment that answered" "config: $d" "$(cat "$HOME_DIR/runs/$p/.guild/attrs/deps")"
check "with a copy of what was asked" cmp "$T/lines.json" "$HOME_DIR/runs/$p/prediction.inputs"
check "which is no link" test ! -L "$HOME_DIR/runs/$p/prediction.inputs"
equal "and a link to the model" "$HOME_DIR/runs/$two/net" "$(readlink -f "$HOME_DIR/runs/$p/deployment/model/net")"
check "the answer is shown" grep -q '"model 2"' "$T/said"
echo '[1, 2]' >"$T/list.json"
(cd "$T" && predict production list.json)
equal "a list of instances" "[['model 2', 1], ['model 2', 2]]" "$(results)"
echo '{"instances": ["é"]}' >"$T/whole.json"
predict production "$T/whole.json"
equal "a whole request" "[['model 2', 'é']]" "$(PYTHONIOENCODING=utf-8 results)"
printf '{"x": 1}\n{"x": \n' >"$T/broken.json"
refuse "a line that is no JSON" predict production "$T/broken.json"
check "is told" grep -q "prediction.inputs: line 2 is no JSON value" "$T/said"
: >"$T/empty.json"
refuse "nothing to ask" predict production "$T/empty.json"
check "is told, too" grep -q "prediction.inputs has no instances" "$T/said"
predictions=$(count_runs)
refuse "no such file" predict production "$T/none.json"
check "is told before there is a run" grep -q "cannot read $T/none.json: No such file" "$T/said"
refuse "nothing deployed" predict nowhere "$T/list.json"
check "says how" grep -q "nothing has been deployed to 'nowhere': guild deploy RUN nowhere" "$T/said"
echo "  dir: {type: directory, path: $T/dir}" >>"$HOME_DIR/config.yml"
deploy "$one" dir >/dev/null
refuse "a directory" predict dir "$T/list.json"
check "does not predict" grep -q "target 'dir' is of type directory, whose server has to be asked itself" "$T/said"
equal "none of these is a run" $((predictions + 1)) "$(count_runs)"
equal "usage" 2 "$(guild predict production >/dev/null 2>&1; echo $?)"

# --- operations of 2018 ---------------------------------------------------------------------------
mkdir "$T/2018"
cat >"$T/2018/guild.yml" <<'END'
- model: census
  operations:
    train: {exec: sh train.sh, flags: {n: 1}}
    cloudml-deploy: {description: Deploy a trained classifier, plugin-op: cloudml-deploy}
    cloudml-predict: {plugin-op: cloudml-predict, flags: {instances: {default: samples.json}}}
    cloudml-batch-predict: {plugin-op: cloudml-batch-predict, flags: {instances: {default: samples.json}}}
END
cp train.sh "$T/2018"
printf '{"age": 25}\n' >"$T/2018/samples.json"
cd "$T/2018" || exit 1
old() { guild run "$@" -y >"$T/said" 2>&1; }
guild run train n=5 -y >"$T/log" 2>&1
trained=$(guild select)
check "cloudml-deploy" old cloudml-deploy target=production
matches "is guild deploy, as it says" "WARNING: cloudml-deploy was for Google's Cloud ML Engine, which has ended:.*
Running .guild deploy census:train production." "$(cat "$T/said")"
check "of what was trained last" grep -q "^net of run $trained is version" "$T/said"
check "of another run" old cloudml-deploy target=production trained-model="$one"
check "when asked" grep -q "^net of run $one is version" "$T/said"
check "cloudml-predict" old cloudml-predict target=production
equal "is guild predict" "[['model 1', {'age': 25}]]" "$(results)"
check "of a file of one's own" old cloudml-predict target=production instances="$T/list.json"
equal "too" "[['model 1', 1], ['model 1', 2]]" "$(results)"
refuse "no target" old cloudml-deploy
check "is asked for, where there are several" grep -q "config.yml has several deploy targets of type cloudml; flag target says which one" "$T/said"
sed -n '/production/,/min-replica/p' "$HOME_DIR/config.yml" | sed '1i deploy:' >"$T/only.yml"
check "the only target" env GUILD_CONFIG="$T/only.yml" guild run cloudml-deploy -y
refuse "a flag of Cloud ML Engine" old cloudml-deploy bucket=gs://x
check "is the target's now" grep -q "flag 'bucket' of cloudml-deploy has no successor.*flags are target and trained-model" "$T/said"
# gone OPERATION REGEX: there is no successor, and no run.
gone() {
	local before
	before=$(count_runs)
	refuse "$1" old "$1"
	matches "says what to do" "was for Google's Cloud ML Engine, which has ended: $2" "$(cat "$T/said")"
	equal "and is no run" "$before" "$(count_runs)"
}
gone cloudml-batch-predict "gcloud has no command for it any more; .guild predict TARGET FILE."
check "its help" grep -q "instances  (default is samples.json)" <(guild run cloudml-predict --help-op)
start_mount -C "$T/2018"
refuse "the mount" bash -c "echo >'$MNT/models/census/operations/cloudml-deploy/flags'"
matches "says what to do, too" "has ended: .guild deploy RUN TARGET. deploys to Vertex AI" "$(tail -1 "$MNT/errors")"
stop_mount
cd "$PROJECT" || exit 1

# --- what goes wrong ----------------------------------------------------------------------------------
matches "a quota" "gcloud failed with exit status 1" "$(GCLOUD_FAILS='ai endpoints deploy-model' deploy "$four" production)"
check "in gcloud's words" grep -q "RESOURCE_EXHAUSTED: quota exceeded" "$T/said"
equal "is an error of the run" error "$(guild runs info | sed -n 's/^status: //p')"
check "which has no deployment" test ! -e "$HOME_DIR/runs/$(guild select)/.guild/attrs/deployment"
matches "what cannot be taken off is left" "version [0-9]+ of production" "$(GCLOUD_FAILS='ai endpoints undeploy-model' deploy "$two" production)"
wrong() { echo "deploy: {x: $1}" >"$T/wrong.yml" && matches "$1" "deploy target 'x': $2" "$(GUILD_CONFIG=$T/wrong.yml deploy "$one" x)"; }
wrong "{type: cloudml}" "it lacks its project"
wrong "{type: cloudml, project: p, region: r, bucket: models, container-image-uri: i}" "its bucket must be gs://BUCKET or a path below one, not models"
wrong "{type: cloudml, project: p, region: r, bucket: 'gs:///x', container-image-uri: i}" "its bucket must be gs://BUCKET"
wrong "{type: cloudml, project: '', region: r, bucket: 'gs://b', container-image-uri: i}" "text is needed as its project"
wrong "{type: cloudml, project: p, region: r, bucket: 'gs://b', container-image-uri: i, min-replica-count: 0}" "a number above 0 is needed as its min-replica-count"
wrong "{type: cloudml, project: p, region: r, bucket: 'gs://b', container-image-uri: i, layout: triton}" "it has what such a target does not take: layout"

# --- the mount ----------------------------------------------------------------------------------------
start_mount
check "ctl" bash -c "echo 'deploy production' >'$MNT/runs/$one/ctl'"
finish
equal "deploys" completed "$(cat "$MNT/runs/latest/status")"
sed -i 's/"account": "[^"]*"/"account": ""/' "$GCLOUD_STAND_IN/state.json"
refuse "ctl, when nobody is signed in" bash -c "echo 'deploy production' >'$MNT/runs/$one/ctl'"
matches "says what to do" "gcloud is not signed in to Google Cloud" "$(tail -1 "$MNT/errors")"
stop_mount

# --- the real gcloud ------------------------------------------------------------------------------------
# It reads its command line before it asks who is signed in, and nobody is.
gcloud_reads_all "$PROJECT"
