#!/bin/bash
# SPDX-License-Identifier: MIT
# events: what happens to runs, for many readers, slow ones, and those who poll.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
start_mount
cd "$MNT" || exit 1
OP=models/m/operations
READERS=
end_readers() { for p in $READERS; do kill "$p" 2>/dev/null; wait "$p" 2>/dev/null; done; READERS=; }
trap 'end_readers; cleanup' EXIT
listen() { cat events >"$T/$1" 2>"$T/$1.err" & READERS="$READERS $!"; }
# told FILE RUN: what was said of a run, in order.
told() { sed -n "s/.*\"event\": \"\([a-z]*\)\", \"run\": \"$2\".*/\1/p" "$T/$1" | xargs; }
# heard NAME FILE RUN EVENTS
heard() {
	for _ in $(seq 200); do
		[ "$(told "$2" "$3")" = "$4" ] && break
		sleep 0.05
	done
	equal "$1" "$4" "$(told "$2" "$3")"
}

equal "not listed" "" "$(ls | grep -x events)"
equal "its size" 0 "$(stat -c %s events)"
check "stat does not block" timeout 5 stat events
listen a
listen b
wait_until 5 sh -c "[ \$(ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c '$MNT/events') -ge 2 ]"

echo 'epochs: 3' >"$OP/quick/flags"
finish
r=$(newest)
heard "a run" a "$r" "created started finished"
heard "for each reader" b "$r" "created started finished"
echo note >"runs/$r/label"
heard "a label through the mount" a "$r" "created started finished changed"
guild tag -y -a t "$r" 2>"$T/err"
heard "a tag by the command line" a "$r" "created started finished changed changed"
rmdir "runs/$r"
mv "trash/$r" runs/
heard "deleted and restored" a "$r" "created started finished changed changed deleted restored"
guild runs rm -y "$r" 2>"$T/err"
heard "deleted by the command line" b "$r" "created started finished changed changed deleted restored deleted"
echo >"$OP/fail/flags"
finish
f=$(newest)
heard "one that fails" a "$f" "created started finished"
matches "with its status" "\"event\": \"finished\", \"run\": \"$f\", \"operation\": \"m:fail\", \"status\": \"error\"" "$(cat "$T/a")"
echo restart >"runs/$f/ctl"
finish "$f"
heard "a restart" a "$f" "created started finished started finished"
check "every line is JSON" python3 -c 'import json, sys
for line in open(sys.argv[1]):
    e = json.loads(line)
    assert list(e) == ["time", "event", "run", "operation", "status"], e' "$T/a"
end_readers
equal "a reader that ends leaves the mount well" m "$(ls models)"

# One that does not block, and one that polls.
check "no block, poll and epoll" timeout 60 python3 - "$MNT" <<'END'
import os, select, subprocess, sys, time
mnt = sys.argv[1]
fd = os.open(mnt + "/events", os.O_RDONLY | os.O_NONBLOCK)
try:
    os.read(fd, 100)
    sys.exit("a read without events did not say EAGAIN")
except BlockingIOError:
    pass
poll, epoll = select.poll(), select.epoll()
poll.register(fd, select.POLLIN)
epoll.register(fd, select.EPOLLIN)
assert poll.poll(50) == [] and epoll.poll(0.05) == []
with open(mnt + "/models/m/operations/quick/flags", "w") as f:
    f.write("epochs: 2\n")
assert epoll.poll(20) and poll.poll(20000)
text, until = b"", time.time() + 20
while not (b"finished" in text and text.endswith(b"\n")) and time.time() < until:
    if poll.poll(1000):
        text += os.read(fd, 64)  # less than a line
assert b'"event": "created"' in text and text.endswith(b"\n"), text
# (What is written of an older run's end may be told now, too, as a change of that.)
assert len([line for line in text.splitlines() if b"m:quick" in line]) == 3, text
# A file that never blocks can be polled, too.
with open(mnt + "/README") as f:
    other = select.poll()
    other.register(f, select.POLLIN)
    assert other.poll(5000)
END

# A slow reader: what it did not read is thrown away, and it is told so.
exec 9<events
id=$(newest)
python3 - "$MNT/runs/$id/label" <<'END'
import sys
for i in range(2500):
    with open(sys.argv[1], "w") as f:
        f.write(f"label {i}\n")
END
timeout 5 head -c 1000 <&9 >"$T/slow"
exec 9<&-
matches "it is told first" '^\{"time": "[^"]*", "event": "lost"\}' "$(head -1 "$T/slow")"
matches "and then what came after" '"event": "changed"' "$(sed -n 2p "$T/slow")"

# Interrupted, killed, and at the end of the mount.
timeout -s INT 0.5 cat events >"$T/int"
equal "an interrupted reader ends" 124 $?
listen c
wait_until 5 sh -c "ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q '$MNT/events'"
cd / || exit 1
kill "$DAEMON"
wait "$DAEMON" 2>/dev/null
DAEMON=
umount -l "$MNT" 2>/dev/null || fusermount3 -u -z "$MNT" 2>/dev/null
check "a reader ends with the mount" wait_until 10 sh -c "! kill -0 $READERS 2>/dev/null"
READERS=
