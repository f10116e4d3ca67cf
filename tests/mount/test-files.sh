#!/bin/bash
# SPDX-License-Identifier: MIT
# files/ and sourcecode/: artifacts at any depth, links, live files, identity.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
start_mount
OPS=$MNT/models/m/operations
echo >"$OPS/quick/flags"
finish
id=$(newest)
R=$MNT/runs/$id
REAL=$HOME_DIR/runs/$id

equal "files" "guild.yml quick.sh result.txt slow.sh sub" "$(ls "$R/files" | xargs)"
check ".guild is there, hidden by its dot" test -e "$R/files/.guild/opref"
equal "a deep artifact" deep "$(cat "$R/files/sub/deep/file")"
equal "a link inside the run" ../result.txt "$(readlink "$R/files/sub/link")"
equal "leads there" result "$(cat "$R/files/sub/link")"
equal "sourcecode" "guild.yml quick.sh slow.sh" "$(ls "$R/sourcecode" | xargs)"
check "source as it was" cmp "$PROJECT/quick.sh" "$R/sourcecode/quick.sh"
refuse "an artifact is not source code" test -e "$R/sourcecode/result.txt"
equal "mtime is the file's" "$(stat -c %Y "$REAL/result.txt")" "$(stat -c %Y "$R/files/result.txt")"
equal "no write bit" 444 "$(stat -c %a "$R/files/result.txt")"
check "mmap" python3 -c "
import mmap
with open('$R/files/result.txt', 'rb') as f:
    assert mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)[:] == b'result\n'"
check "a generated file of a run that is over can be mapped" python3 -c "
import mmap
with open('$R/flags', 'rb') as f:
    assert b'epochs' in mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)[:]"

# Another run's file, as a dependency.
echo >"$OPS/after/flags"
finish
dep=$(newest)
equal "the dependency ran" completed "$(cat "$MNT/runs/$dep/status")"
equal "it read the other run's file" result "$(cat "$MNT/runs/$dep/output")"
equal "flags name the run" "trained: $id" "$(cat "$MNT/runs/$dep/flags")"
equal "the link leads to the other run in the mount" "../../$id/files/result.txt" \
	"$(readlink "$MNT/runs/$dep/files/result.txt")"
equal "and can be read there" result "$(cat "$MNT/runs/$dep/files/result.txt")"
equal "it is a relative link in the store" "../$id/result.txt" \
	"$(readlink "$HOME_DIR/runs/$dep/result.txt")"
ln -s "$HOME_DIR/runs/$id/sub" "$HOME_DIR/runs/$dep/absolute"
equal "an absolute link into a run is shown as one in the mount" "../../$id/files/sub" \
	"$(readlink "$MNT/runs/$dep/files/absolute")"
ln -s /etc/passwd "$HOME_DIR/runs/$dep/out"
equal "a link out of the store is shown as it is" /etc/passwd "$(readlink "$MNT/runs/$dep/files/out")"
ln -s . "$HOME_DIR/runs/$dep/loop"
check "find ends in spite of a loop" timeout 20 find "$MNT/runs/$dep" -name nothing

# The resource cache is not in the mount: a link into it leads there from where it is shown.
python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1], "w").writestr("data.txt", "packed\n")' "$PROJECT/data.zip"
sed -i 's/^    fail:/    packed: {exec: cat data.txt, requires: {file: data.zip, target-type: link}}\n&/' "$PROJECT/guild.yml"
check "another operation" wait_until 5 test -d "$OPS/packed"
echo >"$OPS/packed/flags"
finish
packed=$(newest)
equal "a dependency in the resource cache" packed "$(cat "$MNT/runs/$packed/output")"
matches "is a relative link in the store" '^\.\./\.\./cache/resources/' "$(readlink "$HOME_DIR/runs/$packed/data.txt")"
equal "and leads to the same file in the mount" packed "$(cat "$MNT/runs/$packed/files/data.txt")"

# Files that grow and files that are replaced.
echo 'seconds: 20' >"$OPS/slow/flags"
id=$(newest)
wait_until 10 status_is "$id" running
REAL=$HOME_DIR/runs/$id
echo one >"$REAL/growing"
equal "a new file of a live run shows at once" one "$(cat "$MNT/runs/$id/files/growing")"
exec 5<"$MNT/runs/$id/files/growing"
echo two >>"$REAL/growing"
equal "an open file is seen to grow" "one
two" "$(cat <&5)"
equal "its size, too" 8 "$(stat -c %s "$MNT/runs/$id/files/growing")"
ino=$(stat -c %i "$MNT/runs/$id/files/growing")
exec 6<"$MNT/runs/$id/files/growing"
echo replaced >"$REAL/new" && mv "$REAL/new" "$REAL/growing"
equal "a replaced file has its new content" replaced "$(cat "$MNT/runs/$id/files/growing")"
equal "an open descriptor keeps the old one" "one
two" "$(cat <&6)"
check "and another inode number" test "$ino" != "$(stat -c %i "$MNT/runs/$id/files/growing")"
exec 5<&- 6<&-
check "names of any bytes" sh -c "printf x > \"$REAL/\$(printf 'a\\303\\251\\377 b')\" && ls '$MNT/runs/$id/files' >/dev/null"
mkfifo "$REAL/fifo"
refuse "a fifo is not opened" timeout 5 cat "$MNT/runs/$id/files/fifo"
echo kill >"$MNT/runs/$id/ctl"
finish "$id"

# Many readers of a file that grows: never a NUL byte.
echo 'seconds: 2' >"$OPS/slow/flags"
id=$(newest)
wait_until 10 status_is "$id" running
for i in 1 2 3 4; do
	(while [ "$(cat "$MNT/runs/$id/status")" = running ]; do
		cat "$MNT/runs/$id/output" | tr -d -c '\0' | wc -c
		stat "$MNT/runs/$id/output" >/dev/null
	done >"$T/nuls.$i") &
	readers="${readers:-} $!"
done
wait $readers
equal "no NUL byte in a growing file" 0 "$(cat "$T"/nuls.* | sort -u | xargs)"
