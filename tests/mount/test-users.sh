#!/bin/bash
# SPDX-License-Identifier: MIT
# Second users on a shared mount that root made. In a mount namespace, where one of them is in a
# group of ours.
if [ "$(id -u)" = 0 ] && [ -z "${IN_NAMESPACE:-}" ]; then
	IN_NAMESPACE=1 exec unshare -m "$0"
fi
. "$(dirname "$0")/../lib/lib.sh"

if [ "$(id -u)" != 0 ]; then
	skip_optional "users" "needs root, to be two other users"
	exit 0
fi
as() { local uid=$1; shift; setpriv --reuid "$uid" --regid "$uid" --clear-groups env HOME=/ "$@"; }

shell_project
sed -i 's|^    fail:|    who: {exec: sh who.sh}\n&|' "$PROJECT/guild.yml"
echo 'id -G; echo $HOME $USER; env' >"$PROJECT/who.sh"
{ cat /etc/group && echo 'guildfs-test:x:4999:nobody'; } >"$T/group"
mount --bind "$T/group" /etc/group
trap 'umount -l /etc/group; cleanup' EXIT
chmod -R go+rX "$T"
OF_ROOT=1 start_mount -o allow_other
cp "$T/daemon.log" "$T/first.log"
as 65534 bash -c "echo >'$MNT/models/m/operations/who/flags'"
finish
equal "a run has the groups of its user" "65534 4999" "$(head -1 "$MNT/runs/latest/output")"
equal "and a login environment" "$(getent passwd 65534 | cut -d: -f6) nobody" "$(sed -n 2p "$MNT/runs/latest/output")"
refuse "without what root's daemon has" grep -q OF_ROOT "$MNT/runs/latest/output"
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
# Links that a run's owner puts into it lead nowhere, whatever root may do.
mkdir -m 700 "$T/root-only" && echo secret >"$T/root-only/shadow"
echo root >"$T/root-only/label" && echo secret >"$T/root-only/output"
real=$HOME_DIR/runs/$id/.guild
as 4001 mv "$real/attrs" "$real/attrs.real" && as 4001 ln -s "$T/root-only" "$real/attrs"
equal "attrs/ behind a link shows nothing" "" "$(as 4001 ls "$MNT/runs/$id/attrs" 2>&1 | grep shadow)"
refuse "nor is it read" as 4001 cat "$MNT/runs/$id/attrs/shadow"
as 4001 bash -c "echo mine > '$MNT/runs/$id/label'" 2>"$T/err"
equal "nor written" root "$(cat "$T/root-only/label")"
as 4001 rm "$real/attrs" && as 4001 mv "$real/attrs.real" "$real/attrs"
as 4001 mv "$real" "$real.real" && as 4001 ln -s "$T/root-only" "$real"
refuse "the same for .guild" grep -q secret <(as 4001 cat "$MNT/runs/$id/output" "$MNT/runs/$id/log" 2>&1)
as 4001 bash -c "echo restart > '$MNT/runs/$id/ctl'" 2>"$T/err"
equal "nothing is made there" "label output shadow" "$(ls -A "$T/root-only" | xargs)"
equal "nor emptied" secret "$(cat "$T/root-only/output")"
as 4001 rm "$real" && as 4001 mv "$real.real" "$real"
equal "all is well again" mine "$(cat "$MNT/runs/$id/label")"
chmod 700 "$HOME_DIR/runs/$id"
sleep 1.1
refuse "a private run is in no list of others" grep -q "$id" <(as 4002 ls "$MNT/runs")
check "but in the owner's" grep -q "$id" <(as 4001 ls "$MNT/runs")
refuse "nor in index.tsv" grep -q "$id" <(as 4002 cat "$MNT/index.tsv" "$OP/index.tsv")
refuse "nor in index.html" grep -q "$id" <(as 4002 cat "$MNT/index.html")
equal "whose size is that of what they see, too" "$(as 4002 cat "$MNT/index.html" | wc -c)" "$(as 4002 stat -c %s "$MNT/index.html")"
check "but in the owner's, with its curves" grep -q "^\"$id\": {" <(as 4001 cat "$MNT/index.html")
equal "whose size is that of what they see" "$(as 4002 cat "$OP/index.tsv" | wc -c)" "$(as 4002 stat -c %s "$OP/index.tsv")"
check "but in the owner's" grep -q "$id" <(as 4001 cat "$OP/index.tsv")
echo 'epochs: 2' >"$OP/flags"
finish
matches "who cannot read one run compares the others" "m:quick .* epochs=2" \
	"$(as 4002 "$BUILD/guild" -H "$HOME_DIR" compare --table 2>/dev/null)"
