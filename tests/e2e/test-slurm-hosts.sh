#!/bin/bash
# SPDX-License-Identifier: MIT
# One home on a network file system, and three machines: mount namespaces, each with a mount of its
# own of the same directory (sshfs, which shares neither pages nor locks with the others) and with
# another boot. What one of them runs, the others see as it is.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/slurm.sh"

SFTP=$(PATH=$PATH:/usr/lib/openssh command -v sftp-server)
if [ -z "$SFTP" ] || ! command -v sshfs >/dev/null; then
	skip "machines" "there is no sshfs here, or no sftp-server (Debian: sshfs, openssh-sftp-server)"
	exit 0
fi
mkdir -p "$T/disk/home" "$T/net" "$T/machines"
printf '#!/bin/sh\nexec %s\n' "$SFTP" >"$T/sftp"
chmod +x "$T/sftp"
HOME_DIR=$T/net/home
export GUILD_HOME=$HOME_DIR
DISK=$T/disk/home # what the server sees

# A machine is a process that stays: its namespace ends with it.
cat >"$T/boot" <<'END'
mount --bind "$3" /proc/sys/kernel/random/boot_id &&
	sshfs -o ssh_command="$1/sftp",cache=no,attr_timeout=0,entry_timeout=0 there:"$1/disk" "$1/net" &&
	touch "$2" && exec sleep 3600
END
make_machine() {
	local as=-r
	[ "$(id -u)" != 0 ] || as=
	echo "$2" >"$T/machines/$1.boot"
	unshare $as -m sh "$T/boot" "$T" "$T/machines/$1.up" "$T/machines/$1.boot" >"$T/machines/$1.log" 2>&1 &
	echo $! >"$T/machines/$1"
	wait_until 10 test -e "$T/machines/$1.up"
}
# on MACHINE COMMAND...
on() {
	local as=-U
	[ "$(id -u)" != 0 ] || as=
	nsenter -t "$(cat "$T/machines/$1")" $as --preserve-credentials -m --wdns="$PROJECT" "${@:2}"
}
for M in "desk 11111111-89ab-4cde-8f01-23456789abcd" "lab 22222222-89ab-4cde-8f01-23456789abcd" \
	"node 33333333-89ab-4cde-8f01-23456789abcd"; do
	# shellcheck disable=SC2086 # two words
	make_machine $M && continue
	skip_optional "machines" "no mount namespace with sshfs for this user: $(tail -1 "$T/machines/${M%% *}.log")"
	exit 0
done
cat >"$PROJECT/guild.yml" <<'END'
long:
  exec: sh -c 'echo begin; sleep 600'
  flags: {x: 1}
hello:
  exec: sh -c 'echo "x=$FLAG_X"'
  flags: {x: 1}
END
cd "$PROJECT" || exit 1
status() { on "$1" guild runs info "$2" | sed -n 's/^status: //p'; }
is() { [ "$(status "$1" "$2")" = "$3" ]; }
begun() { grep -qs begin "$DISK/runs/$1/.guild/output"; }
supervisor() { cut -d' ' -f1 "$DISK/runs/$1/.guild/guildfs/supervisor"; }
# start MACHINE OPERATION: $RUN
start() {
	on "$1" guild run -y -b "${@:2}" >"$T/out" 2>&1
	RUN=$(grep -oE '[0-9a-f]{32}' "$T/out" | head -1)
	wait_until 20 begun "$RUN" || not_ok "start $*" "$(cat "$T/out")"
}

# --- who lives -----------------------------------------------------------------------------------
start desk long
equal "what a machine runs is running there" running "$(status desk "$RUN")"
equal "and for another one" running "$(status lab "$RUN")"
matches "which cannot stop it, and says where" "on another machine, $(hostname): stop it there" \
	"$(on lab guild stop -y "$RUN" 2>&1)"
matches "nor start it again" "it's running" "$(on lab guild run -y --restart "$RUN" 2>&1)"
on desk guild stop -y "$RUN" >/dev/null 2>&1
check "its end is seen at once" is lab "$RUN" terminated
refuse "nothing is left of the lease" test -e "$DISK/runs/$RUN/.guild/guildfs/lease"

start desk long
PROCESS=$(cat "$DISK/runs/$RUN/.guild/LOCK")
kill -9 "$(supervisor "$RUN")" "$PROCESS"
wait_until 10 is desk "$RUN" error
equal "a supervisor that was killed is dead on its machine" error "$(status desk "$RUN")"
equal "and elsewhere alive as long as its lease is" running "$(status lab "$RUN")"
touch -d '2 minutes ago' "$DISK/runs/$RUN/.guild/guildfs/lease"
equal "and then dead, too" error "$(status lab "$RUN")"

start desk long
LEASE=$DISK/runs/$RUN/.guild/guildfs/lease
touch -d '10 minutes ago' "$LEASE"
renewed() { [ "$(($(date +%s) - $(stat -c %Y "$LEASE")))" -lt 60 ]; }
check "a lease is renewed" wait_until 40 renewed
on desk guild stop -y "$RUN" >/dev/null 2>&1

# --- the index and the mount ------------------------------------------------------------------------
refuse "no index lies on the network" test -e "$DISK/cache/guildfs/index.db"
mkdir -p "$T/lab-mnt"
on lab "$BUILD/guildfs" -f -H "$HOME_DIR" -C "$PROJECT" "$T/lab-mnt" >"$T/lab.log" 2>&1 &
LAB=$!
wait_until 20 on lab test -e "$T/lab-mnt/README"
lab_shows() { [ "$(on lab cat "$T/lab-mnt/runs/$1/status" 2>/dev/null)" = "$2" ]; }
on desk guild run -y hello x=3 >/dev/null 2>&1
RUN=$(ls -t "$DISK/runs" | head -1)
check "a mount shows what another machine has run" wait_until 60 lab_shows "$RUN" completed
listed() { on lab ls "$T/lab-mnt/runs" | grep -q "$1"; }
check "in its list, too" wait_until 60 listed "$RUN"
start desk long
check "and what it is running" wait_until 60 lab_shows "$RUN" running
kill "$(supervisor "$RUN")"
check "until it ends" wait_until 10 lab_shows "$RUN" terminated

end_mount() {
	kill $LAB
	wait $LAB 2>/dev/null || : # TERM is how it ends
}
if [ "$(id -u)" != 0 ]; then
	skip_optional "a node of Slurm" "in a user namespace slurmd is nobody"
	end_mount
	exit 0
fi

# --- a node of Slurm ----------------------------------------------------------------------------------
ON_NODE="on node"
slurm_start
start desk --executor slurm long
equal "a job's run is running for who started it" running "$(status desk "$RUN")"
check "for others" is lab "$RUN" running
check "and in their mount" wait_until 60 lab_shows "$RUN" running
on lab sh -c "echo stop >'$T/lab-mnt/runs/$RUN/ctl'"
check "which stops it by way of Slurm" wait_until 20 is desk "$RUN" terminated
start desk --executor slurm long
on desk guild stop -y "$RUN" >"$T/out" 2>&1
check "so does guild stop" is desk "$RUN" terminated
matches "guild run follows it" "x=5" "$(on desk guild run -y --executor slurm hello x=5 2>/dev/null)"
start desk --executor slurm long
kill -9 "$(supervisor "$RUN")"
wait_until 20 sh -c "! squeue -h -n long | grep -q ."
touch -d '2 minutes ago' "$DISK/runs/$RUN/.guild/guildfs/lease"
equal "a node that failed leaves an error" error "$(status desk "$RUN")"
slurm_stop
end_mount
