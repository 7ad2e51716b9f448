#!/bin/bash
# module-tree.sh CACHE KEXECSIGN LINUX_SOURCE_FOLDER
#
# Unpacks the modules of the newest linux-image-6.12*-amd64 that apt offers, without compression and without Debian's signatures, and
# compiles that kernel's sign-file so that it signs through OpenSSL's PKCS#11 engine: Debian 12 has no PKCS#11 provider, which
# sign-file wants with OpenSSL 3. Prints the folder, which holds modules/ and sign-file.
set -euo pipefail
export LC_ALL=C

cache=$1 kexecsign=$2 source=$3
name=$(apt-cache search --names-only '^linux-image-6\.12\.[0-9]+([+~][^-]*)?(-[0-9]+)?-amd64$' | cut -d' ' -f1 | sort -V | tail -n 1)
[ -n "$name" ] || { echo "KS6001: apt offers no linux-image-6.12*-amd64. Is the release's security archive in its sources?" >&2; exit 1; }
target=$cache/modules/$name
if [ ! -d "$target" ]; then
    mkdir -p "$cache/modules"
    work=$(mktemp -d "$cache/modules/.fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    (cd "$work" && apt-get -q download "$name" >&2)
    mkdir "$work/root" "$work/modules"
    dpkg-deb --fsys-tarfile "$work"/*.deb | tar x -C "$work/root" --no-same-owner --wildcards './lib/modules/*/kernel/*'
    mv "$work"/root/lib/modules/*/kernel/* "$work/modules"
    find "$work/modules" -name '*.ko.xz' -exec xz -d {} +
    "$kexecsign" module strip "$work/modules" --in-place -q
    xz -dc "$source"/usr/src/linux-source-*.tar.xz | tar x -C "$work" --wildcards --strip-components=2 'linux-source-*/scripts/sign-file.c' 'linux-source-*/scripts/ssl-common.h'
    sed -i 's/OPENSSL_VERSION_MAJOR >= 3/OPENSSL_VERSION_MAJOR >= 9/' "$work/sign-file.c"
    gcc -O2 -w -o "$work/sign-file" "$work/sign-file.c" -lcrypto
    rm -rf "$work/root" "$work"/*.deb
    chmod 755 "$work"
    mv "$work" "$target"
    trap - EXIT
fi
echo "$target"
