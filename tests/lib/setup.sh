#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing on a Debian 12 machine: setup.sh [build] [check] [fuzz]. Quiet, and instant,
# when everything is there.
set -eu

build="gcc make pkg-config libc6-dev libfuse3-dev fuse3 libyaml-dev libssl-dev libxxhash-dev libpcre2-dev libcurl4-openssl-dev libarchive-dev libxml2-dev libsqlite3-dev libncurses-dev libmicrohttpd-dev python3"
check="slurm-wlm munge sshfs openssh-sftp-server libcmocka-dev clang xfsprogs git vim rsync strace dash procps groff-base python3-venv util-linux tmux rclone curl chromium"

fuzz="clang libclang-rt-14-dev"

wanted=
for part; do
	case $part in
	build) wanted="$wanted $build" ;;
	check) wanted="$wanted $check" ;;
	fuzz) wanted="$wanted $fuzz" ;;
	*) echo "setup.sh: unknown part '$part'; the parts are: build, check, fuzz" >&2; exit 2 ;;
	esac
done

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query >/dev/null; then
	echo "setup.sh: this is not a Debian machine. Install by hand what these packages hold:" >&2
	echo "  $wanted" >&2
	exit 1
fi
missing=
for package in $wanted; do
	is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "setup.sh: packages are missing, and neither root nor sudo is here to install them:" >&2
		echo "  apt-get install$missing" >&2
		exit 1
	fi
	sudo=sudo
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # lists of words
if ! { $sudo apt-get -qq update && $sudo apt-get -qq -y --no-install-recommends install $missing; } \
	>/tmp/guildfs-setup.$$ 2>&1; then
	cat /tmp/guildfs-setup.$$ >&2
	rm -f /tmp/guildfs-setup.$$
	echo "setup.sh: apt-get could not install:$missing" >&2
	exit 1
fi
rm -f /tmp/guildfs-setup.$$
