#!/bin/bash
# SPDX-License-Identifier: MIT
# Wheels that are not what they say: nothing of them is installed, and why is told.
. "$(dirname "$0")/../lib/lib.sh"

if ! python3 -m venv "$T/venv" >"$T/log" 2>&1; then
	skip wheels "no venv: $(tail -1 "$T/log")"
	exit 0
fi
export VIRTUAL_ENV=$T/venv PATH=$T/venv/bin:$PATH PIP_NO_INDEX=1 PIP_DISABLE_PIP_VERSION_CHECK=1
export TMPDIR=$T/tmp
mkdir "$TMPDIR"
cd "$PROJECT" || exit 1
printf '%s\n' '- package: gpkg.good' "  data-files: ['*.txt']" '- model: m' >guild.yml
echo words >a.txt
touch 'b, "c".txt' ü.txt
wheel=$(guild package)
cat >"$T/change.py" <<'DATA'
# change.py WHEEL HOW: a wheel like that one, in which something is wrong.
import stat, sys, zipfile
path, how = sys.argv[1:]
old = zipfile.ZipFile(path)
new = zipfile.ZipFile(how + "/" + path.split("/")[-1], "w", zipfile.ZIP_DEFLATED)
for info in old.infolist():
    data = old.read(info)
    if info.filename == "gpkg/good/a.txt":
        if how == "digest":
            data = b"other"
        if how == "missing":
            continue
        if how == "link":
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            data = b"/etc/passwd"
        if how == "huge":
            data = b"\0" * (200 << 20)
    if info.filename.endswith("RECORD"):
        if how == "unrecorded":
            new.writestr("gpkg/good/more.py", "")
        if how == "outside":
            new.writestr("../../outside", "")
            data += b"../../outside,,\n"
        if how == "absolute":
            new.writestr("/tmp/outside", "")
        if how == "weak":
            data = data.replace(b"sha256=", b"md5=")
        if how == "bare":
            continue
    new.writestr(info, data)
new.close()
if how == "cut":
    with open(new.filename, "r+b") as f:
        f.truncate(700)
DATA
installed() { find "$T/venv" "$T/outside" /tmp/outside -name '*good*' -o -name '*outside*' 2>/dev/null; }
# refused HOW REGEX
refused() {
	local out
	mkdir "$1"
	python "$T/change.py" "$wheel" "$1"
	out=$(guild install "$1/"*.whl 2>&1) && not_ok "$1" "it was installed: $out"
	matches "$1" "$2" "$out"
	equal "$1: nothing is there" "" "$(installed)"
}
refused digest "member gpkg/good/a.txt is not what is recorded: its SHA-256 digest is another"
refused missing "member gpkg/good/a.txt is recorded, and not there"
refused link "a.txt"
refused huge "too large|larger|digest is another"
refused unrecorded "member gpkg/good/more.py is not recorded"
refused outside "outside"
refused absolute "outside"
refused weak "is recorded without a SHA-256 digest"
refused bare "has no NAME.dist-info/RECORD"
refused cut "cut/gpkg.good-0.0.0-py2.py3-none-any.whl"
echo text >text.whl
matches "no zip file" "text.whl" "$(guild install text.whl 2>&1)"
equal "nothing is left of looking" "" "$(ls "$TMPDIR")"

check "one that is good" guild install "$wheel"
equal "with any names" 'a.txt b, "c".txt ü.txt' \
	"$(cd "$T/venv/lib/python3"*/site-packages/gpkg/good && ls -N ./*.txt | sed 's/^..//' | LC_ALL=C sort | paste -sd' ')"
equal "is listed" "gpkg.good  0.0.0" "$(guild packages | sed 's/ *$//')"
# Failure leaves the old one.
sed -i '1a\  version: "2"' guild.yml
wheel=$(guild package)
rm -r digest
mkdir digest && python "$T/change.py" "$wheel" digest
guild install -U digest/*.whl >"$T/log" 2>&1 && not_ok upgrade "a wrong wheel was installed"
equal "an upgrade that is refused leaves the old one" "gpkg.good  0.0.0" \
	"$(guild packages | sed 's/ *$//')"
check "upgrade" guild install -U "$wheel"
equal "the new one" "gpkg.good  2" "$(guild packages | sed 's/ *$//')"
check "uninstall" guild uninstall -y gpkg.good
equal "all is gone" "" "$(installed)"

# The Python of a project is its .venv, whatever is on PATH: what is installed there is extended and
# run by it.
mv "$T/venv" "$PROJECT/.venv"
sed -i "s,$T/venv,$PROJECT/.venv," .venv/bin/pip*
export PATH=${PATH#"$T/venv/bin:"}
printf '%s\n' '- package: gpkg.good' "  data-files: ['*.py']" '- model: m' \
	'  operations: {where: "where"}' >guild.yml
echo 'import sys; print(sys.prefix)' >where.py
check "into .venv" guild install "$(guild package)"
equal "it is there" .venv "$(find . -path '*site-packages/gpkg/good/guild.yml' | cut -d/ -f2)"
equal "an operation of the package has that Python" "$PROJECT/.venv" "$(guild run gpkg.good/m:where -y)"
printf '%s\n' '- model: mine' '  extends: gpkg.good/m' '- include: good' >guild.yml
equal "a model of it is extended" "$PROJECT/.venv" "$(guild run mine:where -y)"
equal "and included" "m:where mine:where" "$(guild operations | awk '{print $1}' | sort | xargs)"