refuse "nor for TensorBoard" grep -q "^${id:0:8}" <(as 4002 ls "$MNT/tensorboard")
check "but the owner's" grep -q "^${id:0:8}" <(as 4001 ls "$MNT/tensorboard")
refuse "others cannot read it" as 4002 cat "$MNT/runs/$id/status"
check "a scratch file of one user" as 4001 cp "$PROJECT/quick.sh" "$OP/mine.txt"
refuse "cannot be removed by another" as 4002 rm -f "$OP/mine.txt"
refuse "a run cannot be deleted by another" as 4002 rmdir "$MNT/runs/$id"
refuse "nor moved" as 4002 mv -T "$MNT/runs/$id" "$MNT/trash/$id"
check "but by its owner" as 4001 rmdir "$MNT/runs/$id"
refuse "a private one is in no trash of others" grep -q "$id" <(as 4002 ls "$MNT/trash")
refuse "nor can they purge it" as 4002 rmdir "$MNT/trash/$id"
check "its owner restores it" as 4001 mv "$MNT/trash/$id" "$MNT/runs/"
equal "it is theirs as before" 4001 "$(stat -c %u "$HOME_DIR/runs/$id")"

# A run of one user, which has numbers that the other's has not, and that is private at times.
cp "$PROJECT/quick.sh" "$T/quick.sh"
echo 'echo "hush: 0.125"' >>"$PROJECT/quick.sh"
as 4001 bash -c "echo 'name: theirs' > '$OP/flags'" && finish
id=$(newest)
cp "$T/quick.sh" "$PROJECT/quick.sh"
as 4002 bash -c "echo 'name: other' > '$OP/flags'" && finish
other=$(newest)
# By a new daemon, since of a run that is over the old one and the kernel know it all.
numbers_of_other() {
	stop_mount
	start_mount -o allow_other
	as 4002 find "$MNT/runs/$other/metrics" -name hush | wc -l
}

as 4002 ln -s "../$id" "$HOME_DIR/runs/$other/link"
equal "numbers of an open run are seen by a link" 1 "$(numbers_of_other)"
chmod 700 "$HOME_DIR/runs/$id/.guild"
equal "but not what is private in it" 0 "$(numbers_of_other)"
chmod 755 "$HOME_DIR/runs/$id/.guild"
equal "and again" 1 "$(numbers_of_other)"
chmod 700 "$HOME_DIR/runs/$id"
equal "nor a private run's" 0 "$(numbers_of_other)"
mkdir -m 700 "$T/hidden" && cp -a "$HOME_DIR/runs/$id" "$T/hidden/run" && chmod 755 "$T/hidden/run"
as 4002 ln -sfn "$T/hidden/run" "$HOME_DIR/runs/$other/link"
equal "nor of one in a private directory" 0 "$(numbers_of_other)"
as 4002 rm "$HOME_DIR/runs/$other/link"

# What tables say, and whether there are any, tells nothing of a private run either.
heading() { as "$1" head -1 "$MNT/${2-}index.tsv" | tr '\t' '\n'; }
check "a heading has what the owner sees" grep -qx hush <(heading 4001)
check "and root" grep -qx hush <(heading 0)
refuse "and not what only a private run has" grep -qx hush <(heading 4002)
refuse "nor in the operation's" grep -qx hush <(heading 4002 models/m/operations/quick/)
equal "a filter's table, for its owner" "heading $id" \
	"$(as 4001 cut -f1 "$MNT/where/hush > 0/index.tsv" | sed "1s/.*/heading/" | xargs)"
equal "and for others" "$(as 4002 cat "$MNT/where/lr > 0/index.tsv")" \
	"$(as 4002 cat "$MNT/where/hush > 0/index.tsv")"
chmod 755 "$HOME_DIR/runs/$id"
check "an open one is in it" grep -qx hush <(heading 4002)
chmod 700 "$HOME_DIR/runs/$id"
refuse "as long as it is open" grep -qx hush <(heading 4002)

# Nor does root read a Guild file that the owner of a run names and could not read himself.
mkdir "$T/else" && cat >"$T/else/guild.yml" <<'END'
- model: m
  operations: {quick: {exec: 'true', compare: [=rate as named]}}
