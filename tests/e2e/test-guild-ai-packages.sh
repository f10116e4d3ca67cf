#!/bin/bash
# SPDX-License-Identifier: MIT
# Packages: wheels that ours builds, when pip and the real Guild AI 0.9 take them, and theirs when
# ours does; what both say of what is installed, and both run it and each other's runs of it.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/guild-ai.sh"

install_guild_ai
"$T/venv/bin/pip" -q install --no-compile wheel >"$T/log" 2>&1 || {
	skip packages "pip cannot install wheel: $(tail -1 "$T/log")"
	exit 0
}
mkdir -p "$PROJECT/sub/deep" "$PROJECT/data/more" "$PROJECT/not-a-package" "$T/elsewhere"
cd "$PROJECT" || exit 1
cat >guild.yml <<'DATA'
- package: gpkg.test-pkg
  version: 0.3.0.dev4
  description: |
    A package to test
    It has more lines, with *markup* in them.
  url: https://example.com/
  author: Somebody
  author-email: somebody@example.com
  license: MIT
  tags: [one, two]
  python-requires: '>=3'
  data-files: ['*.txt', data]
  requires: [PyYAML, 'psutil>=1']
- model: m
  description: A model
  references: [https://example.com/paper]
  operations:
    say: {description: Says something, main: say, flags-import: all}
    named: {main: gpkg.test_pkg.say, flags-import: no, flags: {msg: hello}, flags-dest: globals}
    file: {main: sub.file, requires: words}
    again: {main: sub.file, requires: {operation: 'm:file', select: out.txt, rename: out words}}
    _hidden: say
  resources: {words: {sources: [file: words.txt]}}
- model: other
  extends: base
- config: base
  operations: {say: {main: say}}
DATA
echo 'msg = "hello"
print("It says %s" % msg)' >say.py
echo 'text = open("words.txt").read()
print(text.strip())
open("out.txt", "w").write(text + "again")' >sub/file.py
touch setup.py sub/__init__.py sub/deep/__init__.py sub/deep/x.py data/more/d data/.hidden README.md \
	LICENSE not-a-package/y.py unknown.dat
echo words >words.txt

# --- building ---------------------------------------------------------------------------------
wheel=gpkg.test_pkg-0.3.0.dev4-py2.py3-none-any.whl
ours package
equal "package: what it prints" "dist/$wheel" "$(cat "$T/log")"
mv dist "$T/ours"
equal "package: nothing else is left" "" "$(ls -d build ./*.egg-info 2>/dev/null)"
theirs package
mv "dist/$wheel" "$T/theirs.whl" 2>/dev/null || not_ok "their package" "$(tail -3 "$T/log")"
rm -rf dist build ./*.egg-info

# What is in a wheel: members, then the files that say what it is. Descriptions are worded by
# whoever builds it, and a namespace by its tool.
what_is_in() {
	"$T/venv/bin/python" - "$1" <<'DATA'
import sys, zipfile, base64, hashlib, csv, io
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
info = "gpkg.test_pkg-0.3.0.dev4.dist-info/"
record = {r[0]: r[1:] for r in csv.reader(io.StringIO(z.read(info + "RECORD").decode()))}
for name in sorted(z.namelist()):
    data = z.read(name)
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    if not name.endswith("RECORD") and record.pop(name) != ["sha256=" + digest, str(len(data))]:
        print("wrong record of", name)
    print("nspkg.pth" if name.endswith("nspkg.pth") else name)
print("left", sorted(record))
import yaml
print(yaml.safe_load(z.read(info + "PACKAGE")))
for name in ["entry_points.txt", "namespace_packages.txt", "top_level.txt"]:
    print(z.read(info + name).decode().strip())
print(z.read(info + "WHEEL").decode().replace("\n\n", "\n").split("\n", 2)[2])
from email.parser import Parser
for name, value in sorted(Parser().parsestr(z.read(info + "METADATA").decode()).items()):
    if name not in ("Metadata-Version", "Dynamic", "License-File"):
        print(name, value.replace(" ", ""))
DATA
}
# Newer tools that theirs uses put the license beside what they say of it, too.
equal "a wheel has what theirs has" "$(what_is_in "$T/theirs.whl" | grep -v '^gpkg.*dist-info/.*LICENSE')" \
	"$(what_is_in "$T/ours/$wheel")"
touch ./*
(umask 077 && TZ=Asia/Tokyo ours package -d "$T/second")
check "the same files, the same bytes" cmp "$T/ours/$wheel" "$T/second/$wheel"

# package_of TEXT...: what is said of a Guild file.
package_of() {
	printf '%s\n' "$@" >"$T/elsewhere/guild.yml"
	ours -C "$T/elsewhere" package
	cat "$T/log"
}
matches "no such data file" "no file matches data file pattern 'nope'" \
	"$(package_of '- package: foo' '  data-files: [nope]')"
matches "a data file outside" "'../project/say.py' of the package is not" \
	"$(package_of '- package: foo' '  data-files: [../project/say.py]')"
matches "a version" "'1.0-beta' cannot be the version" \
	"$(package_of '- package: foo' '  version: 1.0-beta')"
matches "a name" "'a b' cannot be the name" "$(package_of '- package: a b')"
# 0.9.0 leaves the index in the name, which no pip can install.
package_of '- package: idx' '  requires: [pypi.six, tensorflow-any]' >/dev/null
equal "requirements" "Requires-Dist: six" \
	"$(cd "$T/elsewhere" && python3 -m zipfile -e dist/idx-0.0.0-*.whl x && cat x/*info/METADATA | grep Requires-Dist)"
rm "$T/elsewhere/dist"/*
printf '%s\n' '# none' 'six>=1  # why' '-r other.txt' >"$T/elsewhere/requirements.txt"
matches "requirements.txt" "requirements.txt:3: '-r other.txt' is an option of pip" \
	"$(package_of '- package: idx')"
equal "requirements.txt" "Requires-Dist: six>=1" \
	"$(cd "$T/elsewhere" && python3 -m zipfile -e dist/idx-0.0.0-*.whl x && cat x/*info/METADATA | grep Requires-Dist)"
rm -r "$T/elsewhere/dist"
matches "uploading" "twine upload" "$(ours package --upload; cat "$T/log")"
mkdir "$T/elsewhere/foo" && touch "$T/elsewhere/foo/__init__.py"
matches "a name that is a module's" "'foo' in guild.yml conflicts with Python package 'foo'" \
	"$(package_of '- package: foo')"
equal "nothing was made" "" "$(ls "$T/elsewhere/dist" 2>/dev/null)"
matches "the default model's name" test-0.0.0-py2.py3 "$(package_of '- model: test')"
matches "no name" 'gpkg.anonymous_[0-9a-f]{8}-0.0.0-py2' "$(package_of '- config: c')"
matches "no Guild file" "does not contain a guild.yml" "$(ours -C "$T" package; cat "$T/log")"

# --- installing ----------------------------------------------------------------------------------
cd "$T/elsewhere" && rm -rf ./*
ours install "$T/nope.whl"
matches "install: no such file" "not installed: pip of $T/venv/bin/python failed" "$(cat "$T/log")"
ours packages
equal "packages: none" "" "$(cat "$T/log")"

# both_say NAME COMMAND...: in the same words.
both_say() {
	local n=$1 said
	shift
	theirs "$@"
	said=$(grep -v '^Refreshing flags' "$T/log")
	ours "$@"
	equal "$n: both say the same" "$said" "$(cat "$T/log")"
}
# With what one of the two built and the other installed.
exchange() {
	both_say "$1: packages" packages
	matches "$1: packages" "gpkg.test-pkg +0.3.0.dev4 +A package to test" "$(cat "$T/log")"
	both_say "$1: packages" packages list -a yaml
	both_say "$1: models" models
	both_say "$1: operations" operations
	both_say "$1: operations" operations -a say
	theirs run gpkg.test-pkg/m:say msg=hi --run-id say-t -y
	equal "$1: theirs runs" "It says hi" "$(tail -1 "$T/log")"
	ours run gpkg.test-pkg/m:say msg=hi --run-id say-o -y
	equal "$1: ours runs" "It says hi" "$(tail -1 "$T/log")"
	equal "$1: oprefs" "$(cat "$RUNS/say-t/.guild/opref")" "$(cat "$RUNS/say-o/.guild/opref")"
	equal "$1: attributes" "" "$(differences attrs "$RUNS/say-t" "$RUNS/say-o")"
	equal "$1: files" "$(cd "$RUNS/say-t" && find . -name .guild -prune -o -type f -print | sort)" \
		"$(cd "$RUNS/say-o" && find . -name .guild -prune -o -type f -print | sort)"
	ours run --restart say-t msg=there -y
	equal "$1: theirs, restarted by ours" "It says there" "$(tail -1 "$T/log")"
	theirs run --restart say-o msg=there -y
	equal "$1: ours, restarted by theirs" "It says there" "$(tail -1 "$T/log")"
	ours run test-pkg/m:file --run-id file-o -y
	matches "$1: a file of the package" words "$(cat "$T/log")"
	ours run m:again --run-id again-o -y
	matches "$1: a run of the package" "again" "$(cat "$T/log")"
	theirs run m:again --run-id again-t -y
	equal "$1: the same run for theirs" "$(cat "$RUNS/again-o/.guild/attrs/flags")" \
		"$(cat "$RUNS/again-t/.guild/attrs/flags")"
	matches "$1: of several models" "multiple models that match" \
		"$(ours run gpkg.test-pkg/:say -y; cat "$T/log")"
	matches "$1: help" "the 'gpkg.test-pkg' package" "$(ours help GPKG.test_pkg; cat "$T/log")"
	matches "$1: info" "version: 0.3.0.dev4" \
		"$(ours packages info gpkg.test-pkg; cat "$T/log")"
	printf '%s\n' '- model: m2' '  extends: gpkg.test-pkg/m' >guild.yml
	both_say "$1: operations of a project" operations
	both_say "$1: operations of both" operations -i
	ours run m2:named msg=mine -y
	equal "$1: a model of the package, extended" "It says mine" "$(tail -1 "$T/log")"
	ours run other:say -y
	equal "$1: an operation of the package beside a project" "It says hello" \
		"$(tail -1 "$T/log")"
	ours run gpkg.none/say -y
	matches "$1: no such package" "cannot find operation gpkg.none/say" "$(cat "$T/log")"
	rm guild.yml
}
ours install --no-deps "$T/ours/$wheel"
exchange "built and installed by ours"
check "files are where pip removes them" ours uninstall -y gpkg.test-pkg
ours packages
equal "uninstalled" "" "$(cat "$T/log")"
equal "uninstalled: nothing is left" "" "$(find "$T/venv" -name '*test_pkg*')"
rm -rf "${RUNS:?}"/*

cp "$T/theirs.whl" "$T/$wheel"
ours install --no-deps "$T/$wheel"
exchange "built by theirs"
check "delete is uninstall" ours packages rm -y gpkg.test-pkg

# An installed package whose Guild file is broken is no obstacle for others.
ours install --no-deps "$T/ours/$wheel"
echo '- model: [' >"$("$T/venv/bin/python" -c 'import gpkg; print(list(gpkg.__path__)[0])')/test_pkg/guild.yml"
ours models
matches "a broken Guild file" "WARNING: unable to load models of package gpkg.test-pkg: .*guild.yml" \
	"$(cat "$T/log")"
