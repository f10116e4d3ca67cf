#!/bin/bash
# SPDX-License-Identifier: MIT
# What each tool shows when its flags are refused: exit status, message, and no run.
. "$(dirname "$0")/../lib/lib.sh"

shell_project
start_mount
OP=$MNT/models/m/operations/quick
F=$OP/flags
cd "$T" || exit 1
echo 'epocs: 3' >line.yml
printf 'epocs: 3' >bare.yml
echo 'epochs: 3' >good.yml

# says NAME STATUS MESSAGE COMMAND...
says() {
	local name=$1 wanted=$2 message=$3 out status before
	shift 3
	before=$(count_runs)
	out=$("$@" 2>&1)
	status=$?
	if [ $status != "$wanted" ]; then
		not_ok "$name" "exit status $status, wanted $wanted: $out"
	elif ! [[ $out =~ $message ]]; then
		not_ok "$name" "wanted /$message/, got '$out'"
	elif [ "$(count_runs)" != "$before" ]; then
		not_ok "$name" "made a run"
	elif ! grep -q "unknown flag 'epocs'" "$OP/error"; then
		not_ok "$name" "error says: $(cat "$OP/error")"
	else
		ok "$name"
	fi
	cp good.yml "$F" # so that the next one must say it anew
}

says "bash echo" 1 "echo: write error: Invalid argument" bash -c "echo 'epocs: 3' > '$F'"
says "bash printf" 1 "printf: write error: Invalid argument" bash -c "printf 'epocs: 3\n' > '$F'"
says "dash echo" 1 "I/O error" dash -c "echo 'epocs: 3' > '$F'"
says "/bin/echo" 1 "write error: Invalid argument" sh -c "/bin/echo 'epocs: 3' > '$F'"
says "/bin/echo -n, at close" 1 "write error: Invalid argument" sh -c "/bin/echo -n 'epocs: 3' > '$F'"
says "cat" 1 "write error: Invalid argument" sh -c "cat line.yml > '$F'"
says "cp, at the write" 1 "error writing .*Invalid argument" cp line.yml "$F"
says "cp, at close" 1 "failed to close .*Invalid argument" cp bare.yml "$F"
says "cp -p" 1 "Invalid argument" cp -p line.yml "$F"
says "mv from elsewhere" 1 "Invalid argument" sh -c "cp line.yml moved.yml; mv moved.yml '$F'"
says "install" 1 "Invalid argument" install line.yml "$F"
says "tee" 1 "Invalid argument" sh -c "tee '$F' < line.yml"
says "dd" 1 "Invalid argument" dd if=line.yml of="$F"
says "python with" 1 "OSError.*Invalid argument" python3 -c "
with open('$F', 'w') as f: f.write('epocs: 3\n')"
says "perl" 22 "Invalid argument" perl -e "open(F, '>', '$F'); print F 'epocs: 3'; close(F) or die \"\$!\n\""
says "sed -i" 4 "cannot rename" sed -i 's/epochs/epocs/' "$F"
says "mv of a scratch file" 1 "cannot move" sh -c "cp line.yml '$OP/scratch'; mv '$OP/scratch' '$F'"
says "a dropped file" 1 "Invalid argument" cp line.yml "$OP/dropped.yml"
says "rsync --inplace" 11 "Invalid argument" rsync --inplace line.yml "$F"
if command -v vim >/dev/null; then
	says "vim" 1 "" vim -es -u NONE -c '%s/epochs/epocs/' -c wq "$F"
else
	skip "vim" "not installed"
fi
says "append" 1 "write error" bash -c "echo 'epocs: 3' >> '$F'"
says "into stage" 1 "write error" bash -c "echo 'epocs: 3' > '$OP/stage'"
