#!/bin/sh
# deb.sh ROOT VERSION ARCHITECTURE OUT.deb: a Debian package of what stage.sh laid out. VERSION is SemVer, as the program says it.
set -eu
root=$1 version=$2 arch=$3 package=$4
sources=$(cd -- "$(dirname -- "$0")/../.." && pwd)
when=${SOURCE_DATE_EPOCH:-0}
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cp -a "$root" "$work/root"
doc=$work/root/usr/share/doc/kexecsign

# A pre-release is older than its release: '~' sorts so, '-' would not. What stands behind '+' names a commit and is no version.
debian=$(printf '%s' "${version%%+*}" | sed 's/-/~/')
rm "$doc/LICENSE"
cp "$sources/build/packaging/copyright" "$doc/copyright"
{
    printf 'kexecsign (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md of the sources.\n\n' "$debian"
    printf ' -- KexecSign contributors <contributors@kexecsign.invalid>  %s\n' "$(LC_ALL=C date -u -R -d "@$when")"
} | gzip -n -9 > "$doc/changelog.gz"
install -D -m 644 "$sources/build/packaging/lintian-overrides" "$work/root/usr/share/lintian/overrides/kexecsign"

mkdir "$work/root/DEBIAN"
size=$(du -k --apparent-size -s "$work/root/usr" | cut -f1)
cat > "$work/root/DEBIAN/control" <<CONTROL
Package: kexecsign
Version: $debian
Architecture: $arch
Maintainer: KexecSign contributors <contributors@kexecsign.invalid>
Installed-Size: $size
Depends: libc6 (>= 2.34), libssl3 | libssl3t64
Recommends: p11-kit, binutils, softhsm2
Suggests: clang, bpftool
Section: admin
Priority: optional
Description: signs, assembles and verifies Linux kernel images
 KexecSign makes kernel images that verify at every hop: it signs a finished
 kernel with keys in a PKCS#11 token, so that firmware takes the outer image,
 kexec_file_load takes the kernel inside, and IMA takes the file. It links EFI
 zboot images without a kernel tree, embeds kexec BPF parsers, builds unified
 kernel images, and judges the result as each of its consumers would.
CONTROL
(cd "$work/root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum > DEBIAN/md5sums)
chmod 644 "$work"/root/DEBIAN/*
chmod 755 "$work/root" "$work/root/DEBIAN"
find "$work/root" -exec touch -h -d "@$when" {} +
SOURCE_DATE_EPOCH=$when dpkg-deb --root-owner-group -Zxz -b "$work/root" "$package" > /dev/null
