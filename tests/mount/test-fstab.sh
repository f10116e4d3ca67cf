#!/bin/bash
# SPDX-License-Identifier: MIT
# mount(8), lines of fstab, and what mount helpers are told. In a mount namespace where the programs
# are in /usr/local/bin, as if they were installed.
if [ "$(id -u)" = 0 ] && [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -m "$0"
fi
. "$(dirname "$0")/../lib/lib.sh"

if [ "$(id -u)" != 0 ]; then
	skip_optional "mount(8)" "needs root"
	exit 0
fi
mount --bind "$BUILD" /usr/local/bin
trap 'umount -l /usr/local/bin; cleanup' EXIT
shell_project
chmod -R go+rX "$T"
mv "$PROJECT" "$T/a project, with blanks"
PROJECT="$T/a project, with blanks"
OP=$MNT/models/m/operations/quick

gone() { wait_until 10 sh -c "! grep -q ' $MNT ' /proc/self/mountinfo"; }
ended() { ! pgrep -f "$1"; }
options() { awk -v at="$MNT" '$2 == at {print $4}' /proc/mounts; }

# A blank is \040 in fstab; a comma within an option has a backslash before it.
field=${PROJECT//,/\\,}
echo "$HOME_DIR $MNT fuse.guildfs defaults,allow_other,noatime,nofail,_netdev,x-systemd.automount,project=${field// /\\040} 0 0" >"$T/fstab"
check "mount -a" mount -a -T "$T/fstab"
check "it answers" test -e "$MNT/README"
check "project= with blanks and a comma" test -e "$OP/flags"
matches "options reach the kernel" "noatime.*allow_other" "$(options)"
equal "df says the home" "$HOME_DIR" "$(df --output=source "$MNT" | tail -1)"
check "mount -a again" mount -a -T "$T/fstab"
equal "mounts it once" 1 "$(grep -c " $MNT " /proc/self/mountinfo)"
echo 'epochs: 3' >"$OP/flags"
finish
equal "a run" "epochs=3 rate=0.1 name=a b" "$(cat "$MNT/runs/latest/output")"
# mount(8) takes the PATH away.
matches "has a PATH" "^PATH=.*/usr/bin" "$(grep ^PATH= "$MNT/runs/latest/env")"
check "umount" umount "$MNT"
check "is the end of the daemon" wait_until 10 ended "guildfs $HOME_DIR $MNT"
check "mount MOUNTPOINT, of fstab" mount -T "$T/fstab" "$MNT"
check "it has the run" test -e "$MNT/runs/latest/flags"
check "umount" umount "$MNT"

check "mount -t" mount -t fuse.guildfs -o ro "$HOME_DIR" "$MNT"
matches "read-only" "^ro," "$(options)"
refuse "nothing starts" sh -c "echo 'x: 1' >'$MNT/runs/latest/label'"
equal "without project= there are no models" "" "$(ls "$MNT/models")"
umount "$MNT"
check "mount -t fuse, with guildfs# before the home" mount -t fuse "guildfs#$HOME_DIR" "$MNT"
check "it answers" test -e "$MNT/runs/latest/flags"
umount "$MNT"
check "guildfs as the source" env GUILD_HOME="$HOME_DIR" mount -t fuse.guildfs guildfs "$MNT"
equal "is the home that guild finds" "guildfs yes" \
	"$(df --output=source "$MNT" | tail -1) $(test -e "$MNT/runs/latest/flags" && echo yes)"
umount "$MNT"
refuse "another word is no home" mount -t fuse.guildfs nothing "$MNT"
matches "which is said" "home is given by its path" "$(mount -t fuse.guildfs nothing "$MNT" 2>&1)"
refuse "a home that is not there" mount -t fuse.guildfs "$T/nowhere" "$MNT"
refuse "an option that nobody knows" mount -t fuse.guildfs -o nonsense "$HOME_DIR" "$MNT"
check "nothing is mounted" gone

# As /sbin/mount.fuse.guildfs, which libmount calls itself.
ln -s "$BUILD/guildfs" "$T/mount.fuse.guildfs"
check "a mount helper" "$T/mount.fuse.guildfs" "$HOME_DIR" "$MNT" \
	-o rw,nofail,user=root,x-gvfs-hide,comment=mine,nosuid -t fuse.guildfs
check "answers" test -e "$MNT/runs/latest/flags"
check "umount -l, while it is in use" bash -c "cd '$MNT/runs' && umount -l '$MNT'"
check "is its end, too" wait_until 10 ended "mount.fuse.guildfs $HOME_DIR $MNT"

# A dead mount, and a mount over it.
mount -t fuse.guildfs "$HOME_DIR" "$MNT"
pid=$(pgrep -f "guildfs $HOME_DIR $MNT")
kill -KILL "$pid"
check "a dead mount" wait_until 5 sh -c "! stat '$MNT/README'"
check "guild mount recovers it" "$BUILD/guild" -H "$HOME_DIR" mount -C "$PROJECT" "$MNT"
check "it answers" test -e "$OP/flags"
equal "once" 1 "$(grep -c " $MNT " /proc/self/mountinfo)"
pid=$(pgrep -f "guildfs .*$MNT")
# A machine that sleeps stops everybody.
kill -STOP "$pid"
timeout 30 cat "$MNT/runs/latest/status" >"$T/status" &
kill -CONT "$pid"
wait $!
equal "after a sleep it goes on" completed "$(cat "$T/status")"
kill -TERM "$pid"
check "SIGTERM unmounts" gone
