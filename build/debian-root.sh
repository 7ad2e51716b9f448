#!/bin/bash
# debian-root.sh CACHE SUITE PACKAGE...
#
# Makes a minimal Debian system (debootstrap minbase) with some packages once, as an archive below CACHE; prints its path. For root only.
# The archive has the packages' files in /var/cache/apt/archives, so that what is purged can be installed again without a network.
set -euo pipefail
export LC_ALL=C

cache=$1 suite=$2
shift 2
packages=$(IFS=,; echo "$*")
archive=$cache/roots/$suite-$(printf '%s' "$packages" | sha256sum | cut -c1-12).tar
[ ! -f "$archive" ] || { echo "$archive"; exit 0; }

fail() { echo "KS6021: $1" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "only root can make a Debian root; run this as root, or leave these tests out."
# The archive that this machine uses already.
IFS='|' read -r site key < <(apt-get indextargets --format '$(SITE)|$(SIGNED_BY)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null | grep -v security | sort -u) ||
    fail "apt has no package lists from Debian. Run 'apt-get update' as root first."
[ -r "$key" ] || key=/usr/share/keyrings/debian-archive-keyring.gpg
mkdir -p "$cache/roots"
work=$(mktemp -d "$cache/roots/.make.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
debootstrap --variant=minbase --keyring="$key" ${packages:+--include="$packages"} "$suite" "$work/root" "$site" >&2
# What debootstrap fetched stays; its lists do not.
rm -rf "$work"/root/var/lib/apt/lists/* "$work"/root/usr/share/{doc,locale,man}/*
tar -C "$work/root" --one-file-system -cf "$work/root.tar" .
mv "$work/root.tar" "$archive"
echo "$archive"
