#!/bin/bash
# SPDX-License-Identifier: MIT
# guild deploy: to directories and by rclone, in every layout; versions, going back, and the verb
# `deploy` in the mount. What is deployed is text that begins as a model does, and at the end a real
# one, which ONNX Runtime loads.
. "$(dirname "$0")/../lib/lib.sh"

unset GUILD_CONFIG
S=$T/served
cat >"$PROJECT/guild.yml" <<'END'
- model: cnn
  operations:
    train: {exec: sh train.sh, flags: {n: 1, kinds: saved}}
    deploy: {exec: 'echo own deploy of ${to}', flags: {to: x}}
    evaluate: {exec: ls, requires: {operation: train, target-path: trained}}
END
cat >"$PROJECT/train.sh" <<'END'
for kind in $FLAG_KINDS; do
	case $kind in
	saved)
		mkdir -p out/net/variables
		printf '\010\001 model %s' "$FLAG_N" >out/net/saved_model.pb
		echo weights >out/net/variables/variables.index
		;;
	keras) printf 'PK\003\004 %s' "$FLAG_N" >net.keras ;;
	onnx) printf '\010\007 %s' "$FLAG_N" >net.onnx ;;
	h5) printf '\211HDF\r\n' >"weights-$FLAG_N.h5"; printf '\211HDF\r\n' >"weights-0.h5" ;;
	pt) printf 'PK\003\004' >net.pt ;;
	wrong) echo text >net.onnx ;;
	esac
