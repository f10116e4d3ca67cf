#!/bin/bash
# SPDX-License-Identifier: MIT
# ordinary.sh SCRIPT: run by root, runs a test as a user without privileges, in a mount namespace
# where /dev/fuse is open to that user, as it is wherever udev runs.
set -u

if [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -m "$0" "$@"
fi
unset IN_NAMESPACE
skip() {
	echo "skip-optional $1, as an ordinary user: $2"
	exit 0
}
user=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups)
"${user[@]}" test -x "$BUILD/guildfs" -a -x "$1" || skip "$1" "its files are closed to him"
if ! "${user[@]}" test -w /dev/fuse; then
	mknod "$TMPDIR/fuse" c 10 229 && chmod 666 "$TMPDIR/fuse" &&
		mount --bind "$TMPDIR/fuse" /dev/fuse || skip "$1" "/dev/fuse is closed to him"
fi
mkdir "$TMPDIR/his" && chown nobody "$TMPDIR/his"
export HOME=$TMPDIR/his TMPDIR=$TMPDIR/his USER=nobody LOGNAME=nobody
exec "${user[@]}" "$1"
