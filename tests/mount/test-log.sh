#!/bin/bash
# SPDX-License-Identifier: MIT
# What the daemon says: on stderr in the foreground, else to syslog, and not too much of it.
if [ "$(id -u)" = 0 ] && [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -m "$0"
fi
. "$(dirname "$0")/../lib/lib.sh"

shell_project
OP=$MNT/models/m/operations/quick
start_mount
check "it says that it is there" wait_until 5 grep -qx "guildfs: $HOME_DIR is mounted at $MNT" "$T/daemon.log"
echo 'epocs: 1' >"$OP/flags" 2>"$T/err"
check "a refused write" wait_until 5 \
	grep -q "^guildfs: models/m/operations/quick/flags: line 1: unknown flag 'epocs'" "$T/daemon.log"
sed -i 's/^    fail:/    fail: [/' "$PROJECT/guild.yml"
check "a Guild file that no longer parses" wait_until 5 grep -q "^guildfs: .*guild.yml" "$T/daemon.log"
for i in $(seq 60); do echo "bad$i: 1" >"$OP/flags"; done 2>"$T/err"
equal "all are in errors" 60 "$(grep -c "unknown flag 'bad" "$MNT/errors")"
check "of a flood only the beginning is told" [ "$(grep -c "unknown flag 'bad" "$T/daemon.log")" -lt 25 ]
stop_mount
check "and in the end how much was left out" grep -q "^guildfs: [0-9]* messages were left out" "$T/daemon.log"
check "it says that it goes" grep -q "^guildfs: $MNT is unmounted" "$T/daemon.log"

sed -i 's/ fail: \[/ fail:/' "$PROJECT/guild.yml"
JOURNAL_STREAM=8:1 start_mount
check "the journal is told how bad it is" wait_until 5 grep -q "^<6>guildfs: .* is mounted at" "$T/daemon.log"
stop_mount

"$BUILD/guildfs" -d -H "$HOME_DIR" -C "$PROJECT" "$MNT" >"$T/requests" 2>&1 &
DAEMON=$!
wait_until 20 is_mounted
ls "$MNT" >/dev/null
check "-d prints every request" grep -q 'READDIR' "$T/requests"
stop_mount

if [ "$(id -u)" != 0 ]; then
	skip_optional "syslog" "needs root, to have a /dev/log of its own"
	exit 0
fi
mkdir "$T/dev" && cp -a /dev/{null,zero,random,urandom,full,tty,fuse} "$T/dev/" && mount --bind "$T/dev" /dev
trap 'umount -l /dev; cleanup' EXIT
python3 -c "
import socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind('/dev/log')
with open('$T/syslog', 'w', buffering=1) as f:
    while True:
        f.write(log.recv(8192).decode() + '\n')
" &
wait_until 10 test -S /dev/log
check "in the background" "$BUILD/guild" -H "$HOME_DIR" mount -C "$PROJECT" "$MNT"
check "syslog has it" wait_until 5 grep -q "^<30>.* guildfs\[[0-9]*\]: $HOME_DIR is mounted" "$T/syslog"
echo 'epocs: 1' >"$OP/flags" 2>"$T/err"
check "and refused writes" wait_until 5 grep -q "^<29>.* guildfs\[[0-9]*\]: .*unknown flag" "$T/syslog"
"$BUILD/guild" unmount "$MNT"
check "and the end" wait_until 10 grep -q "$MNT is unmounted" "$T/syslog"
kill %+
