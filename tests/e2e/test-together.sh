#!/bin/bash
# SPDX-License-Identifier: MIT
# Fifty commands at a time on one home: no error that is not true, no update lost, nothing locked.
# TOGETHER_SECONDS (15) is how long; a minute and more by hand.
. "$(dirname "$0")/../lib/lib.sh"

SECONDS_LONG=${TOGETHER_SECONDS:-15}
WORKERS=50
shell_project
cd "$PROJECT" || exit 1
mkdir "$T/said" "$T/made" "$T/ids"
guild run quick -y --label shared >/dev/null 2>&1
shared=$(ls "$HOME_DIR/runs")

# said WORKER COMMAND...: its output; what fails, or says something on stderr, is kept.
said() {
	local worker=$1 status
	shift
	guild "$@" 2>"$T/said/$worker.err"
	status=$?
	if [ $status -ne 0 ] || grep -qiE 'error|lock|busy|cannot' "$T/said/$worker.err"; then
		echo "guild $*: status $status: $(cat "$T/said/$worker.err")" >>"$T/said/$worker"
	fi
	return $status
}
lost() { echo "$2" >>"$T/said/$1"; }

# Each has a run of its own, and there is one that all of them change.
work() {
	local w=$1 n=0 own end=$((SECONDS + SECONDS_LONG))
	said "$w" run quick -y --label "of <$w>" >/dev/null
	own=$(said "$w" select -Fl "of <$w>") || lost "$w" "its first run is not there"
	while [ $SECONDS -lt $end ]; do
		n=$((n + 1))
		case $(((n + w) % 6)) in
		0)
			said "$w" label -s "of <$w>: $n" "$own" -y >/dev/null
			[ "$(said "$w" select -a label "$own")" = "of <$w>: $n" ] ||
				lost "$w" "label $n of $own is lost"
			;;
		1)
			said "$w" tag -a "w$w-$n" "$shared" -y >/dev/null && echo "w$w-$n" >>"$T/made/$w"
			;;
		2)
			said "$w" runs delete "$own" -y >/dev/null
			[ ! -e "$HOME_DIR/runs/$own" ] || lost "$w" "$own was deleted and is there"
			said "$w" runs restore "$own" -y >/dev/null
			[ -e "$HOME_DIR/runs/$own" ] || lost "$w" "$own was restored and is not there"
			;;
		3)
			said "$w" run quick -y "epochs=$n" --label "more of <$w>" >/dev/null &&
				echo x >>"$T/ids/$w"
			;;
		4)
			said "$w" runs --json | python3 -c 'import json, sys; json.load(sys.stdin)' \
				2>/dev/null || lost "$w" "runs --json is no JSON"
			;;
		5)
			said "$w" runs --all -Fl "of <$w>" | grep -q "${own:0:8}" ||
				lost "$w" "$own is not listed"
			;;
		esac
	done
}
for w in $(seq $WORKERS); do work "$w" & done
wait

equal "no error, and nothing that was lost meanwhile" "" "$(cat "$T/said"/*[0-9] 2>/dev/null | head -5)"
equal "every tag is there" "$(cat "$T/made"/* | sort)" "$(guild select -a tags "$shared" | sed 's/^- //' | sort)"
check "tags were set" test -s "$(ls "$T/made"/* | head -1)"
equal "every run is there" "$((1 + WORKERS + $(cat "$T/ids"/* | wc -l)))" "$(guild runs --all | wc -l)"
equal "and is what it was" "" "$(guild runs --all -Se)"
equal "nothing in the trash" "" "$(guild runs -d)"
check "the store is as it should be" guild check --index
