# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sourced after lib.sh by scripts that look at pages in a browser.

# Where what was seen is kept: beside the build, to be looked at.
SHOTS=$BUILD/screenshots

has_browser() {
	local program
	for program in chromium chromium-browser google-chrome; do
		! command -v $program >/dev/null || return 0
	done
	return 1
}
# The steps of browser.py on standard input; prints what they print.
browser() { python3 "$ROOT/tests/lib/browser.py" 2>&1; }
