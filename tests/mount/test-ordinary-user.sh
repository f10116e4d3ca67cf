#!/bin/bash
# SPDX-License-Identifier: MIT
# A daemon that is not root: it needs no privilege, and serves its own user only. As root the test
# becomes another user, in a mount namespace where /dev/fuse is open to everybody.
if [ "$(id -u)" = 0 ] && [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -m "$0"
fi
. "$(dirname "$0")/../lib/lib.sh"

as() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	as() { setpriv --reuid nobody --regid nogroup --clear-groups env HOME=/ "$@"; }
	if ! as test -w /dev/fuse; then
		mknod "$T/fuse" c 10 229 2>/dev/null && chmod 666 "$T/fuse" &&
			mount --bind "$T/fuse" /dev/fuse
	fi
	chown nobody:nogroup "$HOME_DIR" "$MNT"
fi
if ! as test -w /dev/fuse; then
	skip_optional "a daemon that is not root" "/dev/fuse is closed to ordinary users"
	exit 0
fi
shell_project
chmod -R go+rX "$T"
as "$BUILD/guildfs" -f -H "$HOME_DIR" -C "$PROJECT" "$MNT" >"$T/daemon.log" 2>&1 &
DAEMON=$!
if ! wait_until 20 is_mounted; then
	not_ok "mount as an ordinary user" "$(cat "$T/daemon.log")"
	exit 1
fi
OP=$MNT/models/m/operations/quick
check "it answers" wait_until 5 as test -e "$MNT/README"
check "it starts runs" as bash -c "echo 'epochs: 4' > '$OP/flags'"
equal "which complete" 0 "$(as timeout 20 cat "$MNT/runs/latest/wait")"
equal "with their output" "epochs=4 rate=0.1 name=a b" "$(as cat "$MNT/runs/latest/output")"
equal "artifacts are read without passthrough" result "$(as cat "$MNT/runs/latest/files/result.txt")"
check "and mapped" as python3 -c "
import mmap
with open('$MNT/runs/latest/files/result.txt', 'rb') as f:
    assert mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)[:] == b'result\n'"
refuse "a wrong flag is refused" as bash -c "echo 'epocs: 4' > '$OP/flags'"
equal "unlink in a run is EPERM" "Operation not permitted" \
	"$(as rm -f "$MNT/runs/latest/id" 2>&1 | sed 's/.*: //')"
as bash -c "echo 'seconds: 2' > '$MNT/models/m/operations/slow/flags'"
wait_until 5 as grep -q 'tick 1' "$MNT/runs/latest/output"
equal "a growing file has no NUL bytes" 0 "$(as cat "$MNT/runs/latest/output" | tr -d -c '\0' | wc -c)"
equal "and is followed to its end" 0 "$(as timeout 20 cat "$MNT/runs/latest/wait")"
equal "whole" end "$(as tail -n 1 "$MNT/runs/latest/output")"
if [ "$(id -u)" = 0 ]; then
	refuse "others do not see it, root neither" ls "$MNT"
fi
check "fusermount3 unmounts" as fusermount3 -u "$MNT"
DAEMON=