END
cp "$HOME_DIR/runs/$other/.guild/opref" "$T/opref"
as 4002 sed -i "s|guildfile:[^ ]*|guildfile:$T/else/guild.yml|" "$HOME_DIR/runs/$other/.guild/opref"
stop_mount
start_mount -o allow_other
check "columns of a Guild file that all can read" grep -qx named <(heading 4002)
chmod 700 "$T/else"
stop_mount
start_mount -o allow_other
refuse "but of no other" grep -qx named <(heading 4002)
stop_mount

# Nor is a private run there by a name: its own, the first digits of it, the newest, its file's.
cp "$T/opref" "$HOME_DIR/runs/$other/.guild/opref"
start_mount -o allow_other
as 4001 bash -c "echo 'name: theirs' > '$OP/theirs.yml'" && finish
id=$(newest)
chmod 700 "$HOME_DIR/runs/$id"
prefix=${id:0:${#id}-1}
logdir=$(as 4001 ls "$MNT/tensorboard" | grep "^${id:0:8}")
stop_mount
start_mount -o allow_other
target() { as "$1" readlink "$MNT/$2" | xargs -r basename; }
refuse "not by its id" as 4002 stat "$MNT/runs/$id"
equal "nor the first digits of it" "" "$(target 4002 "runs/$prefix")"
refuse "nor for TensorBoard" as 4002 stat "$MNT/tensorboard/$logdir"
equal "the newest is another one" "$other" "$(target 4002 runs/latest)"
equal "of the operation, too" "$other" "$(target 4002 models/m/operations/quick/latest)"
refuse "nor by the file that it came from" as 4002 stat "$OP/theirs.yml"
refuse "which is in no list" grep -qx theirs.yml <(as 4002 ls "$OP")
check "but for its owner" grep -qx theirs.yml <(as 4001 ls "$OP")
check "its owner has it by all" as 4001 stat "$MNT/runs/$id" "$MNT/tensorboard/$logdir"
equal "by the digits" "$id" "$(target 4001 "runs/$prefix")"
equal "and it is his newest" "$id" "$(target 4001 runs/latest)"
equal "of the operation" "$id" "$(target 4001 models/m/operations/quick/latest)"

# Root stops what is the owner's, whatever he says is the process of his run.
sleep 300 &
root_process=$!
line="$root_process $(cut -d' ' -f22 "/proc/$root_process/stat") $(cat /proc/sys/kernel/random/boot_id)"
as 4001 bash -c "echo '$line' > '$HOME_DIR/runs/$id/.guild/guildfs/process'"
refuse "no process of root's is the run's" as 4001 bash -c "echo kill > '$MNT/runs/$id/ctl'"
check "it lives" kill -0 "$root_process"
kill "$root_process" 2>"$T/err"
as 4001 bash -c "echo 'seconds: 60' > '$MNT/models/m/operations/slow/flags'"
id=$(as 4001 readlink "$MNT/runs/latest" | xargs basename)
wait_until 20 status_is "$id" running
check "a run of one's own is stopped" as 4001 bash -c "echo stop > '$MNT/runs/$id/ctl'"
finish "$id"
equal "it was" terminated "$(cat "$MNT/runs/$id/status")"

# What root's daemon writes into a run is its owner's, as what he writes himself.
not_his() { find "$HOME_DIR/runs/$id" ! -user 4001; }
as 4001 bash -c "echo 'epochs: 1' > '$OP/flags'" && finish
id=$(as 4001 readlink "$MNT/runs/latest" | xargs basename)
for file in label tags comments; do as 4001 bash -c "echo his > '$MNT/runs/$id/$file'"; done
echo yes >"$MNT/runs/$id/marked" # by root
equal "annotations are the owner's" "" "$(not_his)"
equal "and there" "his his yes" "$(cat "$MNT/runs/$id/label" "$MNT/runs/$id/tags" "$MNT/runs/$id/marked" | xargs)"
rm -f "$HOME_DIR/runs/$id/.guild/guildfs/lock"
check "a restart" as 4001 bash -c "echo restart > '$MNT/runs/$id/ctl'"
finish "$id"
equal "leaves nothing of root's in it" "" "$(not_his)"
check "root's guild, too" "$BUILD/guild" label -s root -y "$id"
equal "writes for the owner" "root" "$(cat "$MNT/runs/$id/label")"
equal "what is his" "" "$(not_his)"
echo no >"$MNT/runs/$id/marked"

# A run that the opener may not read is none that his run could use.
as 4002 bash -c "echo 'name: mine' > '$OP/flags'" && finish
mine=$(as 4002 readlink "$MNT/runs/latest" | xargs basename)
as 4001 bash -c "echo 'name: hidden' > '$OP/flags'" && finish
id=$(newest)
chmod 700 "$HOME_DIR/runs/$id"
as 4002 bash -c "echo > '$MNT/models/m/operations/after/flags'"
after=$(as 4002 readlink "$MNT/runs/latest" | xargs basename)
finish "$after"
equal "a dependency is the newest run that one can read" "$mine" \
	"$(sed -n 's/^trained: //p' "$MNT/runs/$after/flags")"
equal "and the run completes" completed "$(cat "$MNT/runs/$after/status")"
prefix=${id:0:20}
as 4002 bash -c "echo 'trained: $prefix' > '$MNT/models/m/operations/after/flags'"
after=$(as 4002 readlink "$MNT/runs/latest" | xargs basename)
finish "$after"
equal "digits of a private run tell no more of it" "trained: $prefix" \
	"$(grep '^trained' "$MNT/runs/$after/flags" | tr -d \')"
as 4001 bash -c "echo > '$MNT/models/m/operations/after/flags'"
after=$(as 4001 readlink "$MNT/runs/latest" | xargs basename)
finish "$after"
equal "its owner's run uses it" "$id" "$(sed -n 's/^trained: //p' "$MNT/runs/$after/flags")"
for other in "$HOME_DIR"/runs/*; do
	[ "$other" = "$HOME_DIR/runs/$id" ] || rm -rf "$other"
done
resolved() { as "$1" sed -n 's/ *resolved: //p' "$MNT/models/m/resources/made"; }
nobody_else() { [ "$(resolved 4002)" = no ]; }
check "where it is the only one, nobody else has it" wait_until 5 nobody_else
equal "but he" yes "$(resolved 4001)"

# Batches and pipelines make runs by processes of the user who started them.
modes() { (cd "$HOME_DIR" && stat -c '%a %n' runs trash/runs cache/guildfs/new locks/run-status cache/guildfs/changes | xargs); }
opened="1777 runs 1777 trash/runs 1777 cache/guildfs/new 666 locks/run-status 666 cache/guildfs/changes"
equal "a shared home is open to them" "$opened" "$(modes)"
equal "and nothing more of it" "755 755 755" "$(cd "$HOME_DIR" && stat -c %a . cache/guildfs locks | xargs)"
matches "as is said when it is opened" "all users may make runs in $HOME_DIR" "$(cat "$T/first.log")"
refuse "and only then" grep "all users may" "$T/daemon.log"
sed -i 's/^    fail:/    steps: {steps: [quick epochs=4, quick epochs=5]}\n&/' "$PROJECT/guild.yml"
wait_until 5 test -d "$MNT/models/m/operations/steps"
as 4001 bash -c "echo 'epochs: [1, 2]' > '$OP/flags'"
id=$(as 4001 readlink "$MNT/runs/latest" | xargs basename)
trials() { ls "$MNT/runs/$id/trials" | grep -v index.tsv; }
finish "$id"
for trial in $(trials); do finish "$trial"; done
equal "a batch of another user has its trials" "completed completed" \
	"$(for trial in $(trials); do cat "$MNT/runs/$trial/status"; done | xargs)"
equal "which are theirs" 4001 "$(for trial in $(trials); do stat -c %u "$HOME_DIR/runs/$trial"; done | sort -u)"
as 4001 bash -c "echo > '$MNT/models/m/operations/steps/flags'"
id=$(as 4001 readlink "$MNT/runs/latest" | xargs basename)
finish "$id"
equal "and a pipeline its steps" completed "$(cat "$MNT/runs/$id/status")"
equal "two" 2 "$(find "$HOME_DIR/runs/$id" -maxdepth 1 -type l | wc -l)"
refuse "nobody moves what is not theirs" as 4002 mv "$HOME_DIR/runs/$id" "$HOME_DIR/runs/stolen"
head -c 1100000 /dev/zero | tr '\0' '\n' >>"$HOME_DIR/cache/guildfs/changes"
echo mine >"$MNT/runs/$id/label"
check "a changes file that is begun anew" [ "$(stat -c %s "$HOME_DIR/cache/guildfs/changes")" -lt 1000 ]
equal "is as open" "$opened" "$(modes)"
stop_mount

# Where the home is not root's, its owner decides.
chmod 755 "$HOME_DIR/runs" && chown 4001 "$HOME_DIR/runs"
start_mount -o allow_other
matches "a home of somebody else" "cannot make runs: $HOME_DIR/runs belongs to somebody else" "$(cat "$T/daemon.log")"
equal "is left as it is" 755 "$(stat -c %a "$HOME_DIR/runs")"
stop_mount
