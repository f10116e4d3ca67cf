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
# It has more than twenty libraries behind it, which each command and start would wait for.
for program in bin/guild libexec/guildfs/guild-supervise; do
	equal "$program does not load what only downloads and archives need" "" \
		"$(ldd "$T/root/opt/g/$program" | grep -E 'libcurl|libarchive|libxml2')"
done
# Manual pages: one for each command that --help lists, none that groff complains of.
MAN=$T/root/opt/g/share/man
commands=$("$BUILD/guild" --help | awk '/^Commands:/ {on = 1; next} on && /^  / {print $1 ($2 ~ /^[a-z]/ && /^  [a-z]+ [a-z-]+  / ? "-" $2 : "")}')
equal "a page for each command" "" "$(for c in $commands; do [ -s "$MAN/man1/guild-$c.1" ] || echo "$c"; done)"
if command -v groff >/dev/null; then
	page() { groff -man -Tascii "$MAN/$1" | sed 's/.\x08//g; s/\x1b\[[0-9;]*m//g'; }
	equal "groff is content with them" "" "$(for f in "$MAN"/*/*; do groff -man -Tutf8 -ww -z "$f" 2>&1; done)"
	page man1/guild-runs-list.1 >"$T/page"
	equal "options as --help has them" "" "$("$BUILD/guild" runs list --help |
		sed -n 's/^  \(-[^ ]*\).*/\1/p' | while read -r o; do grep -qF -e "$o" "$T/page" || echo "$o"; done)"
	check "the tree" grep -q 'runs/<id>/metrics/' <(page man5/guildfs.5)
else
	skip "manual pages" "groff is not here"
fi
UNITS=$T/root/opt/g/lib/systemd
equal "units name the installed guild" "/opt/g/bin/guild /opt/g/bin/guild" \
	"$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$UNITS"/*/guildfs@.service | xargs)"
if command -v systemd-analyze >/dev/null; then
	# It wants to find the program, and no page of a manual that is not installed.
	verify() {
		mkdir -p "$T/units"
		sed "s|/opt/g/bin|$T/root/opt/g/bin|" "$UNITS/$1/guildfs@.service" >"$T/units/guildfs@x.service"
		XDG_RUNTIME_DIR=$T systemd-analyze verify --man=no "--$1" "$T/units/guildfs@x.service"
	}
	check "systemd is content with the system's" verify system
	check "and the user's" verify user
else
	skip "systemd units" "systemd-analyze is not here"
fi
check "uninstall" make -s -C "$ROOT" BUILD="$BUILD" DESTDIR="$T/root" PREFIX=/opt/g uninstall
equal "nothing is left" "" "$(find "$T/root" -type f)"
