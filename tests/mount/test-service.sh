#!/bin/bash
# SPDX-License-Identifier: MIT
# The mount as a service: a systemd of our own, in namespaces and control groups of its own, with
# no units but ours.
. "$(dirname "$0")/../lib/lib.sh"

SYSTEMD=/usr/lib/systemd/systemd
if [ "$(id -u)" != 0 ] || [ ! -x $SYSTEMD ]; then
	skip_optional "service" "needs root and systemd, to start one of its own"
	exit 0
fi

# A group of our own in each hierarchy: what systemd takes for the root of all.
groups=()
for procs in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do
	group=$(dirname "$procs")/guildfs-test-$$
	[ -e "$procs" ] && mkdir "$group" 2>/dev/null && groups+=("$group")
done
remove_groups() {
	local group
	for group in "${groups[@]}"; do find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null; done
}
INIT=
end_systemd() {
	[ -z "$INIT" ] || { kill -KILL "$INIT" && wait "$SHELL_PID"; } 2>/dev/null
	INIT=
	wait_until 10 sh -c "! cat ${groups[*]/%//cgroup.procs} /dev/null | grep -q ."
	remove_groups
}
trap 'end_systemd; cleanup' EXIT

mkdir "$T/units"
for target in test basic local-fs multi-user nss-user-lookup remote-fs shutdown sysinit umount; do
	printf '[Unit]\nDefaultDependencies=no\n' >"$T/units/$target.target"
done
SERVICE=guildfs@$(systemd-escape -p "$MNT").service
sed "s|@bindir@|$BUILD|; s|^\[Unit\]|&\nDefaultDependencies=no|" \
	"$ROOT/tools/systemd/system/guildfs@.service.in" >"$T/units/guildfs@.service"
mkdir "$T/units/$SERVICE.d"
cat >"$T/units/$SERVICE.d/options.conf" <<END
[Service]
Environment=GUILD_HOME=$HOME_DIR NO_PIP_FREEZE=1
Environment="GUILDFS_OPTIONS=-C $PROJECT"
StandardError=append:$T/log
END
MOUNT=$(systemd-escape -p --suffix=mount "$MNT")
printf '[Unit]\nDefaultDependencies=no\n[Mount]\nWhat=%s\nWhere=%s\nType=fuse.guildfs\nOptions=project=%s\n' \
	"$HOME_DIR" "$MNT" "$PROJECT" >"$T/units/$MOUNT"
cat >"$T/init" <<END
mount --make-rprivate /
grep -q cgroup2 /proc/self/mountinfo && v2=1
if [ -e /sys/fs/cgroup/cgroup.procs ]; then
	umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
	for at in /sys/fs/cgroup/*/; do umount "\$at" 2>/dev/null; done
	umount /sys/fs/cgroup
	mount -t tmpfs tmpfs /sys/fs/cgroup && mkdir /sys/fs/cgroup/systemd &&
		mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
fi || exit 1
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /etc/systemd &&
	mount --bind '$T/units' /usr/lib/systemd/system && mount --bind '$BUILD' /usr/local/bin || exit 1
container=test exec $SYSTEMD --system --unit=test.target --log-target=console --log-level=info
END
sed -i '/v2=1/d' "$T/init"
(
	for group in "${groups[@]}"; do echo $BASHPID >"$group/cgroup.procs"; done 2>/dev/null
	exec unshare -C -m -u -i -p -f --mount-proc sh "$T/init" >"$T/init.log" 2>&1
) &
SHELL_PID=$!
inside() { nsenter -t "$INIT" -m -p -u -i -C "$@"; }
is_up() {
	INIT=$(pgrep -P "$SHELL_PID") && inside systemctl is-active test.target
}
if ! wait_until 20 is_up; then
	skip_optional "service" "no systemd can be started here: $(tail -1 "$T/init.log")"
	exit 0
fi

shell_project
OP=$MNT/models/m/operations/slow
main_pid() { inside systemctl show -P MainPID "$SERVICE"; }
started() { inside sh -c "echo 'seconds: 300' >'$OP/flags'" && wait_until 10 is "$(id)" running; }
id() { basename "$(inside readlink "$MNT/runs/latest")"; }
is() { [ "$(inside cat "$MNT/runs/$1/status")" = "$2" ]; }

check "start" inside systemctl start "$SERVICE"
check "it answers when start returns" inside test -e "$MNT/README"
check "a run" started
run=$(id)
refuse "which does not hear of the service manager" inside grep NOTIFY_SOCKET "$MNT/runs/$run/env"
before=$(main_pid)
check "restart" inside systemctl restart "$SERVICE"
refuse "is another daemon" [ "$before" = "$(main_pid)" ]
check "the run survives it" is "$run" running
inside kill -KILL "$(main_pid)"
answers() { [ "$(inside systemctl show -P NRestarts "$SERVICE")" = 1 ] && inside cat "$MNT/README"; }
check "a daemon that is killed comes back, over the dead mount" wait_until 20 answers
check "the run survives that" is "$run" running
inside sh -c "echo 'nothing: 1' >'$OP/flags'" 2>"$T/err"
check "a refused write is in the log" wait_until 5 grep -q "models/m/operations/slow/flags: .*unknown flag" "$T/log"
check "stop" inside systemctl stop "$SERVICE"
refuse "unmounts" inside grep -q " $MNT " /proc/self/mountinfo
equal "the service has not failed" inactive "$(inside systemctl show -P ActiveState "$SERVICE")"
equal "the run survives it, too" running \
	"$("$BUILD/guild" -H "$HOME_DIR" runs info "$run" | sed -n 's/^status: //p')"
# What systemd makes of a line of /etc/fstab.
check "a mount unit" inside systemctl start "$MOUNT"
check "shows the same" is "$run" running
check "stop by ctl" inside sh -c "echo stop >'$MNT/runs/$run/ctl'"
check "a run from it" started
run=$(id)
check "stop" inside systemctl stop "$MOUNT"
equal "the run survives" running \
	"$("$BUILD/guild" -H "$HOME_DIR" runs info "$run" | sed -n 's/^status: //p')"
"$BUILD/guild" -H "$HOME_DIR" stop -y "$run" 2>"$T/err"
check "it is to be stopped where it is: process numbers are others there" grep -q "in another container of this machine" "$T/err"
check "it can be" inside "$BUILD/guild" -H "$HOME_DIR" stop -y "$run"
