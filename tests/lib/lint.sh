#!/bin/bash
# SPDX-License-Identifier: MIT
# What the compiler and a few searches can say of the sources: warnings are errors with gcc and
# clang, scripts parse, every source names its licence, the top level is what it should be; the map
# of the mount's tests is true.
set -u
cd "$(dirname "$0")/../.." || exit 1

failed=0
fail() { echo "lint: $*"; failed=1; }

tmp=$(mktemp -d "${TMPDIR:-/tmp}/guildfs-lint.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
for cc in gcc clang; do
	if ! command -v $cc >/dev/null; then
		fail "$cc is not installed"
		continue
	fi
	make -s -j"$(nproc)" DEV=1 CC=$cc CFLAGS=-O1 BUILD="$tmp/$cc" all >"$tmp/log" 2>&1 ||
		fail "$cc: $(grep -E 'error|warning' "$tmp/log" | head -20)"
	rm -rf "${tmp:?}/$cc"
done

# A file list without git too, for a source tree that was unpacked.
files() { find core fs tools tests docs -type f -not -path '*/__pycache__/*' | sort; }

for f in $(files); do
	case $f in
	*.sh) bash -n "$f" || fail "$f does not parse" ;;
	*.py) python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' "$f" ||
		fail "$f does not parse" ;;
	esac
	case $f in
	*.c | *.h | *.S | *.sh | *.py | *.js | *.css | Makefile)
		head -2 "$f" | grep -q 'SPDX-License-Identifier: MIT' || fail "$f has no SPDX line"
		! grep -nE '[[:blank:]]+$' "$f" || fail "$f has trailing white space"
		;;
	esac
	case $f in
	*.c | *.h | *.js | *.css)
		long=$(expand "$f" | LC_ALL=C.UTF-8 awk 'length > 100 {printf "%d ", NR}')
		[ -z "$long" ] || fail "$f: longer than 100 columns: $long"
		;;
	esac
done

# Floors: nothing below fs/ knows FUSE, and fs/ and tools/ do not know each other.
! grep -rnE '#include [<"]fuse' core tools || fail "FUSE is known outside fs/"
! grep -rnE '#include "(\.\./)*tools/' fs core || fail "tools/ is known below"
! grep -rnE '#include "(\.\./)*fs/' tools core || fail "fs/ is known outside"
! grep -rn '#include "\(run\|metrics\|catalog\|project\)/' core/base core/yaml core/fetch || fail "core floors"
! grep -rn '#include "\(run\|metrics\|catalog\)/' core/project || fail "core floors"
! grep -rn '#include "\(metrics\|catalog\)/' core/run || fail "core floors"
! grep -rn '#include "\(catalog\|page\)/' core/metrics || fail "core floors"
! grep -rn '#include "page/' core/catalog core/run core/project || fail "core floors"
! grep -rn '#include "\(runs\|models\|publish\|web\|start\|process\|api\|setup\)/' tools/guild/term || fail "guild floors"
! grep -rn '#include "\(runs\|models\|publish\|web\|start\|process\|api\)/' tools/guild/setup || fail "guild floors"
! grep -rn '#include "\(models\|publish\|web\|start\|process\|api\)/' tools/guild/runs || fail "guild floors"
! grep -rn '#include "\(start\|process\|api\)/' tools/guild/{models,publish,web} || fail "guild floors"
! grep -rn '#include "\(process\|api\)/' tools/guild/start || fail "guild floors"

# The map of the mount's tests names all of them, and no others.
map=tests/mount/README.md
for script in tests/mount/test-*.sh; do
	grep -qw "$(basename "$script")" $map || fail "$map does not name $script"
done
for script in $(grep -o '[a-z0-9/]*test-[a-z-]*\.sh' $map | sort -u); do
	[ -e "$script" ] || [ -e "tests/mount/$script" ] || fail "$map: there is no $script"
done

allowed="LICENSE Makefile README.md core docs fs tests tools"
for entry in *; do
	case " $allowed $(basename "${BUILD:-build}") " in
	*" $entry "*) ;;
	*) case $entry in build*) ;; *) fail "$entry does not belong at the top level" ;; esac ;;
	esac
done
exit $failed
