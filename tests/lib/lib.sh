# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced by every test script. A script prints one line a case, by ok, not_ok and skip or by the
# checks below, and goes on after a failure; run.sh counts the lines. $T is a private directory
# that is removed at the end, whatever happens, with everything that was mounted or started there.
set -u
export LC_ALL=C

: "${BUILD:?run tests by tests/lib/run.sh}"
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
T=$(mktemp -d "${TMPDIR:-/tmp}/guildfs-test.XXXXXX")
chmod 755 "$T"
HOME_DIR=$T/home PROJECT=$T/project MNT=$T/mnt
export GUILD_HOME=$HOME_DIR NO_PIP_FREEZE=1
export PATH=$BUILD:$PATH
mkdir -p "$HOME_DIR" "$PROJECT" "$MNT"
DAEMON=

ok() { echo "ok $*"; }
not_ok() { local name=$1; shift; echo "not ok $name: $*"; }
skip() { local name=$1; shift; echo "skip $name: $*"; }
# What only some machines can have; a machine without it is as good for CI.
skip_optional() { local name=$1; shift; echo "skip-optional $name: $*"; }

# check NAME COMMAND...: the command succeeds.
check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "'$*' failed: $out"; fi
}
# refuse NAME COMMAND...: the command fails.
refuse() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then not_ok "$name" "'$*' succeeded: $out"; else ok "$name"; fi
}
# equal NAME WANTED GOT
equal() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted '$2', got '$3'"; fi
}
# matches NAME REGEX TEXT
matches() {
	if [[ $3 =~ $2 ]]; then ok "$1"; else not_ok "$1" "wanted /$2/, got '$3'"; fi
}

# wait_until SECONDS COMMAND...: polls until the command succeeds.
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

# kill_processes RUN N: kill -9 of the run's own process, of it and its supervisor, or of that alone.
kill_processes() {
	local process supervisor
	process=$(cat "$HOME_DIR/runs/$1/.guild/LOCK" 2>/dev/null)
	supervisor=$(cut -d' ' -f1 "$HOME_DIR/runs/$1/.guild/guildfs/supervisor")
	case $(($2 % 3)) in
	0) kill -9 "${process:-$supervisor}" ;;
	1) kill -9 "$supervisor" $process ;;
	2) kill -9 "$supervisor" ;;
	esac 2>/dev/null
	KILLED=${process:-$supervisor}
}

is_mounted() { grep -q " $MNT fuse" /proc/self/mountinfo 2>/dev/null || grep -q " $MNT .*fuse.guildfs" /proc/self/mountinfo; }

# Processes whose command line or environment names our directory, but for those that look.
own_processes() {
	local pid
	for pid in $(grep -lsazF -e "$T/" /proc/[0-9]*/cmdline /proc/[0-9]*/environ | cut -d/ -f3 | sort -u); do
		case $(cat "/proc/$pid/comm" 2>/dev/null) in
		# The guard of a mount ends with its daemon.
		'' | grep | cut | sort | guildfs-guard) ;;
		*) grep -qsa '^State:.Z' "/proc/$pid/status" || echo "$pid" ;;
		esac
	done
}

# Only what did not start this script: its own parents carry no name of ours.
cleanup() {
	local pid tries
	set +e
	[ -z "$DAEMON" ] || end_daemon
	for tries in 1 2 3 4 5; do
		grep -q " $T/" /proc/self/mountinfo || break
		awk -v t="$T/" 'index($5, t) == 1 {print $5}' /proc/self/mountinfo | sort -r |
			while read -r m; do umount "$m" 2>/dev/null || umount -l "$m" 2>/dev/null ||
				fusermount3 -uz "$m" 2>/dev/null; done
		sleep 0.1
	done
	for pid in $(own_processes); do kill -KILL "$pid" 2>/dev/null; done
	rm -rf "$T"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# start_mount [OPTION]...: mounts $PROJECT and $HOME_DIR at $MNT; $DAEMON is its process.
start_mount() {
	"$BUILD/guildfs" -f -H "$HOME_DIR" -C "$PROJECT" "$@" "$MNT" >"$T/daemon.log" 2>&1 &
	DAEMON=$!
	if ! wait_until 20 is_mounted || ! wait_until 5 test -e "$MNT/README"; then
		not_ok mount "the mount does not answer: $(cat "$T/daemon.log")"
		exit 1
	fi
}
# A daemon that is told to end does so in peace; what it died of is a failure of the test.
end_daemon() {
	local status
	kill "$DAEMON" 2>/dev/null
	wait_until 20 sh -c "! kill -0 $DAEMON 2>/dev/null || grep -q '^State:.Z' /proc/$DAEMON/status" || {
		not_ok daemon "it does not end"
		kill -KILL "$DAEMON"
	}
	wait "$DAEMON" 2>/dev/null
	status=$?
	[ $status -le 128 ] || [ $status = 137 ] || [ $status = 143 ] ||
		not_ok daemon "it died of signal $((status - 128)): $(tail -3 "$T/daemon.log")"
	DAEMON=
}
stop_mount() {
	[ -n "$DAEMON" ] || return 0
	end_daemon
	! is_mounted || umount -l "$MNT"
}

runs() { ls "$MNT/runs"; }
count_runs() { ls "$HOME_DIR/runs" 2>/dev/null | wc -l; }
# The run that came last; its status, once it is over.
newest() { basename "$(readlink "$MNT/runs/latest")"; }
finish() { timeout 60 cat "$MNT/runs/${1:-latest}/wait" >/dev/null; }
status_is() { [ "$(cat "$MNT/runs/$1/status")" = "$2" ]; }

# A project with one model and operations that need no Python, so that they start at once.
shell_project() {
	cat >"$PROJECT/guild.yml" <<'END'
- model: m
  description: A model for tests
  references: [https://example.org/paper]
  resources:
    words: {description: Words to count, sources: [words.txt]}
    made: {sources: [{operation: quick}]}
  operations:
    quick:
      description: Ends at once
      exec: sh quick.sh
      flags:
        epochs: 10
        rate: 0.1
        name: {default: a b, description: a name}
        kind: {default: fast, choices: [fast, slow]}
    slow:
      exec: sh slow.sh
      flags: {seconds: 30}
    fail:
      exec: sh -c "echo it went wrong >&2; exit 3"
    missing:
      exec: no-such-program-anywhere
    after:
      exec: sh -c "cat result.txt"
      requires: {operation: quick, name: trained, select: result.txt}
END
	cat >"$PROJECT/quick.sh" <<'END'
echo "epochs=$FLAG_EPOCHS rate=$FLAG_RATE name=$FLAG_NAME"
mkdir -p sub/deep
echo result >result.txt
echo deep >sub/deep/file
ln -sf ../result.txt sub/link
END
	cat >"$PROJECT/slow.sh" <<'END'
echo begin
i=0
while [ $i -lt "$((FLAG_SECONDS * 10))" ]; do sleep 0.1; i=$((i + 1)); echo "tick $i"; done
echo end
END
}
