#!/bin/bash
# SPDX-License-Identifier: MIT
# Deleting, restoring and purging runs by moving names.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
start_mount
cd "$MNT" || exit 1
OP=models/m/operations
start() { echo "$2" >"$OP/$1/flags" && finish; }
errno_of() { LC_ALL=C "$@" 2>&1 | sed 's/.*: //'; }
ino() { stat -c %i "$1"; }

equal "an empty trash" "" "$(ls trash)"
start quick 'epochs: 3'
a=$(newest)
start quick 'epochs: 4'
b=$(newest)
was=$(ino "runs/$a")

check "rmdir deletes a run" rmdir "runs/$a"
equal "it is in the trash" "$a" "$(ls trash)"
equal "and not with the others" "$b" "$(ls runs)"
refuse "nor found there by name" ls -d "runs/$a"
equal "where Guild AI has it" yes "$([ -d "$HOME_DIR/trash/runs/$a" ] && echo yes)"
equal "its files are there" "completed epochs=3" "$(cat "trash/$a/status") $(cut -d' ' -f1 "trash/$a/output")"
equal "and its artifacts" result "$(cat "trash/$a/files/result.txt")"
equal "under another inode" no "$([ "$(ino "trash/$a")" = "$was" ] && echo yes || echo no)"
# (Others than root are told by its mode.)
matches "it cannot be changed" "^(Read-only file system|Permission denied)$" "$(errno_of bash -c "echo x >'trash/$a/label'")"
equal "not writable" 0 "$((0$(stat -c %a "trash/$a/label") & 0222))"
equal "wait says how it ended" 0 "$(timeout 10 cat "trash/$a/wait")"
equal "guild lists it" 1 "$(guild runs list -d | wc -l)"

check "mv restores it" mv "trash/$a" runs/
equal "it is back" "completed" "$(cat "runs/$a/status")"
equal "the trash is empty" "" "$(ls trash)"
equal "under a new inode" no "$([ "$(ino "runs/$a")" = "$was" ] && echo yes || echo no)"
check "mv deletes it, too" mv "runs/$a" trash/
equal "the operation's newest is another" "$b" "$(basename "$(readlink "$OP/quick/latest")")"
check "rmdir in the trash is for ever" rmdir "trash/$a"
equal "nothing is left" "" "$(ls trash; ls "$HOME_DIR/trash/runs"; ls -d "$HOME_DIR/runs/$a" 2>/dev/null)"

# The kernel asks for the text at the first read; once the run is gone there is none, not an empty one.
start quick 'epochs: 5'
equal "what was opened before its run went cannot be read" "ESTALE ESTALE" "$(python3 -c '
import errno, os, sys
def read():
    try:
        return repr(os.read(fd, 100))
    except OSError as e:
        return errno.errorcode[e.errno]
fd = os.open(f"runs/{sys.argv[1]}/flags", os.O_RDONLY)
os.rmdir(f"runs/{sys.argv[1]}")
os.rmdir(f"trash/{sys.argv[1]}")
print(read(), read())' "$(newest)")"

equal "no other name" "Operation not permitted" "$(errno_of mv -T "runs/$b" trash/other)"
matches "the reason is told" "keeps its id" "$(cat errors)"
equal "no other place" "Operation not permitted" "$(errno_of mv "runs/$b" models/)"
equal "not within runs" "Operation not permitted" "$(errno_of mv -T "runs/$b" "runs/x")"
equal "not by a prefix" "Not a directory" "$(errno_of rmdir "runs/${b:0:8}")"
equal "no directory can be made" "Operation not permitted" "$(errno_of mkdir runs/x)"
equal "or removed" "Operation not permitted" "$(errno_of rmdir models)"
equal "what is not there" "No such file or directory" "$(errno_of rmdir runs/00000000000000000000000000000000)"

# rm -r meets files that cannot be removed, one by one, and then the run as a whole.
rm -r "runs/$b" 2>"$T/err"
matches "rm -r is refused the files" "cannot remove .*Operation not permitted" "$(cat "$T/err")"
run=$(ls -d runs/$b trash/$b 2>/dev/null)
equal "the run is whole" "result epochs=4" "$(cat "$run/files/result.txt") $(cut -d' ' -f1 "$run/output")"
rmdir "runs/$b" 2>/dev/null

# What runs is stopped first.
echo >"$OP/slow/flags"
live=$(newest)
wait_until 10 status_is "$live" running
equal "a live run is busy" "Device or resource busy" "$(errno_of rmdir "runs/$live")"
equal "for mv, too" "Device or resource busy" "$(errno_of mv -T "runs/$live" "trash/$live")"
matches "the reason is told" "is running: stop it first" "$(cat errors)"
echo stop >"runs/$live/ctl"
finish "$live"
check "then it goes" rmdir "runs/$live"
echo >"$OP/quick/stage"
check "a staged run goes at once" rmdir "runs/$(newest)"
rmdir trash/*

# Somebody else does the same: the command line shows at once.
start quick 'epochs: 5'
c=$(newest)
ls "runs/$c" trash >"$T/log"
guild runs rm -y "$c" 2>"$T/err"
check "deleted by the command line" wait_until 2 sh -c "[ ! -e runs/$c ] && [ -e trash/$c/status ]"
guild runs restore -y "$c" 2>"$T/err"
check "restored by the command line" wait_until 2 sh -c "[ -e runs/$c/status ] && [ ! -e trash/$c ]"
rmdir "runs/$c"
guild runs purge -y 2>"$T/err"
check "purged by the command line" wait_until 2 sh -c "[ -z \"\$(ls trash)\" ]"

# Its own links lead to runs that stayed.
start quick 'epochs: 6'
start after ''
d=$(newest)
before=$(cd "runs/$d/files" && cat result.txt)
rmdir "runs/$d"
equal "a link to a dependency" "$before" "$(cat "trash/$d/files/result.txt")"
cd / || exit 1
stop_mount
start_mount
equal "after a remount" "$d" "$(ls "$MNT/trash")"
check "it comes back" mv "$MNT/trash/$d" "$MNT/runs/"
equal "whole" "$before" "$(cat "$MNT/runs/$d/files/result.txt")"
