#!/bin/bash
# SPDX-License-Identifier: MIT
# guild download: what it fetches is what an operation of that URL then finds.
. "$(dirname "$0")/../lib/lib.sh"

cd "$PROJECT" || exit 1
guild() { "$BUILD/guild" "$@"; }
echo data >"$T/data.txt"
url=file://$T/data.txt

cat >guild.yml <<END
use:
  exec: cat data.txt
  requires: {url: '$url'}
END
said=$(guild download "$url")
equal "its digest, and where it is" \
	"$(sha256sum <"$T/data.txt" | cut -d' ' -f1)  $HOME_DIR/cache/resources/$(printf 'file\n\n%s\n\n\n' "$T/data.txt" | sha224sum | cut -d' ' -f1)/data.txt" "$said"
check "which is the file" cmp "$T/data.txt" "${said#*  }"
echo changed >"$T/data.txt"
equal "it is not fetched twice" "$said" "$(guild download "$url")"
rm "$T/data.txt"
equal "an operation uses it" data "$(guild run use -y 2>/dev/null)"
rm "${said#*  }"
matches "without it, it is fetched again" "cannot download $url: No such file" "$(guild download "$url" 2>&1)"
refuse "which may fail" guild download "$url"
matches "other kinds of URL" "not supported; http, https, ftp and file are" "$(guild download sftp://host/file 2>&1)"
matches "a URL is needed" "missing argument for URL" "$(guild download 2>&1)"
matches "and one only" "unexpected argument 'b'" "$(guild download a b 2>&1)"
