#!/bin/bash
# SPDX-License-Identifier: MIT
# kill -9 in a queue at random moments: of its process, its supervisor, both, and the supervisor of a
# run that it has started. After another queue no run is lost, none was run twice, and every state is
# true. FAULT_KILLS is the number of kills (8), and FAULT_SEED repeats what a failure names.
. "$(dirname "$0")/lib.sh"

: "${FAULT_SEED:=$$}"
RANDOM=$FAULT_SEED
N=8
cat >"$PROJECT/guild.yml" <<'END'
once: {exec: sh once.sh, flags: {x: 1}}
END
cat >"$PROJECT/once.sh" <<END
echo \$RUN_ID >>$T/ran
sleep 0.02
END
cd "$PROJECT" || exit 1

clear_runs() { rm -rf "$HOME_DIR"/runs/* "$HOME_DIR/trash"; : >"$T/ran"; }
queue() { "$BUILD/guild" run queue run-once=yes poll-interval=1 -y --keep-run -l q "$@" >/dev/null 2>&1; }
queue_id() { grep -lx "builtin:.* '' queue" "$HOME_DIR"/runs/*/.guild/opref | head -1 | rev | cut -d/ -f3 | rev; }
supervisor_of() { cut -d' ' -f1 "$HOME_DIR/runs/$1/.guild/guildfs/supervisor" 2>/dev/null; }
# A run that is at work; the last one when there is none.
some_run() {
	local run id last=
	for run in "$HOME_DIR"/runs/*/; do
		id=$(basename "$run")
		[ "$id" != "$1" ] && [ -e "$run/.guild/guildfs/supervisor" ] || continue
		last=$id
		[ -e "$run/.guild/attrs/exit_status" ] || break
	done
	echo "$last"
}
victims() { # QUEUE KIND
	local process
	process=$(cat "$HOME_DIR/runs/$1/.guild/LOCK" 2>/dev/null)
	case $2 in
	0) echo "$process" ;;
	1) supervisor_of "$1" ;;
	2) echo "$process" "$(supervisor_of "$1")" ;;
	3) supervisor_of "$(some_run "$1")" ;;
	esac
}
# What is wrong after another queue. Of a run whose supervisor died as it began nobody can say that
# it was to be started by a queue: it is an error, and did not run.
finish_queue() {
	local ran failed
	wait_until 30 nothing_runs || echo "processes are left: $(own_processes | xargs ps -o args= -p);"
	look_at_store
	queue || echo "another queue fails;"
	wait_until 30 nothing_runs
	look_at_store
	ran=$(sort -u "$T/ran" | wc -l)
	[ "$(wc -l <"$T/ran")" = "$ran" ] || echo "a run ran twice;"
	failed=$("$BUILD/guild" runs list --all --error -Fo once | wc -l)
	[ $((ran + failed)) -ge $N ] && [ "$failed" -le "$1" ] ||
		echo "of $N runs $ran ran, and $failed are errors;"
	! grep -qE ' (staged|pending|running) ' "$T/list" || echo "some are left;"
	[ "$(grep -c ' once ' "$T/list")" = $N ] || echo "not all are there;"
}

bad= killed=0 tried=0 span=700
wanted=${FAULT_KILLS:-8}
while [ $killed -lt "$wanted" ] && [ $tried -lt $((3 * wanted)) ]; do
	clear_runs
	jobs=$((tried % 2 + 1)) kind=$((tried % 4)) tried=$((tried + 1))
	"$BUILD/guild" run once "x=range[1:$N]" --stage-trials -y >/dev/null 2>&1
	queue -b --jobs $jobs
	id=$(queue_id)
	sleep "$(awk -v ms=$((RANDOM % span)) 'BEGIN {print ms / 1000}')"
	# shellcheck disable=SC2046 # words
	kill -9 $(victims "$id" $kind) 2>/dev/null && killed=$((killed + 1))
	wrong=$(finish_queue $((kind == 3)))
	[ -z "$wrong" ] || bad="$bad kill $tried, of kind $kind with $jobs jobs: $wrong $(cat "$T/list")"
done
equal "a queue, killed at $killed random moments (FAULT_SEED=$FAULT_SEED)" "" "$bad"
