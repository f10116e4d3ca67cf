#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs out of a home and back: directories, zip files, archives, and a kill in the middle.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
cd "$PROJECT" || exit 1
export HOME=$T/user GUILD_CONFIG=$T/user/config.yml
mkdir "$HOME"
guild() { "$BUILD/guild" "$@"; }
runs() { ls "$HOME_DIR/runs"; }
# What of two runs differs: content, links, modes, times.
listing() { (cd "$1" && find . -printf '%p %y %m %l %T@ %s\n' | grep -v ' d ' | sort && find . -type f -exec sha1sum {} + | sort); }

guild run quick -y -q >/dev/null
guild run quick -y -q --label 'the other' >/dev/null
a=$(guild select 1) b=$(guild select 2)
ln -s nowhere "$HOME_DIR/runs/$a/dangling"
before=$(listing "$HOME_DIR/runs/$a")

# --- directories -----------------------------------------------------------------------------------
check "export to a directory" guild export "$T/ex" -y
equal "has both, and the mark" ".guild-nocopy $(runs | sort | tr '\n' ' ')" "$(ls -A "$T/ex" | sort | tr '\n' ' ')"
equal "a copy is the same" "$before" "$(listing "$T/ex/$a")"
matches "again: nothing" "WARNING: $T/ex/$a exists, skipping.*Exported 0 run" "$(guild export "$T/ex" -y 2>&1)"
equal "runs of it are listed" 2 "$(guild runs -A "$T/ex" | wc -l)"
equal "and filtered" "$a" "$(guild select --archive "$T/ex" -Fl other)"
equal "listing leaves nothing there" ".guild-nocopy" "$(ls -A "$T/ex" | grep -v '^[0-9a-f]*$')"
matches "info names the place" "run_dir: $T/ex/$a" "$(guild runs info -A "$T/ex" 1)"
refuse "export to a file" guild export "$PROJECT/guild.yml" -y
equal "no by default at the end of input" "" "$(guild export "$T/asked" </dev/null 2>/dev/null; ls "$T/asked" 2>/dev/null)"
check "export by moving" guild export "$T/moved" -m -y 1
equal "which leaves the other" "$b" "$(runs)"
check "import" guild import "$T/moved" -y
equal "an imported run is the same" "$before" "$(listing "$HOME_DIR/runs/$a")"
guild runs rm -p -y 2>/dev/null
mv "$T/moved" "$T/moved.zip"
check "import by moving, from a directory of any name" guild import "$T/moved.zip" --move -y
mv "$T/moved.zip" "$T/moved"
equal "leaves none there" "" "$(ls "$T/moved")"
equal "the mount's catalogue knows it" 1 "$(guild runs | wc -l)"
refuse "no such archive" guild import "$T/nowhere" -y
refuse "a file that is none" guild import "$PROJECT/guild.yml" -y

# --- zip files ---------------------------------------------------------------------------------------
guild import "$T/ex" -y 2>/dev/null
check "export to a zip file" guild export "$T/x.zip" -y 1
check "and another run to it" guild export "$T/x.zip" -y 2
equal "both are listed" 2 "$(guild runs -A "$T/x.zip" | wc -l)"
matches "info in it" "run_dir: $T/x.zip/$a" "$(guild runs info -A "$T/x.zip" "$a")"
refuse "moving out of it" guild import "$T/x.zip" --move -y
refuse "deleting in it" guild runs rm -A "$T/x.zip" -y
guild runs rm -p -y 2>/dev/null
check "import from it" guild import "$T/x.zip" -y
equal "both are there" 2 "$(guild runs | wc -l)"
equal "links are what they led to, but for one to nothing" "" "$(diff -r "$T/ex/$a" "$HOME_DIR/runs/$a" | grep -v dangling)"
equal "nothing is left of unpacking" "" "$(find "$HOME_DIR" -name '.guild-partial*')"
echo text >"$T/no.zip"
refuse "what is no zip file" guild import "$T/no.zip" -y
refuse "is not written to either" guild export "$T/no.zip" -y
equal "and stays" text "$(cat "$T/no.zip")"
if command -v python3 >/dev/null; then
	python3 - "$T/evil.zip" <<'END'
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1], "w")
z.writestr("e" * 32 + "/.guild/opref", "test:'' '' '' evil")
z.writestr("e" * 32 + "/../../../../evil", "evil")
END
	refuse "an archive that leads out is refused" guild import "$T/evil.zip" -y
	equal "and nothing of it is there" "" "$(find "$T" -name evil; runs | grep eeee)"
