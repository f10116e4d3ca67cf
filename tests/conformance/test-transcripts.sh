#!/bin/bash
# SPDX-License-Identifier: MIT
# Guild AI's own transcripts against our guild: every statement of passed.tsv goes on passing.
#
#     test-transcripts.sh           check; what passes beyond the list is told in one line
#     test-transcripts.sh update    add to the list what passes three times; it never shrinks
#
# The transcripts are those of release 0.9.0, the last on PyPI. Where 0.9.1 differs it decides: such
# a statement stands in differs.tsv, with the reason, and is not compared; likewise where we differ
# by intention. By hand, against a checkout of 0.9.1 (which has the examples too) or an unzipped
# wheel, with what broke shown:
#
#     tests/conformance/transcripts.py --guildai DIR --guild build/guild \
#         --list tests/conformance/visible.txt [--only run-impl.md uat/tags.md] -v
. "$(dirname "$0")/../lib/lib.sh"
cd "$ROOT/tests/conformance" || exit 1

# What the samples of passing statements import, and templates are rendered by; PyYAML is for the
# harness too.
packages="PyYAML click numpy jinja2"

mode=${1:-check}
case $mode in
check | update) ;;
*) echo "$0: unknown mode '$mode'; the modes are: check, update" >&2; exit 2 ;;
esac
missing() {
	skip transcripts "$1: $(tail -1 "$T/log")"
	[ "$mode" = check ]
	exit
}
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' >"$T/log" 2>&1 ||
	missing "Python 3.11 is needed"
python3 -m venv "$T/venv" >"$T/log" 2>&1 || missing "no venv"
# shellcheck disable=SC2086 # a list of words
"$T/venv/bin/pip" -q install $packages >"$T/log" 2>&1 || missing "pip cannot install $packages"
# Installed apart from the venv, where nothing can import it; pip keeps the samples' x bits.
"$T/venv/bin/pip" -q install --no-deps --no-compile --only-binary :all: --target "$T/guildai" \
	guildai==0.9.0 >"$T/log" 2>&1 || missing "pip cannot download guildai==0.9.0"

# transcripts FILE-LIST OUT JOBS: files without a statement of the baseline are not run.
transcripts() {
	TMPDIR=$T "$T/venv/bin/python" transcripts.py --guildai "$T/guildai" --guild "$BUILD/guild" \
		--list "$1" --baseline baseline-0.9.0.tsv --json "$2" -j "$3" >"$T/log"
}

case $mode in
check)
	cut -f1 passed.tsv | uniq >"$T/files"
	transcripts "$T/files" "$T/run.json" 2
	python3 verdicts.py check "$T/run.json"
	;;
update)
	# What passes only on a quiet machine does not go in: the third time is a crowded one.
	transcripts visible.txt "$T/1.json" 2 && python3 verdicts.py new "$T/1.json" >"$T/files" &&
		transcripts "$T/files" "$T/2.json" 2 && transcripts "$T/files" "$T/3.json" 6 &&
		python3 verdicts.py add "$T/1.json" "$T/2.json" "$T/3.json"
	;;
esac
