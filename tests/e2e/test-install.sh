#!/bin/bash
# SPDX-License-Identifier: MIT
# make install, and that what was installed finds its parts.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
check "install" make -s -C "$ROOT" BUILD="$BUILD" DESTDIR="$T/root" PREFIX=/opt/g install
cd "$PROJECT" || exit 1
equal "the installed guild runs" "epochs=3 rate=0.1 name=a b" \
	"$("$T/root/opt/g/bin/guild" run quick epochs=3 -y)"
echo 'print("hello from", __name__)' >"$PROJECT/hello.py"
printf 'hello: hello\n' >"$PROJECT/guild.yml"
equal "and Python modules" "hello from __main__" "$("$T/root/opt/g/bin/guild" run hello -y)"
check "uninstall" make -s -C "$ROOT" BUILD="$BUILD" DESTDIR="$T/root" PREFIX=/opt/g uninstall
equal "nothing is left" "" "$(find "$T/root" -type f)"
