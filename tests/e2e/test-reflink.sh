#!/bin/bash
# SPDX-License-Identifier: MIT
# Where the file system can share blocks, the source code of many runs takes the room of one.
. "$(dirname "$0")/../lib/lib.sh"

truncate -s 400M "$T/image"
mkdir "$T/xfs"
if ! mkfs.xfs -q -m reflink=1 "$T/image" 2>"$T/log" || ! mount -o loop "$T/image" "$T/xfs" 2>>"$T/log"; then
	skip_optional "reflink" "no XFS can be mounted here: $(tail -1 "$T/log")"
	exit 0
fi
mkdir -p "$T/xfs/project/src" "$T/xfs/home"
export GUILD_HOME=$T/xfs/home
cd "$T/xfs/project" || exit 1
echo "op: {exec: 'true'}" >guild.yml
for i in $(seq 90); do head -c 30000 /dev/urandom | base64 >"src/f$i.py"; done
sync
used() { df --output=used -k "$T/xfs" | tail -1; }
size=$(du -sk src | cut -f1)
before=$(used)
for i in 1 2 3 4 5 6 7 8; do guild run op -y; done
sync
grown=$(($(used) - before))
equal "each of 8 runs has the files" 720 "$(find "$GUILD_HOME/runs" -name 'f*.py' | wc -l)"
check "8 copies of $size KiB take less room than one ($grown KiB)" [ "$grown" -lt "$size" ]
echo changed >>src/f1.py
check "a change of the project is not one of a run" \
	sh -c "! grep -l changed '$GUILD_HOME'/runs/*/src/f1.py"
