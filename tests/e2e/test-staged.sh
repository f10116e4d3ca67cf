#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs that wait for their start: what is in them, and which runs they depend on.
. "$(dirname "$0")/../lib/lib.sh"

cat >"$PROJECT/guild.yml" <<'END'
upstream:
  exec: 'true'
  requires: {file: src.txt}
downstream:
  exec: cat src.txt
  sourcecode: no
  requires: {operation: upstream, select: src.txt}
END
cd "$PROJECT" || exit 1
R=$HOME_DIR/runs

# A stage that fails is not one.
guild run upstream --stage --run-id up0 -y >/dev/null 2>&1
equal "unmet dependency: the stage fails" 1 $?
matches "and the run is an error" "upstream +error" "$(guild runs list -s)"
refuse "that says no start" test -e "$R/up0/.guild/attrs/started"
refuse "and does not wait for one" test -e "$R/up0/.guild/STAGED"
guild runs rm -y >/dev/null 2>&1

# What is staged is as Guild AI makes it.
echo one >src.txt
guild run upstream --run-id old -y >/dev/null 2>&1
guild run upstream --stage --run-id up1 -y >/dev/null 2>&1
equal "no output, and nothing of ours" "ENV STAGED attrs manifest opref" \
	"$(LC_ALL=C ls "$R/up1/.guild" | xargs)"

# It may depend on what is staged; what runs now may not.
guild run downstream --stage --run-id down1 -y >/dev/null 2>&1
matches "the newest upstream is the staged one" "operation:upstream=up1" "$(guild runs list -n1)"
out=$(guild run --start down1 -y 2>&1)
matches "which must have run" "no suitable run for upstream" "$out"
matches "a run looks past it" "Using run old" "$(guild run downstream -y 2>&1)"
check "upstream starts" guild run --start up1 -y
matches "and is used" "Using run up1" "$(guild run --start down1 -y 2>&1)"
equal "the run was chosen when it was staged" up1 \
	"$(sed -n 's/ *config: //p' "$R/down1/.guild/attrs/deps")"

# Source code is copied by then: so is the commit that it is of.
git_() { git -c user.name=t -c user.email=t@localhost "$@" >/dev/null 2>&1; }
git_ init . && git_ add -A && git_ commit -m one
first=$(git rev-parse HEAD)
guild run upstream --stage --run-id committed -y >/dev/null 2>&1
echo two >src.txt
git_ commit -a -m two
guild run --start committed -y >/dev/null 2>&1
equal "the commit is the one of the stage" "git:$first" "$(cat "$R/committed/.guild/attrs/vcs_commit")"

start_mount
guild run upstream --stage --run-id up2 -y >/dev/null 2>&1
echo '{}' >"$MNT/operations/downstream/stage"
matches "likewise in the mount" "operation:upstream: up2" "$(cat "$MNT/runs/latest/flags")"
stop_mount
