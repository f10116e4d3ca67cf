#!/bin/bash
# SPDX-License-Identifier: MIT
# The table of tests/guildfiles/run.py over a small repository, and what a Guild file may say that
# only fails a run.
. "$(dirname "$0")/../lib/lib.sh"

run_py() { python3 "$ROOT/tests/guildfiles/run.py" -B "$BUILD" "$@"; }
git_here() { git -C "$T/repo" -c user.name=t -c user.email=t@example.com "$@"; }
commit() { git_here add -A && git_here commit -qm "$1"; }

# --- the table ------------------------------------------------------------------------------------
if ! command -v git >/dev/null; then
	skip "git" "not installed"
else
	git init -q "$T/repo"
	mkdir -p "$T/repo/one" "$T/repo/two"
	echo 'train: {main: m, flags: {x: 1}}' >"$T/repo/one/guild.yml"
	printf -- '- include: ../shared/all.yml\n- model: m\n  extends: base\n' >"$T/repo/two/guild.yml"
	mkdir "$T/repo/shared"
	echo '- config: base' >"$T/repo/shared/all.yml"
	echo 'name: a file of other programs' >"$T/repo/.hidden.yml"
	commit first
	table=$(run_py "$T/repo")
	equal "all load, also what a file includes" "3 passed, 0 failed, 0 skipped" "$(tail -1 <<<"$table")"

	echo 'train: [1]' >"$T/repo/one/guild.yml"
	echo '- config: bass' >"$T/repo/shared/all.yml"
	commit second
	echo 'train: {}' >"$T/repo/one/guild.yml"
	commit third
	table=$(run_py "$T/repo")
	equal "every revision, each in its company" "5 passed, 2 failed, 0 skipped" "$(tail -1 <<<"$table")"
	refuse "and it says so" run_py "$T/repo"
	matches "the reason" "one/guild.yml	invalid value for operation" "$(grep ^no <<<"$table")"
	matches "in another company" "two/guild.yml	undefined model or config 'base'" \
		"$(grep ^no <<<"$table")"
fi

# --- what fails a run only --------------------------------------------------------------------------
cat >"$PROJECT/guild.yml" <<'END'
ok: {exec: cat in.txt, requires: {dvcfile: in.txt}}
unpulled: {exec: cat big.txt, requires: {dvcfile: big.txt}}
stage: {exec: "true", requires: {dvcstage: train}}
moved: {exec: cat in.txt, requires: {file: in.txt, target-type: move}}
END
echo hello >"$PROJECT/in.txt"
cd "$PROJECT" || exit 1
equal "a DvC file that is there" hello "$(guild run ok -y 2>"$T/log")"
equal "the warning" "unsupported target-type 'move' in source file:in.txt (expected 'link' or 'copy')" \
	"$(grep -o 'unsupported.*' "$T/log")"
refused() { # NAME OPERATION REGEX
	if guild run "$2" -y >"$T/log" 2>&1; then not_ok "$1" "it ran"; else
		matches "$1" "$3" "$(cat "$T/log")"
	fi
}
refused "one that is not" unpulled "cannot find DvC file 'big.txt': get it by 'dvc pull big.txt' first"
refused "a DvC stage" stage "runs of DvC stages are not supported"
refused "an unknown target-type" moved "unsupported target-type \(expected 'link' or 'copy'\)"
