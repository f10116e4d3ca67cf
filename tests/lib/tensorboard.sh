# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced behind lib.sh by tests with a real TensorBoard. $TENSORBOARD_PYTHON is a Python that has
# it and tensorboardX; where the variable is not set, a virtual environment is made, and the test
# is skipped where that fails.

# tensorboard_python NAME: sets TENSORBOARD_PYTHON, or ends the script.
tensorboard_python() {
	[ -z "${TENSORBOARD_PYTHON:-}" ] || return 0
	if ! python3 -m venv "$T/venv" >"$T/log" 2>&1; then
		skip "$1" "no venv: $(tail -1 "$T/log")"
		exit 0
	fi
	# tensorboard still wants a pkg_resources.
	if ! "$T/venv/bin/pip" -q install 'setuptools<81' tensorboard tensorboardX >"$T/log" 2>&1; then
		skip "$1" "pip cannot install tensorboard and tensorboardX: $(tail -1 "$T/log")"
		exit 0
	fi
	TENSORBOARD_PYTHON=$T/venv/bin/python
}

# ask PORT QUESTION...: tests/lib/tensorboard_ask.py says which.
ask() { "$TENSORBOARD_PYTHON" "$ROOT/tests/lib/tensorboard_ask.py" "$@"; }
# answers WANTED PORT QUESTION...: TensorBoard says that, exactly.
answers() {
	local wanted=$1
	shift
	[ "$(ask "$@" 2>/dev/null)" = "$wanted" ]
}
# shows NAME WANTED PORT QUESTION...: a case; TensorBoard says that before long.
shows() {
	local name=$1 wanted=$2
	shift 2
	if wait_until 60 answers "$wanted" "$@"; then
		ok "$name"
	else
		not_ok "$name" "wanted '$wanted', TensorBoard says '$(ask "$@" 2>&1 | tail -5)'"
	fi
}

# A project whose runs log until they find a file `stop`, and one that fails.
# Without samples of the system, so that what it prints is all that it logs.
growing_project() {
	export GUILD_SAMPLE_SECONDS=0
	cat >"$PROJECT/guild.yml" <<'END'
- model: m
  operations:
    grow:
      exec: sh grow.sh
      flags: {lr: 0.25, name: a b}
      output-scalars: {step: 'step (\step)', loss: 'loss=(\value)'}
    fail: {exec: 'false', flags: {depth: 3}}
END
	cat >"$PROJECT/grow.sh" <<END
mkdir -p logs/train
"$BUILD/lib/events" write logs/train
i=0
while [ ! -e stop ]; do
	i=\$((i + 1))
	echo "step \$i loss=\$i.5"
	echo "kind: cnn"
	[ -e fast ] || sleep 0.2
done
END
}
# What such a run has logged so far, as TensorBoard has to show it.
logged() { sed -n 's/^step \([0-9]*\) loss=/\1 /p' "$HOME_DIR/runs/$1/.guild/output"; }
