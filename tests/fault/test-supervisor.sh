#!/bin/bash
# SPDX-License-Identifier: MIT
# The supervisor, or the operation, is killed at every step from the start to the exit status: what
# the store says afterwards is true.
. "$(dirname "$0")/lib.sh"

shell_project
cd "$PROJECT" || exit 1
# A guild beside a supervisor that is traced: the starter sees no difference.
mkdir "$T/bin"
cp "$BUILD/guild" "$T/bin/"
cp -r "$BUILD/python" "$T/bin/"
cat >"$T/bin/guild-supervise" <<'END'
#!/bin/sh
exec strace -D -f -qq -o /dev/null -e "trace=$FAULT_CALL" -e "inject=$FAULT_CALL:signal=KILL:when=$FAULT_N" \
	"$FAULT_SUPERVISE" "$@"
END
chmod +x "$T/bin/guild-supervise"
export FAULT_SUPERVISE=$BUILD/guild-supervise FAULT_CALL FAULT_N

for FAULT_CALL in $CALLS; do
	bad= FAULT_N=0 survived=0
	while [ $FAULT_N -lt 120 ] && [ $survived -lt 3 ]; do
		FAULT_N=$((FAULT_N + 1))
		timeout 20 "$T/bin/guild" run quick -q -y >/dev/null 2>&1
		[ $? -eq 124 ] && bad="$bad guild hangs at $FAULT_N;"
		wait_until 10 nothing_runs || bad="$bad processes are left at $FAULT_N: $(own_processes);"
		bad=$bad$(look_at_store)
		status=$("$BUILD/guild" runs -s -n 1 | awk '{print $3}')
		case $status in
		completed) survived=$((survived + 1)) ;;
		error | terminated | pending) survived=0 ;;
		*) bad="$bad status $status at $FAULT_N;" ;;
		esac
	done
	equal "killed at each of $FAULT_N $FAULT_CALL" "" "$bad"
done
start_mount
check "pending ones are started by the daemon" \
	wait_until 60 sh -c "! '$BUILD/guild' runs --all | grep -q ' pending '"
wait_until 30 sh -c "! '$BUILD/guild' runs --all | grep -q ' running '"
check "what dead supervisors left is tidied up" \
	wait_until 5 sh -c "! ls '$HOME_DIR'/runs/*/.guild/PENDING"
bad=
for run in "$HOME_DIR"/runs/*; do
	status=$(cat "$MNT/runs/$(basename "$run")/status")
	code=$(cat "$run/.guild/attrs/exit_status" 2>/dev/null)
	case $status:$code in
	completed:0 | terminated:-9 | error: | error:[1-9]*) ;;
	*) bad="$bad $status with exit status '$code';" ;;
	esac
done
equal "every state is what the exit status says" "" "$bad"
