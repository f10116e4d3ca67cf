# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced behind lib.sh: the stand-in for gcloud in front of the real one. Its state is in $GCLOUD_STAND_IN.

REAL_GCLOUD=$(command -v gcloud)
WITHOUT_STAND_IN=$PATH
export GCLOUD_STAND_IN=$T/google CLOUDSDK_CONFIG=$T/gcloud
export PATH=$ROOT/tests/stand-in/gcloud:$PATH
unset GUILD_CONFIG GCLOUD_FAILS GCLOUD_HANGS
mkdir "$GCLOUD_STAND_IN"

# An account is signed in, and has nothing yet.
gcloud_sign_in() {
	echo '{"account": "me@example.org", "number": 100, "models": [], "endpoints": []}' >"$GCLOUD_STAND_IN/state.json"
}

# Where the real gcloud is, it is given every command line that the stand-in was given: nobody is signed in,
# which it says when it has read the line. Files that a line names are looked for in directory $1.
gcloud_reads_all() {
	local unread
	if [ -z "$REAL_GCLOUD" ]; then
		skip_optional "the real gcloud" "it is not here"
		return
	fi
	unread=$(cd "$1" && PATH=$WITHOUT_STAND_IN python3 - "$GCLOUD_STAND_IN/commands" "$REAL_GCLOUD" <<'END'
import json, subprocess, sys
seen = {}
for line in open(sys.argv[1]):
    words = json.loads(line)
    seen[" ".join(w.partition("=")[0] for w in words if w[0] != "/" and w[:3] != "gs:" and not w.isdecimal())] = words
for words in seen.values():
    if words[0] == "config":
        continue
    done = subprocess.run([sys.argv[2], *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 1 or "active account" not in done.stderr:
        print(*words, ":", done.stderr)
END
	)
	equal "the real gcloud can read every command line" "" "$unread"
}
