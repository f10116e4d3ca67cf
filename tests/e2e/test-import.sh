#!/bin/bash
# SPDX-License-Identifier: MIT
# Flags that come from programs and configuration files: where they are looked for, and their types.
. "$(dirname "$0")/../lib/lib.sh"

mkdir -p "$PROJECT/inner" "$PROJECT/lib"
cat >"$PROJECT/top.py" <<'END'
alpha = 1
print("alpha is", alpha)
END
cp "$PROJECT/top.py" "$PROJECT/lib/low.py"
printf '[s]\nl = 1 1.5 blue yes\n' >"$PROJECT/inner/c.ini"
cat >"$PROJECT/inner/guild.yml" <<'END'
- model: net-big
  operations:
    root: {main: top, flags-import: all, sourcecode: {root: ..}}
    path: {main: low, flags-import: all, python-path: [../lib], env: {PYTHONPATH: ../../lib}}
    pass: {main: guild.pass}
    ini: {exec: cat c.ini, flags-import: all, flags-dest: 'config:c.ini', flags: {s.l: {arg-split: yes, type: auto}}}
    ini-text: {exec: cat c.ini, flags-import: all, flags-dest: 'config:c.ini', flags: {s.l: {arg-split: yes}}}
    odd: {exec: 'true', flags-dest: 'config:c.odd'}
- model: net-small
  operations:
    x: {exec: 'true'}
    has: {exec: 'sh -c ''shift; echo "$@"'' -- --x 1 ${flag_args}', flags: {x: 2, y: 3}}
END
cd "$PROJECT/inner" || exit 1

out=$(guild run net-big:root --test-flags 2>&1)
matches "a module below the root of the source code" "alpha:.    default: 1" "$(tr '\n' . <<<"$out")"
equal "is found without a warning" "" "$(grep import <<<"$(grep WARNING <<<"$out")")"
equal "and it runs" "alpha is 3" "$(guild run net-big:root alpha=3 -y 2>/dev/null)"
matches "a module on python-path" "alpha" "$(guild run net-big:path --test-flags 2>&1)"
equal "a module of ours takes no arguments" "" "$(guild run net-big:pass a=1 --force-flags -y 2>/dev/null)"
equal "type auto: parts have types of their own" "l = [1, 1.5, 'blue', True]" \
	"$(guild run net-big:ini -y 2>/dev/null | grep '^l')"
equal "else they are text, as in the file" "l = ['1', '1.5', 'blue', 'yes']" \
	"$(guild run net-big:ini-text -y 2>/dev/null | grep '^l')"
matches "an unknown type of configuration file" "WARNING: config type for c.odd not supported" \
	"$(guild ops 2>&1)"
matches "a flag that the command has already" \
	"WARNING: ignoring flag 'x=2' because it's shadowed in the operation cmd as --x" \
	"$(guild run net-small:has -y 2>&1)"
equal "is not passed on" "1 --y 3" "$(guild run net-small:has -y 2>/dev/null)"
equal "models that match" "guild: there are multiple models that match 'net'
Try specifying one of the following:
  net-big
  net-small" "$(guild run net:x -y 2>&1 | grep -v WARNING)"
