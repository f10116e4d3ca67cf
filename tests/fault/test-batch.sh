#!/bin/bash
# SPDX-License-Identifier: MIT
# kill -9 in a batch: of its process at steps of its work, and at random moments of its process, its
# supervisor, what forks supervisors for it, and the supervisor of a trial. After a restart no trial
# is lost, none was run twice, and every state is true. FAULT_KILLS is the number of random kills
# (12), FAULT_STEP (17) the distance of the calls of a kind at which it dies, and FAULT_SEED repeats
# what a failure names.
. "$(dirname "$0")/lib.sh"

: "${FAULT_SEED:=$$}"
RANDOM=$FAULT_SEED
cat >"$PROJECT/guild.yml" <<'END'
once: {exec: sh once.sh, flags: {x: 1}}
END
cat >"$PROJECT/once.sh" <<END
echo \$RUN_ID >>$T/ran
sleep 0.02
END
cd "$PROJECT" || exit 1
N=

batch_id() { basename "$(dirname "$(dirname "$(echo "$HOME_DIR"/runs/*/.guild/proto)")")"; }
trials() { find "$HOME_DIR/runs/$1" -maxdepth 1 -type l -printf '%f\n' | sort; }
clear_runs() { rm -rf "$HOME_DIR"/runs/* "$HOME_DIR/trash"; : >"$T/ran"; }
count_trials() { sort -u "$T/ran" | wc -l; }

# finish_batch ID: what is wrong after the kill, and after a restart of what it left.
finish_batch() {
	local id=$1 out
	wait_until 30 nothing_runs || echo "processes are left: $(own_processes | xargs ps -o args= -p);"
	look_at_store
	if [ "$(count_trials)" -lt "$N" ]; then
		out=$(timeout 20 "$BUILD/guild" run --restart "$id" -y 2>&1) ||
			echo "a restart fails: $out;"
	fi
	[ "$(count_trials)" = "$N" ] || echo "$(count_trials) of $N trials ran;"
	[ "$(wc -l <"$T/ran")" = "$(count_trials)" ] || echo "a trial ran twice;"
	[ "$(trials "$id")" = "$(sort -u "$T/ran")" ] || echo "what ran is not what the batch has;"
	[ "$(ls "$HOME_DIR/runs" | wc -l)" = $((N + 1)) ] || echo "there are other runs;"
	wait_until 30 nothing_runs
	look_at_store
}

# --- steps of its process, and of its trials' supervisors ------------------------------------------
# A guild whose batches are traced, and a supervisor that is. What the operation does is not.
mkdir "$T/bin"
cp "$BUILD/guild" "$T/bin/guild-itself"
cp "$BUILD/guild-supervise" "$T/bin/supervise-itself"
cp -r "$BUILD/python" "$T/bin/"
for name in guild supervise; do
	cat >"$T/bin/$name" <<END
#!/bin/sh
[ "\$1" = "\$FAULT_OF" ] || exec "$T/bin/$name-itself" "\$@"
exec strace -D -f -b execve -q -o "$T/trace" -e "trace=\$FAULT_CALL" \
	-e "inject=\$FAULT_CALL:signal=KILL:when=\$FAULT_N" "$T/bin/$name-itself" "\$@"
END
	chmod +x "$T/bin/$name"
done
mv "$T/bin/supervise" "$T/bin/guild-supervise"
export FAULT_OF FAULT_CALL FAULT_N

N=3
# step NAME OF CALL...: a batch whose process, or whose supervisors, are killed at each of some calls.
step() {
	local name=$1 bad steps wrong
	FAULT_OF=$2
	shift 2
	for FAULT_CALL; do
		bad= steps=0 FAULT_N=1
		while [ $FAULT_N -lt 500 ]; do
			clear_runs
			rm -f "$T/trace"
			timeout 20 "$T/bin/guild-itself" run once "x=range[1:$N]" -qy --keep-batch \
				--batch-label b --jobs $((steps % 2 + 1)) >/dev/null 2>&1
			grep -qs "= ?$" "$T/trace" || break
			steps=$((steps + 1))
			wrong=$(finish_batch "$(batch_id)")
			[ -z "$wrong" ] || bad="$bad at $FAULT_N: $wrong"
			FAULT_N=$((FAULT_N + ${FAULT_STEP:-17}))
		done
		equal "$name, killed at $steps of $FAULT_N $FAULT_CALL" "" "$bad"
	done
}
step "a batch" batch-main $CALLS sendmsg
step "supervisors of trials" --serve $CALLS fcntl clone

# --- random moments ------------------------------------------------------------------------------
N=8
first_word() { cut -d' ' -f1 "$1" 2>/dev/null; }
supervisor_of() { first_word "$HOME_DIR/runs/$1/.guild/guildfs/supervisor"; }
# A trial that is at work; the last one when there is none.
some_trial() {
	local t last=
	for t in $(trials "$1"); do
		[ -e "$HOME_DIR/runs/$t/.guild/guildfs/supervisor" ] || continue
		last=$t
		[ -e "$HOME_DIR/runs/$t/.guild/attrs/exit_status" ] || break
	done
	echo "$last"
}
# victims ID KIND: the processes that are to die.
victims() {
	local process
	process=$(cat "$HOME_DIR/runs/$1/.guild/LOCK" 2>/dev/null)
	case $2 in
	0) echo "$process" ;;
	1) supervisor_of "$1" ;;
	2) echo "$process" "$(supervisor_of "$1")" ;;
	3) supervisor_of "$(some_trial "$1")" ;;
	4) [ -z "$process" ] || ps -o pid= --ppid "$process" ;;
	esac
}
start_batch() { "$BUILD/guild" run once "x=range[1:$N]" -yb --keep-batch --batch-label b --jobs "$1" >/dev/null 2>&1; }

# As long as one takes that nobody kills, in milliseconds.
clear_runs
before=$(date +%s%3N)
start_batch 1
wait_until 60 nothing_runs
span=$(($(date +%s%3N) - before))
bad= killed=0 tried=0
wanted=${FAULT_KILLS:-12}
while [ $killed -lt "$wanted" ] && [ $tried -lt $((3 * wanted)) ]; do
	clear_runs
	jobs=$((tried % 2 + 1)) kind=$((tried % 5)) tried=$((tried + 1))
	start_batch $jobs
	id=$(batch_id)
	sleep "$(awk -v ms=$((RANDOM % span)) 'BEGIN {print ms / 1000}')"
	# shellcheck disable=SC2046 # words
	kill -9 $(victims "$id" $kind) 2>/dev/null && killed=$((killed + 1))
	wrong=$(finish_batch "$id")
	[ -z "$wrong" ] || bad="$bad kill $tried, of kind $kind with $jobs jobs: $wrong $(cat "$T/list")"
done
equal "a batch, killed at $killed random moments (FAULT_SEED=$FAULT_SEED)" "" "$bad"