fi

# --- archives ----------------------------------------------------------------------------------------
refuse "an archive must be there" guild archive mine -y
check "or be made" guild archive mine --create -d 'for keeps' -y
equal "it is listed" "mine  for keeps" "$(guild archive --list)"
equal "runs were moved" "" "$(runs)"
equal "to it" 2 "$(guild runs -A mine | wc -l)"
check "back, as copies" guild import mine -y
check "deleting there" guild runs rm -A mine -y 1
equal "leaves the other there" 1 "$(guild runs -A mine | wc -l)"
equal "and can be undone" 1 "$(guild runs list --deleted | wc -l)"

# --- running -----------------------------------------------------------------------------------------
guild run slow -y --background --pidfile "$T/pid" 2>/dev/null
slow=$(guild select 1)
matches "a run that runs is passed over" "run $slow is running, skipping" "$(guild export "$T/live" -y 2>&1)"
check "and is not there" test ! -e "$T/live/$slow"
guild stop -y >/dev/null 2>&1

# --- a kill in the middle ----------------------------------------------------------------------------
fat=$(guild select 2)
for i in $(seq 400); do echo "$i" >"$HOME_DIR/runs/$fat/file-$i"; done
# kill_at TRACE_NAME N COMMAND...: at the Nth call.
kill_at() {
	local call=$1 n=$2
	shift 2
	strace -f -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$n" "$BUILD/guild" "$@" >/dev/null 2>&1
}
if (strace -qq -o /dev/null -e trace=mkdirat -e inject=mkdirat:signal=KILL:when=100 true) 2>/dev/null; then
	for n in 20 200; do
		kill_at copy_file_range $n export "$T/killed" -y "$fat"
		equal "killed at file $n: no run there" "" "$(ls "$T/killed")"
		check "for Guild AI and us" test -z "$(guild runs -A "$T/killed")"
	done
	check "the next export" guild export "$T/killed" -y "$fat"
	equal "is whole" "$(listing "$HOME_DIR/runs/$fat")" "$(listing "$T/killed/$fat")"
	equal "and sweeps" "" "$(ls -A "$T/killed" | grep partial)"
	guild export "$T/k.zip" -y 1 2>/dev/null
	kill_at fsync 1 export "$T/k.zip" -y "$fat"
	equal "killed while it writes a zip file: the old one stays" 1 "$(guild runs -A "$T/k.zip" | wc -l)"
	guild export "$T/k.zip" -y "$fat" 2>/dev/null
	equal "the next one has both" 2 "$(guild runs -A "$T/k.zip" | wc -l)"
	equal "and sweeps" "k.zip" "$(ls -A "$T" | grep 'k\.zip')"
	guild runs rm -p -y "$fat" 2>/dev/null
	kill_at renameat,renameat2 50 import "$T/k.zip" -y "$fat"
	equal "killed while it imports: no run" "" "$(runs | grep "$fat")"
	check "the next import" guild import "$T/k.zip" -y "$fat"
	equal "is whole" 400 "$(ls "$HOME_DIR/runs/$fat" | grep -c file-)"
	equal "and sweeps" "" "$(ls -A "$HOME_DIR/runs" | grep partial)"
	# Ctrl-C: it cleans up itself.
	strace -f -qq -o /dev/null -e trace=copy_file_range -e inject=copy_file_range:signal=INT:when=20 \
		"$BUILD/guild" export "$T/int" -y "$fat" >"$T/int.out" 2>&1
	equal "interrupted: nothing is there" ".guild-nocopy" "$(ls -A "$T/int")"
	matches "and it says so" "interrupted; 0 run" "$(cat "$T/int.out")"
else
	skip "a kill in the middle" "strace cannot inject signals here"
fi

# --- beside a mount ----------------------------------------------------------------------------------
start_mount
last=$(guild select 1)
check "the mount shows a run" test -d "$MNT/runs/$last"
guild export "$T/away" -m -y "$last" 2>/dev/null
check "not one that was moved away" wait_until 5 test ! -e "$MNT/runs/$last"
guild import "$T/away" -y 2>/dev/null
check "and one that was imported" wait_until 5 test -d "$MNT/runs/$last"
equal "nothing else" "" "$(ls -A "$MNT/runs" | grep partial)"
