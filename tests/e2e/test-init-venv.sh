#!/bin/bash
# SPDX-License-Identifier: MIT
# guild init with a virtual environment: a real one, with what a directory of wheels has.
. "$(dirname "$0")/../lib/lib.sh"

if ! python3 -m venv "$T/first" >"$T/log" 2>&1; then
	skip init-venv "no venv: $(tail -1 "$T/log")"
	exit 0
fi
unset GUILD_HOME
export HOME=$T/user PIP_NO_INDEX=1 PIP_FIND_LINKS=$T/wheels PIP_DISABLE_PIP_VERSION_CHECK=1
mkdir -p "$HOME" "$T/wheels" "$T/made" "$T/lib/mylib" "$T/lib/gpkg/near"
for name in one two three; do
	printf '%s\n' "- package: gpkg.$name" >"$T/made/guild.yml"
	guild -C "$T/made" package >/dev/null 2>&1
done
mv "$T"/made/dist/*.whl "$T/wheels" || not_ok wheels "none was made"
echo 'found = 1' >"$T/lib/mylib/__init__.py"
cd "$PROJECT" || exit 1
PROJECT=$PWD
plan() { guild init "$@" 2>&1 </dev/null; }
installed() { "$1/bin/python" -m pip freeze | cut -d= -f1 | tr '\n' ' '; }

# --- what is asked ---------------------------------------------------------------------------------
matches "a plan is shown" "Location: $PROJECT/venv.*Name: project.*interpreter: default.*site packages: no.*cache: shared.*Continue\\? \\(Y/n\\)" \
	"$(plan --venv)"
equal "without an answer nothing is made" "" "$(ls)"
printf '# python=1\n' >requirements.txt
matches "a Python requirement that is none" "invalid Python requirement '=1' in ./requirements.txt" "$(plan --venv)"
matches "--python settles it" "interpreter: [^ ]*/python3.*Python requirements:.*./requirements.txt" "$(plan --python 3)"
printf '# python>=99\n' >requirements.txt
matches "no Python fits" "no Python on PATH is >=99, as ./requirements.txt requires" "$(plan --venv)"
matches "no such Python" "no Python '99'.*python99" "$(plan -p 99)"
matches "--no-reqs leaves it out" "Python interpreter: default" "$(plan --no-reqs)"

# --- what is made ----------------------------------------------------------------------------------
printf '# python>=3,<4\ngpkg.one\n' >requirements.txt
printf '%s\n' '- package: mine' '  requires: [pypi.gpkg.two, gpkg.near]' >guild.yml
printf '%s\n' '- package: gpkg.near' '  requires: gpkg.three' >"$T/lib/gpkg/near/guild.yml"
matches "packages that lie on a path are not installed, but what they need" \
	"Guild package requirements: *gpkg.three *gpkg.two *Python requirements: *./requirements.txt" \
	"$(plan -P "$T/lib" | tr '\n' ' ')"
out=$(guild init -y --name name-of-it --path "$T/lib" --no-progress 2>&1)
equal "an environment" 0 $?
matches "how to activate it" "Upgrading pip.*Guild environment initialized in $PROJECT/venv.*  source guild-env$" \
	"$(sed '/^$/d' <<<"$out")"
equal "with the packages" "gpkg.one gpkg.three gpkg.two " "$(installed venv)"
equal "and the path" 1 "$(venv/bin/python -c 'import mylib; print(mylib.found)')"
check "and a home" test -d venv/.guild/runs
equal "and its name" "(name-of-it) " "$(bash -c '. venv/bin/activate; echo "${PS1%%\$*}"' 2>/dev/null)"
printf 'go: {exec: "true"}\n' >guild.yml
active=$(bash -c 'source guild-env && command -v python && guild check --env && guild run go -y' 2>&1)
matches "guild-env activates it" "$PROJECT/venv is active" "$active"
matches "its Python is that of runs" "python_exe: *$PROJECT/venv/bin/python" "$active"
equal "its home has the runs" 1 "$(ls venv/.guild/runs | wc -l)"
refuse "guild-env elsewhere" bash -c "cd '$T/lib' && source guild-env"

guild init -y -r gpkg.two -r "$(ls "$T"/wheels/gpkg.three-*.whl)" -s "$T/other" >/dev/null 2>&1
matches "-r in place of requirements.txt" "gpkg.three.*gpkg.two" "$(installed "$T/other")"
refuse "but not that" grep -q gpkg.one <<<"$("$T/other/bin/python" -m pip freeze --local)"
check "--system-site-packages" grep -q "include-system-site-packages = true" "$T/other/pyvenv.cfg"
out=$(guild init -y -r gpkg.none "$T/none" 2>&1)
equal "a package that is not there" 1 $?
matches "is told" "not installed: .*pip|not installed: .*python.* failed" "$out"

# --- another home ----------------------------------------------------------------------------------
guild init --guild-home "$T/elsewhere" "$T/linked" 2>/dev/null
equal "a home that is elsewhere" "$T/elsewhere" "$(readlink "$T/linked/.guild")"
check "and there" test -d "$T/elsewhere/runs"
GUILD_HOME=$HOME_DIR guild init -H "$T/linked2" 2>/dev/null
equal "the home that is in use" "$HOME_DIR" "$(readlink "$T/linked2/.guild")"
matches "one that is there stays" "exists, skipping link to Guild home $HOME_DIR" \
	"$(GUILD_HOME=$HOME_DIR guild init -H "$T/linked" 2>&1)"
equal "a directory of -C" "$T/made/sub/.guild" "$(guild -C "$T/made" init sub 2>/dev/null; ls -d "$T/made/sub/.guild")"
