#!/bin/sh
# rpm.sh ROOT VERSION ARCHITECTURE OUT.rpm: an RPM package of what stage.sh laid out. VERSION is SemVer, ARCHITECTURE rpm's name for it.
set -eu
root=$1 version=$2 arch=$3 package=$4
spec=$(cd -- "$(dirname -- "$0")" && pwd)/kexecsign.spec
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# As in Debian's: '~' sorts a pre-release before its release.
number=$(printf '%s' "${version%%+*}" | sed 's/-/~/')
set -- --define "_topdir $work" --define "kexecsign_root $(realpath -- "$root")" --define "kexecsign_version $number"
[ ! -d "$root/usr/libexec/kexecsign/compat" ] || set -- "$@" --define 'kexecsign_compat 1'
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0} LC_ALL=C rpmbuild -bb --quiet --noclean --nodebuginfo --target "$arch-linux" "$@" "$spec" > "$work/log" 2>&1 || {
    cat "$work/log" >&2
    exit 1
}
mv "$work"/RPMS/"$arch"/*.rpm "$package"
