#!/bin/bash
# shim-judge.sh CACHE JUDGES
#
# Builds what the tests ask about shim: the source package of Debian's shim, compiled by its own rules, its own OpenSSL included, and linked
# with tests/Consumers/Judges (JUDGES) into programs of this machine. Prints the folder that holds shim-x64 and shim-aa64; each is shim for
# machines of that kind. Once for each version of the package and of JUDGES: half a minute of one processor.
#
# Works as any user: apt runs on a private state below CACHE. Without a network what is there is taken.
set -euo pipefail
export LC_ALL=C

cache=$(realpath -m -- "$1") judges=$(realpath -- "$2")
script=$(realpath -- "$0")
state=$cache/apt-source
mkdir -p "$cache/judges" "$state"/lists/partial "$state"/cache/archives/partial "$state"/etc/empty.d

fail() { echo "KS6001: $1" >&2; exit 1; }

for tool in gcc make dpkg-source bzip2; do
    command -v $tool > /dev/null || fail "'$tool' is missing. 'apt-get install gcc make dpkg-dev bzip2' brings it."
done

: > "$state/status"
# The Debian archives that this machine uses already, asked for sources.
# shellcheck disable=SC2016
apt-get indextargets --format '$(SITE)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
    sort -u | while IFS='|' read -r site release component key; do
        [ -r "$key" ] || key=/usr/share/keyrings/debian-archive-keyring.gpg
        echo "deb-src [signed-by=$key] $site $release $component"
    done > "$state/etc/sources.list"
[ -s "$state/etc/sources.list" ] || fail "apt has no package lists from Debian. Run 'apt-get update' as root first."
cat > "$state/etc/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear Acquire::IndexTargets::deb::DEP-11;
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

# Two runs at a time build one.
exec 9> "$cache/judges/lock"
flock 9
apt-get -q -c "$state/etc/apt.conf" update >&2 || echo "apt could not refresh its lists; using what is cached" >&2
version=$(apt-cache -c "$state/etc/apt.conf" showsrc --only-source shim 2>/dev/null | sed -n 's/^Version: //p' | sort -V | tail -n 1)
[ -n "$version" ] || fail "Debian offers no source package 'shim'."
target=$cache/judges/shim_${version}_$(uname -m)_$(cat "$judges"/shim-* "$script" | sha256sum | cut -c1-12)
if [ ! -d "$target" ]; then
    work=$(mktemp -d "$cache/judges/.build.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    echo "building shim $version as a judge" >&2
    (cd "$work" && apt-get -q -c "$state/etc/apt.conf" source --download-only "shim=$version" >&2 && dpkg-source -x shim_*.dsc shim >&2)
    case $(uname -m) in
        x86_64) arch=x86_64 ;;
        aarch64) arch=aarch64 ;;
        *) fail "shim does not build on $(uname -m)." ;;
    esac
    cd "$work/shim"
    objects="pe.o verify.o sbat.o csv.o globals.o"
    libraries="lib/lib.a Cryptlib/libcryptlib.a Cryptlib/OpenSSL/libopenssl.a gnu-efi/$arch/lib/libefi.a"
    # shellcheck disable=SC2086
    make -s -j"$(nproc)" generated_sbat_var_defs.h $libraries $objects > "$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; fail "shim $version does not build."; }
    # The rules for one of its files, for ours.
    flags=$(make -n -B csv.o 2>/dev/null | tail -n 1 | sed 's/ -c -o csv\.o .*//')
    mkdir "$work/done"
    for kind in x64=0x8664 aa64=0xaa64; do
        eval "$flags -I\"$judges\" -DJUDGE_MACHINE=${kind#*=} -c -o side.o \"$judges/shim-side.c\""
        # Only our entry stays visible: shim has functions with the names of the C library's.
        # shellcheck disable=SC2086
        ld -r -o all.o side.o $objects --start-group $libraries --end-group
        objcopy --keep-global-symbol=shim_judge all.o
        gcc -O1 -I"$judges" -o "$work/done/shim-${kind%=*}" "$judges/shim-host.c" all.o
    done
    # Red Hat's grub of 2018 and 2019, which shim's own tests read.
    cp test-data/*.efi "$work/done"
    mv "$work/done" "$target"
fi
echo "$target"
