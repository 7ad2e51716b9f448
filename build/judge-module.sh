#!/bin/bash
# judge-module.sh CACHE LAB [ARCHITECTURE NAME=FOLDER...]
#
# Builds the modules of tests/Boot/judge, for the lab's kernel of Linux 7 in LAB (which lab-kernel.sh left), or for Debian's cloud kernel of an
# ARCHITECTURE (arm64, amd64), whose packages follow as debian-kernels.sh prints them: cloud-headers-7.3, common-headers-7.3, kbuild-7.3, and
# libc6/trixie, libelf1t64/trixie, zlib1g/trixie and libzstd1/trixie, with which kbuild's programs run here. Once for each version of kernel,
# compiler and modules, in ten seconds; prints the folder, which holds
#   kexec_judge_v6.ko, kexec_judge_v7.ko
set -euo pipefail
export LC_ALL=C

here=$(cd -- "$(dirname -- "$0")" && pwd)
cache=$1 lab=$2 arch=${3:-}
shift 2
[ $# -eq 0 ] || shift
sources=$here/../tests/Boot/judge

fail() { echo "KS6001: $1" >&2; exit 1; }

# The folder of a package: "NAME=FOLDER" is among what follows.
folder() {
    local wanted=$1 pair
    shift
    for pair in "$@"; do
        [[ $pair != "$wanted"=* ]] || { echo "${pair#*=}"; return; }
    done
    fail "judge-module.sh was given no $wanted."
}

# Debian's packages lie apart, each with the folders that it has on a machine; kbuild's programs want the next release's libraries.
assemble() {
    local headers common kbuild libraries= loader program name
    headers=$(folder cloud-headers-7.3 "$@") common=$(folder common-headers-7.3 "$@") kbuild=$(folder kbuild-7.3 "$@")
    for name in libc6 libelf1t64 zlib1g libzstd1; do
        libraries=$libraries:$(folder "$name/trixie" "$@")/usr/lib/$(uname -m)-linux-gnu
    done
    loader=$(echo "$(folder libc6/trixie "$@")"/usr/lib/*-linux-gnu/ld-linux-*.so.*)
    cp -r "$headers/usr" "$common/usr" "$kbuild/usr" "$work"
    find "$work"/usr/lib/linux-kbuild-* -type f -perm -100 | while read -r program; do
        [ "$(head -c 4 "$program" | tail -c 3)" != ELF ] || patchelf --set-interpreter "$loader" --set-rpath "${libraries#:}" "$program"
    done
    tree=$(echo "$work"/usr/src/linux-headers-*-cloud-"$arch")
    main=$(echo "$work"/usr/src/linux-headers-*-common)
    [ "$(basename "$tree")" = "$(basename "${main%-common}")-cloud-$arch" ] || fail "$(basename "$tree") and $(basename "$main") are of different versions."
    # For the compiler that built that kernel, which is newer than this machine's.
    options=(CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT= "CONFIG_PAHOLE_VERSION=$(pahole --numeric_version)")
}

if [ -n "$arch" ]; then
    kernel=$(basename "$(folder cloud-headers-7.3 "$@")")
else
    kernel=$(basename "$lab")
fi
case ${arch:-arm64} in
    arm64) make_arch=arm64 cross=aarch64-linux-gnu- ;;
    amd64) make_arch=x86_64 cross=x86_64-linux-gnu- ;;
    *) fail "there is no judge for '$arch'." ;;
esac
recipe=$({ "${cross}gcc" -dumpfullversion; pahole --version; cat "$0" "$sources"/*; } | sha256sum | cut -c 1-12)
target=$cache/judge/${kernel}_$recipe
if [ ! -d "$target" ]; then
    mkdir -p "$cache/judge"
    work=$(mktemp -d "$cache/judge/.build.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    options=()
    if [ -n "$arch" ]; then
        assemble "$@"
    else
        tree=$lab/headers main=$lab/headers
    fi
    mkdir "$work/modules" "$work/done"
    cp "$sources"/* "$work/modules"
    if ! make -s -C "$main" O="$tree" M="$work/modules" ARCH=$make_arch CROSS_COMPILE=$cross CC="${cross}gcc" KEXECSIGN_LINUX_LIB="$lab/lib" "${options[@]}" modules \
        > "$cache/judge/build.log" 2>&1; then
        tail -n 20 "$cache/judge/build.log" >&2
        fail "the judge could not be built for $kernel; $cache/judge/build.log says why."
    fi
    mv "$work"/modules/*.ko "$work/done"
    mv -T "$work/done" "$target" 2>/dev/null || [ -d "$target" ]
    rm -rf "$work"
    trap - EXIT
fi
echo "$target"
