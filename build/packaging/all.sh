#!/bin/sh
# all.sh PROGRAM SPEAKER DEBIAN-ARCHITECTURE RPM-ARCHITECTURE OUT-FOLDER: the .deb, .rpm and .tar.gz of a program. SPEAKER is the same
# program for this machine; its version names the packages, and the time of the commit is the time of every file in them.
set -eu
program=$1 speaker=$2 debian=$3 rpm=$4 out=$5
here=$(cd -- "$(dirname -- "$0")" && pwd)
version=$("$speaker" --version | sed -nE '1s/^kexecsign ([^ +]+).*/\1/p')
[ -n "$version" ] || { echo "KS6020: $speaker does not say its version." >&2; exit 1; }
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
notices=$(dirname -- "$program")/notices
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
umask 022
sh "$here/stage.sh" "$program" "$speaker" "$notices" "$work/root"
sh "$here/deb.sh" "$work/root" "$version" "$debian" "$out/kexecsign_$(printf '%s' "$version" | sed 's/-/~/')_$debian.deb"
sh "$here/rpm.sh" "$work/root" "$version" "$rpm" "$out/kexecsign-$(printf '%s' "$version" | sed 's/-/~/')-1.$rpm.rpm"
sh "$here/archive.sh" "$work/root" "kexecsign-$version" "$out/kexecsign-$version-linux-$debian.tar.gz"
