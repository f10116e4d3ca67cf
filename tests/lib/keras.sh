# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced, after lib.sh, by tests that run Keras: an environment with what the example cifar10-cnn
# wants, made once in a run of all tests. $KERAS_VENV is one that has all of it already.

# keras_venv DIR: is DIR/.venv. Ends the script, with a skip, where it cannot be had.
keras_venv() {
	local venv=${KERAS_VENV:-${RESULTS:-$T}/keras}
	[ -n "${KERAS_VENV:-}" ] || make_keras_venv "$venv"
	ln -sfn "$venv" "$1/.venv"
}

# Of two tests at a time one makes it, and the other one waits.
make_keras_venv() {
	local complaint
	complaint=$(
		exec 9>"$1.lock"
		flock 9
		[ ! -e "$1.made" ] || exit 0
		rm -rf "$1"
		python3 -m venv "$1" >"$T/log" 2>&1 ||
			{ echo "no venv: $(tail -1 "$T/log")"; exit 1; }
		"$1/bin/pip" -q install --no-compile tensorboardX==2.6.5 \
			-r "$ROOT/docs/examples/cifar10-cnn/requirements.txt" >"$T/log" 2>&1 9>&- ||
			{ echo "pip cannot install TensorFlow: $(tail -1 "$T/log")"; exit 1; }
		touch "$1.made"
	) || { skip "Keras" "$complaint"; exit 0; }
}