done
END
cat >"$HOME_DIR/config.yml" <<END
deploy:
  tf: {type: directory, path: $S/tf, layout: tfserving, model: net}
  triton: {type: directory, path: $S/triton, layout: triton, model: net}
  any: {type: directory, path: $S/any}
  h5: {type: directory, path: $S/h5, pattern: weights-7.h5}
  part: {type: directory, path: $S/part, pattern: out/*/variables}
  local: {type: rclone, remote: $S/local, layout: triton, model: net}
  file: {type: rclone, remote: $S/file}
END
cd "$PROJECT" || exit 1
# trained FLAG=VALUE...: the id of a new run.
trained() { guild run train "$@" -y >"$T/log" 2>&1 && guild select; }
deploy() { guild deploy -y "$@" 2>&1 | grep -vE '^(Resolving run$|Using run )'; }
# In a way that all can read: rclone speaks of its configuration.
export RCLONE_CONFIG=$T/rclone.conf
touch "$RCLONE_CONFIG"

one=$(trained n=1)
equal "a run" "net of run $one is version 1 of tf: $S/tf/net/1" "$(deploy "$one" tf)"
d=$(guild select)
equal "its model is there" "model 1" "$(tail -c +4 "$S/tf/net/1/saved_model.pb")"
equal "all of it" "./saved_model.pb ./variables/variables.index" "$(cd "$S/tf/net/1" && find . -type f | sort | xargs)"
equal "and nothing else" "1" "$(ls -A "$S/tf/net")"
equal "the deployment is a run" "completed" "$(guild runs info "$d" | sed -n 's/^status: //p')"
equal "of the operation" "builtin:guildai 0.9.1 '' deploy" "$(cat "$HOME_DIR/runs/$d/.guild/opref")"
equal "its label" "tf ${one:0:8}" "$(guild runs info "$d" | sed -n 's/^label: //p')"
matches "its dependency" "config: $one" "$(tr '\n' ' ' <"$HOME_DIR/runs/$d/.guild/attrs/deps")"
equal "a link to what was deployed" "$HOME_DIR/runs/$one/out/net" "$(readlink -f "$HOME_DIR/runs/$d/model/net")"
equal "its result" "location: $S/tf/net/1|model: net|run: $one|version: 1|" \
	"$(tr '\n' '|' <"$HOME_DIR/runs/$d/.guild/attrs/deployment")"
equal "for Triton" "net of run $one is version 1 of triton: $S/triton/net/1" "$(deploy "${one:0:8}" triton)"
check "in its layout" test -f "$S/triton/net/1/model.savedmodel/saved_model.pb"
deploy train any >/dev/null
check "without a layout, by an operation's name" test -f "$S/any/1/net/saved_model.pb"
onnx=$(trained n=2 kinds=onnx)
deploy "$onnx" triton >/dev/null
equal "ONNX for Triton" "1 2 model.onnx" "$(ls "$S/triton/net" "$S/triton/net/2" -I '*:' | grep -v : | xargs)"
pt=$(trained kinds=pt)
deploy "$pt" triton >/dev/null
equal "PyTorch" model.pt "$(ls "$S/triton/net/3")"
matches "which TensorFlow Serving does not take" "run $pt has saved no model that this target takes: a SavedModel" "$(deploy "$pt" tf)"
deploy "$pt" any >/dev/null
equal "a file" net.pt "$(ls "$S/any/2")"
many=$(trained n=7 kinds='h5 keras saved')
deploy "$many" any >/dev/null
equal "the best of several kinds" net "$(ls "$S/any/3")"
deploy "$many" h5 >/dev/null
equal "by a pattern" weights-7.h5 "$(ls "$S/h5/1")"
deploy "$many" part >/dev/null
equal "also a directory that is no model" variables "$(ls "$S/part/1")"
h5=$(trained n=8 kinds=h5)
matches "several that are as good" "has saved several models: weights-0.h5, weights-8.h5; say which one by .pattern." "$(deploy "$h5" any)"
wrong=$(trained kinds=wrong)
matches "what is none" "net.onnx is not an ONNX model, as its name says" "$(deploy "$wrong" any)"
guild run evaluate -y >/dev/null 2>&1
matches "a model of another run" "has saved no model" "$(deploy evaluate any)"
count=$(guild runs | wc -l)
mkdir -p "$S/any/07" "$S/any/notes" "$S/any/9x"
deploy "$one" any >/dev/null
check "the next number" test -d "$S/any/8"

# --- going back -----------------------------------------------------------------------------------
two=$(trained n=2) three=$(trained n=3)
deploy "$two" tf >/dev/null
deploy "$three" tf >/dev/null
equal "the one before" "net of run $two is version 4 of tf: $S/tf/net/4" "$(deploy --rollback tf)"
equal "is served" "model 2" "$(tail -c +4 "$S/tf/net/4/saved_model.pb")"
equal "as a run that says so" "tf ${two:0:8} (back)" "$(guild runs info | sed -n 's/^label: //p')"
equal "the one before that" "net of run $one is version 5 of tf: $S/tf/net/5" "$(deploy --rollback tf)"
matches "is the first" "no deployment to 'tf' before the present one" "$(deploy --rollback tf)"
deploy "$three" tf >/dev/null
equal "after a new one" "net of run $one is version 7 of tf: $S/tf/net/7" "$(deploy --rollback tf)"

# --- rclone ------------------------------------------------------------------------------------------
if command -v rclone >/dev/null; then
	matches "rclone" "net of run $one is version 1 of local: $S/local/net/1" "$(deploy "$one" local)"
	equal "what is there" "1/model.savedmodel/saved_model.pb 1/model.savedmodel/variables/variables.index" \
		"$(cd "$S/local/net" && find . -type f | sed 's/^..//' | sort | xargs)"
	deploy "$onnx" local >/dev/null
	equal "the next" "model.onnx" "$(ls "$S/local/net/2")"
	deploy "$pt" file >/dev/null
	equal "without a layout" "1/net.pt" "$(cd "$S/file" && find . -type f | sed 's/^..//')"
	# serve KIND OPTION...: a remote on this machine, as the target KIND.
	serve() {
		local port
		port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
		mkdir -p "$S/$1"
		rclone serve "$1" "$S/$1" --addr "127.0.0.1:$port" "${@:2}" >"$T/$1.log" 2>&1 &
		wait_until 20 bash -c "</dev/tcp/127.0.0.1/$port"
		PORT=$port
	}
	serve webdav
	echo "  webdav: {type: rclone, remote: 'dav:models', layout: tfserving, model: net}" >>"$HOME_DIR/config.yml"
	printf '[dav]\ntype = webdav\nurl = http://127.0.0.1:%s\nvendor = other\n' "$PORT" >>"$RCLONE_CONFIG"
	serve sftp --user u --pass secret
	echo "  sftp: {type: rclone, remote: 'ssh:models', layout: tfserving, model: net}" >>"$HOME_DIR/config.yml"
	printf '[ssh]\ntype = sftp\nhost = 127.0.0.1\nport = %s\nuser = u\npass = %s\nshell_type = none\n' \
		"$PORT" "$(rclone obscure secret)" >>"$RCLONE_CONFIG"
	for kind in webdav sftp; do
		matches "$kind" "is version 1 of $kind: .*:models/net/1" "$(deploy "$one" $kind)"
		matches "$kind: the next" "is version 2 of $kind" "$(deploy "$two" $kind)"
		equal "$kind: what is there" "1/saved_model.pb 1/variables/variables.index 2/saved_model.pb 2/variables/variables.index" \
			"$(cd "$S/$kind/models/net" && find . -type f | sed 's/^..//' | sort | xargs)"
		equal "$kind: the second one" "model 2" "$(tail -c +4 "$S/$kind/models/net/2/saved_model.pb")"
	done
	echo "  none: {type: rclone, remote: 'none:x'}" >>"$HOME_DIR/config.yml"
	matches "no such remote" "rclone cannot list none:x" "$(deploy "$one" none)"
	equal "is a run with an error" error "$(guild runs info | sed -n 's/^status: //p')"
else
	skip "rclone" "rclone is not here"
fi

# --- what goes wrong ---------------------------------------------------------------------------------
matches "no such target" "there is no deploy target 'x'; those of .*config.yml are: tf, triton" "$(deploy "$one" x)"
matches "no such run" "could not find a run matching 'nothing'" "$(deploy nothing tf)"
equal "usage" 2 "$(guild deploy a b c >/dev/null 2>&1; echo $?)"
equal "declined" 4 "$(echo n | guild deploy "$one" tf >/dev/null 2>&1; echo $?)"
cp "$HOME_DIR/config.yml" "$T/config.yml"
# wrong TARGET REGEX
wrong() { echo "deploy: {x: $1}" >"$HOME_DIR/config.yml" && matches "$1" "config.yml: deploy target 'x': $2" "$(deploy "$one" x)"; }
wrong "[]" "a mapping is needed"
wrong "{path: /x}" "its type must be directory, rclone or cloudml"
wrong "{type: directory}" "it lacks its path"
wrong "{type: rclone, path: /x}" "it has what such a target does not take: path"
wrong "{type: directory, path: x}" "its path must be absolute"
wrong "{type: directory, path: /x, layout: other}" "its layout must be tfserving or triton"
wrong "{type: directory, path: /x, layout: triton}" "with a layout it needs a model"
wrong "{type: directory, path: /x, layout: triton, model: ../y}" "this cannot be the name of a directory"
wrong "{type: directory, path: 3}" "text is needed as its path"
rm "$HOME_DIR/config.yml"
matches "no targets" "there is no deploy target 'tf': .*config.yml has none, as in" "$(deploy "$one" tf)"
cp "$T/config.yml" "$HOME_DIR/config.yml"
: >"$S/blocked"
sed -i "s|path: $S/part|path: $S/blocked|" "$HOME_DIR/config.yml"
matches "a target that cannot be written" "cannot deploy to $S/blocked: Not a directory" "$(deploy "$many" part)"
equal "is a run with an error" error "$(guild runs info | sed -n 's/^status: //p')"
equal "the model's own operation" "own deploy of y" "$(guild deploy cnn to=y -y)"
equal "of the default model" "own deploy of z" "$(guild deploy to=z -y)"

# --- a real one --------------------------------------------------------------------------------------
cat >"$T/real.py" <<'END'
# real.py save N: net.onnx, which gives N times what it is given. real.py load FILE: does it?
import sys
if sys.argv[1] == "save":
    from onnx import TensorProto, helper, save
    shape = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in ("x", "y")]
    factor = helper.make_tensor("n", TensorProto.FLOAT, [1], [float(sys.argv[2])])
    graph = helper.make_graph([helper.make_node("Mul", ["x", "n"], ["y"])], "g", shape[:1], shape[1:], [factor])
    save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), "net.onnx")
else:
    import numpy, onnxruntime
    session = onnxruntime.InferenceSession(sys.argv[2])
    print(session.run(None, {"x": numpy.array([2], numpy.float32)})[0][0])
END
if python3 -m venv "$T/venv" >"$T/log" 2>&1 &&
	"$T/venv/bin/pip" -q install --no-compile onnx onnxruntime >"$T/log" 2>&1; then
	cat >guild.yml <<-END
	train: {exec: '$T/venv/bin/python $T/real.py save \${n}', flags: {n: 1}}
	END
	good=$(trained n=5) bad=$(trained n=0)
	# served N: what ONNX Runtime makes of 2 by version N.
	served() { "$T/venv/bin/python" "$T/real.py" load "$S/triton/net/$1/model.onnx" 2>&1 | tail -1; }
	last() { ls "$S/triton/net" | sort -n | tail -1; }
	matches "a real model" "net.onnx of run $good is version $(($(last) + 1)) of triton" "$(deploy "$good" triton)"
	equal "predicts where it is served" 10.0 "$(served "$(last)")"
	deploy "$bad" triton >/dev/null
	equal "so does a worse one" 0.0 "$(served "$(last)")"
	deploy --rollback triton >/dev/null
	equal "and the better one, after going back" 10.0 "$(served "$(last)")"
else
	skip "ONNX Runtime" "pip cannot install it: $(tail -1 "$T/log")"
fi

# --- the mount -----------------------------------------------------------------------------------------
start_mount
matches "ctl" "restart deploy TARGET" "$(cat "$MNT/runs/$one/ctl")"
check "deploys" bash -c "echo 'deploy triton' >'$MNT/runs/$one/ctl'"
finish
equal "as a run" "deploy completed" "$(cat "$MNT/runs/latest/operation" "$MNT/runs/latest/status" | xargs)"
equal "with its result" "location: $S/triton/net/$(ls "$S/triton/net" | sort -n | tail -1)" "$(head -1 "$MNT/runs/latest/attrs/deployment")"
check "which is there" test -f "$(sed -n "s/^location: //p" "$MNT/runs/latest/attrs/deployment")/model.savedmodel/saved_model.pb"
equal "ls tells what is where" "triton" "$(ls "$MNT/by/flag/target" | grep triton)"
equal "and from which run" "$one" "$(readlink -f "$MNT/runs/latest/files/model/net" | sed 's,/files/.*,,; s,.*/,,')"
refuse "an unknown target" bash -c "echo 'deploy x' >'$MNT/runs/$one/ctl'"
matches "and why" "runs/$one/ctl.*there is no deploy target 'x'" "$(tail -1 "$MNT/errors")"
refuse "no target" bash -c "echo deploy >'$MNT/runs/$one/ctl'"
matches "and why" "deploy needs one TARGET" "$(tail -1 "$MNT/errors")"
refuse "a word too many" bash -c "echo 'stop it' >'$MNT/runs/$one/ctl'"
