#!/bin/bash
# SPDX-License-Identifier: MIT
# The main job on real data: mounts this project below BUILD/demo and starts runs by writing files.
# Every command is shown as you would type it, with what it really prints. The mount stays.
set -eu

BUILD=$(realpath "$1")
HERE=$(cd "$(dirname "$0")" && pwd)
DEMO=$BUILD/demo
HOME_DIR=$DEMO/home MNT=$DEMO/guild
guild=$BUILD/guild

fail() {
	echo "demo: $*" >&2
	echo "demo: the refused writes, if any:" >&2
	cat "$MNT/errors" >&2 || true
	exit 1
}
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
# Runs a line in the mount as if it were typed there.
type_() {
	printf '$ %s\n' "$1"
	(cd "$MNT" && bash -c "$1") || fail "this failed: $1"
}
status_is() { [ "$(cat "$MNT/runs/latest/status")" = "$1" ]; }

if [ ! -e /dev/fuse ]; then
	echo "demo: there is no /dev/fuse here: in a container, start it with --device /dev/fuse" \
		"--cap-add SYS_ADMIN" >&2
	exit 1
fi

# A demo before this one may still be mounted.
if grep -q " $MNT fuse\| $MNT .* fuse.guildfs" /proc/self/mountinfo; then
	"$guild" unmount "$MNT" 2>/dev/null || umount -l "$MNT" 2>/dev/null || fusermount3 -uz "$MNT"
fi
rm -rf "$DEMO"
mkdir -p "$HOME_DIR" "$MNT"

say "Mount the project $HERE"
echo "\$ guild -H $HOME_DIR mount -C $HERE $MNT"
"$guild" -H "$HOME_DIR" mount -C "$HERE" "$MNT"
echo "\$ cd $MNT"

say "Models and operations are directories"
type_ "ls"
type_ "ls models/digits/operations models/digits/operations/train"
type_ "cat models/digits/operations/train/flags"

say "Writing flags starts a run; what is left out keeps its default"
type_ "echo 'epochs: 6' > models/digits/operations/train/flags"
type_ "tail -n +1 -s 0.2 -f runs/latest/output & cat runs/latest/wait; sleep 0.5; kill \$!"
status_is completed || fail "the run did not complete"

say "A run is a directory"
type_ "ls -l runs/latest/"
type_ "cat runs/latest/flags runs/latest/cmd runs/latest/duration"
type_ "ls -l runs/latest/files/"

say "A typo is refused, and error says why"
echo "\$ echo 'epocs: 6' > models/digits/operations/train/flags"
if (cd "$MNT" && bash -c "echo 'epocs: 6' > models/digits/operations/train/flags") 2>&1; then
	fail "a wrong flag was accepted"
fi
type_ "cat models/digits/operations/train/error"

say "A flags file that is dropped into the directory is a run, too"
type_ "printf 'epochs: 3\ninit: random\n' > models/digits/operations/train/random-start.yml"
type_ "ls -l models/digits/operations/train/random-start.yml"
type_ "cat runs/latest/wait"
status_is completed || fail "the dropped run did not complete"

say "Operations that need a trained run take the newest, or the one that is marked"
type_ "echo > models/digits/operations/finetune/flags; cat runs/latest/wait"
status_is completed || fail "finetune did not complete"
type_ "ls -l runs/latest/files/trained.json"
type_ "echo > models/digits/operations/evaluate/flags; cat runs/latest/wait runs/latest/output"
status_is completed || fail "evaluate did not complete"
type_ "echo > models/digits/operations/optimize/flags; cat runs/latest/wait runs/latest/output"
status_is completed || fail "optimize did not complete"

say "Notes are files"
type_ "echo 'smallest so far' > runs/latest/label; echo yes > runs/latest/marked"
echo "\$ guild -H $HOME_DIR runs"
"$guild" -H "$HOME_DIR" runs

say "The mount stays. Next, for example:"
cat <<END
  cd $MNT
  cat README
  echo 'epochs=20 rate=1' > models/digits/operations/train/flags
  tail -f runs/latest/output
  cp runs/latest/flags models/digits/operations/train/flags      # repeats it

To unmount (runs go on):

  $guild unmount $MNT
END
