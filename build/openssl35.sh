#!/bin/bash
# openssl35.sh CACHE
#
# Fetches OpenSSL 3.5 with the C library it needs from Debian 13 and unpacks both below CACHE; prints the folder. Programs are
# run with it through its own loader (usr/lib/MACHINE/ld-linux-*.so.*), as any user and beside what is installed; nothing of the
# machine is changed. Kept until a newer OpenSSL is offered; without a network what is there is taken.
set -euo pipefail
export LC_ALL=C

cache=$1
suite=trixie
packages="openssl libssl3t64 libc6 libstdc++6 libgcc-s1 zlib1g libzstd1"
arch=$(dpkg --print-architecture)
state=$cache/apt-$suite
mkdir -p "$cache/debian" "$state"/lists/partial "$state"/cache/archives/partial "$state"/etc/empty.d

fail() { echo "KS6001: $1" >&2; exit 1; }

# The archive that this machine uses already, with the suite in the place of its own.
IFS='|' read -r site key < <(apt-get indextargets --format '$(SITE)|$(SIGNED_BY)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null | grep -v security | sort -u) ||
    fail "apt has no package lists from Debian. Run 'apt-get update' as root first."
[ -r "$key" ] || key=/usr/share/keyrings/debian-archive-keyring.gpg
: > "$state/status"
echo "deb [arch=$arch signed-by=$key] $site $suite main" > "$state/etc/sources.list"
cat > "$state/etc/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::DEP-11-icons-small;
#clear Acquire::IndexTargets::deb::DEP-11-icons-large;
#clear APT::Architectures;
APT::Architectures { "$arch"; };
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "$state";
Dir::State::lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::sourcelist "$state/etc/sources.list";
Dir::Etc::sourceparts "$state/etc/empty.d";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$state/etc/empty.d";
CONF
apt-get -q -c "$state/etc/apt.conf" update >&2 || echo "apt could not refresh its lists; using what is cached" >&2
version=$(apt-cache -c "$state/etc/apt.conf" madison libssl3t64 | cut -d'|' -f2 | tr -d ' ' | head -n 1)
[ -n "$version" ] || fail "Debian's $suite offers no libssl3t64."
target=$cache/debian/openssl35_${version}_$arch
if [ ! -d "$target" ]; then
    work=$(mktemp -d "$cache/debian/.fetch.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    echo "fetching OpenSSL $version" >&2
    (cd "$work" && apt-get -q -c "$state/etc/apt.conf" download $packages >&2)
    mkdir "$work/root"
    for package in "$work"/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar x -C "$work/root" --no-same-owner --exclude './usr/share'
    done
    mv "$work/root" "$target"
fi
echo "$target"
