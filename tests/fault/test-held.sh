#!/bin/bash
# SPDX-License-Identifier: MIT
# The operation's process is killed while its supervisor still holds it: the run is terminated by that
# signal, like one that is killed a moment later.
. "$(dirname "$0")/lib.sh"

shell_project
cd "$PROJECT" || exit 1
mkdir "$T/bin"
cp "$BUILD/guild" "$T/bin/"
cp -r "$BUILD/python" "$T/bin/"
# Between LOCK, which has the pid, and the end of PENDING, behind which the process is let go.
cat >"$T/bin/guild-supervise" <<END
#!/bin/sh
exec strace -D -f -qq -o /dev/null -e trace=unlinkat -e inject=unlinkat:delay_enter=500000 \\
	"$BUILD/guild-supervise" "\$@"
END
chmod +x "$T/bin/guild-supervise"
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 "$T/bin/guild" run quick -q -y >"$T/out" 2>&1 &
starter=$!
held() { [ -s "$HOME_DIR"/runs/*/.guild/LOCK ] && [ -e "$HOME_DIR"/runs/*/.guild/PENDING ]; }
check "the process is held" wait_until 30 held
kill -9 "$(cat "$HOME_DIR"/runs/*/.guild/LOCK)"
wait "$starter"
equal "its end is the signal's" -9 "$(cat "$HOME_DIR"/runs/*/.guild/attrs/exit_status)"
equal "the run is terminated" terminated "$("$BUILD/guild" runs -s | awk '{print $3}')"
equal "and says nothing else" "" "$(cat "$HOME_DIR"/runs/*/.guild/output)"
wait_until 20 nothing_runs
equal "the store is whole" "" "$(look_at_store)"
