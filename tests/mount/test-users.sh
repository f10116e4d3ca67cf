#!/bin/bash
# SPDX-License-Identifier: MIT
# Second users on a shared mount that root made.
. "$(dirname "$0")/../lib/lib.sh"

if [ "$(id -u)" != 0 ]; then
	skip_optional "users" "needs root, to be two other users"
	exit 0
fi
as() { local uid=$1; shift; setpriv --reuid "$uid" --regid "$uid" --clear-groups env HOME=/ "$@"; }

shell_project
chmod -R go+rX "$T"
start_mount -o allow_other
OP=$MNT/models/m/operations/quick
equal "operation directories are open" 777 "$(stat -c %a "$OP")"
equal "flags, too" 666 "$(stat -c %a "$OP/flags")"
check "another user starts a run" as 4001 bash -c "echo 'epochs: 3' > '$OP/flags'"
finish
id=$(newest)
equal "the run is theirs" 4001 "$(stat -c %u "$HOME_DIR/runs/$id")"
equal "in the mount, too" 4001 "$(stat -c %u "$MNT/runs/$id/status")"
equal "user" 4001 "$(cat "$MNT/runs/$id/user")"
equal "it ran" "epochs=3 rate=0.1 name=a b" "$(cat "$MNT/runs/$id/output")"
equal "its files are theirs" 4001 "$(stat -c %u "$HOME_DIR/runs/$id/result.txt")"
check "env has none of root's" sh -c "! grep -q BUILD= '$MNT/runs/$id/env'"
refuse "a third user reads no env" as 4002 cat "$MNT/runs/$id/env"
check "a third user reads the status" as 4002 cat "$MNT/runs/$id/status"
refuse "a third user sets no label" as 4002 bash -c "echo mine > '$MNT/runs/$id/label'"
refuse "a third user restarts nothing" as 4002 bash -c "echo restart > '$MNT/runs/$id/ctl'"
check "the owner sets the label" as 4001 bash -c "echo mine > '$MNT/runs/$id/label'"
equal "it is set" mine "$(cat "$MNT/runs/$id/label")"
chmod 700 "$HOME_DIR/runs/$id"
sleep 1.1
refuse "a private run is in no list of others" grep -q "$id" <(as 4002 ls "$MNT/runs")
check "but in the owner's" grep -q "$id" <(as 4001 ls "$MNT/runs")
refuse "others cannot read it" as 4002 cat "$MNT/runs/$id/status"
check "a scratch file of one user" as 4001 cp "$PROJECT/quick.sh" "$OP/mine.txt"
refuse "cannot be removed by another" as 4002 rm -f "$OP/mine.txt"
stop_mount
