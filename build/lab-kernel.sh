#!/bin/bash
# lab-kernel.sh CACHE LINUX_SOURCE_FOLDER [arm64|riscv64]
#
# Builds the boot lab's tiny kernel from a linux-source-* package that debian-kernels.sh unpacked, once for each version of the package and
# of build/lab/ARCHITECTURE.config (with what ARCHITECTURE-7.config says instead for Linux 7): about four minutes on two cores for arm64,
# eight for Linux 7, which has debug information to be read for BTF, and two for riscv64. Prints the folder, which holds
#   Image, config, and for arm64 a module: crc7.ko, or test_module.ko of Linux 7
#   vmlinuz-gzip.efi and so on   what the kernel's own build makes; of 6.1, whose stubs know more compressions than KexecSign writes and
#                                want it, with the Image inside signed by the authority
#   tree-gzip, tree-zstd         the little of the build folder that 'zboot kit --build-dir' reads, with the Image and the payload that
#                                went into the vmlinuz.efi
#   headers                      of Linux 7: what modules are built with
#   lib                          of Linux 7: the sources of its decompressors
#
# The arm64 kernel trusts one certificate authority of this cache, lab/authority.pem, made with the first kernel. Its key stays beside it and
# signs the throw-away keys of each test run; nothing else trusts it.
set -euo pipefail
export LC_ALL=C
umask 022

here=$(cd -- "$(dirname -- "$0")" && pwd)
cache=$1 source=$2 arch=${3:-arm64}
lab=$cache/lab
mkdir -p "$lab"

fail() { echo "KS6001: $1" >&2; exit 1; }

case $arch in
    arm64) export ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- ;;
    riscv64) export ARCH=riscv CROSS_COMPILE=riscv64-linux-gnu- ;;
    *) fail "the boot lab has no kernel for '$arch'." ;;
esac
# The same kernel wherever and whenever it is built.
export KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00 UTC' KBUILD_BUILD_USER=kexecsign KBUILD_BUILD_HOST=lab KBUILD_BUILD_VERSION=1

# Two runs at a time build one kernel.
exec 9> "$lab/lock"
flock 9
if [ ! -f "$lab/authority.pem" ] || [ ! -f "$lab/authority.key" ]; then
    (umask 077 && openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 7300 -subj '/CN=KexecSign boot lab: throw-away authority' \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
        -keyout "$lab/authority.key" -out "$lab/authority.new" 2>/dev/null)
    chmod 644 "$lab/authority.new"
    mv "$lab/authority.new" "$lab/authority.pem"
fi

# What reads a kernel's build folder finds of this one, besides what went into the image.
keep_tree() {
    local tree=$work/done/tree-$1 stub=drivers/firmware/efi/libstub boot=arch/$ARCH/boot
    mkdir -p "$tree/$boot" "$tree/$stub" "$tree/include/config" &&
        cp "$work/.config" "$tree" && cp "$work/include/config/kernel.release" "$tree/include/config" &&
        (cd "$work/$stub" && cp --parents lib.a zboot.lds Makefile.zboot $("${CROSS_COMPILE}ar" t lib.a | sed "s|.*$stub/||") "$tree/$stub") &&
        cp "$work/$boot/Image" "$work/$boot/vmlinuz" "$work/$boot/zboot-header.o" "$tree/$boot"
}

# What another module is built with: headers, the build's programs and Makefiles, and the type information that its own refers to.
keep_headers() {
    local headers=$work/done/headers
    (cd "$work" && srctree=. SRCARCH=$ARCH CC=cc HOSTCC=cc MAKE=make scripts/package/install-extmod-build "$headers") &&
        "${CROSS_COMPILE}objcopy" --only-section=.BTF --only-section=.BTF_ids "$work/vmlinux" "$headers/vmlinux" &&
        cp "$work/.config" "$headers" &&
        (cd "$work" && cp --parents lib/decompress_*.c lib/zlib_inflate/*.h "$work/done")
}

# The kernel's own build compresses whatever lies where it left the Image, when that is newer than vmlinux.
zboots() {
    local compression image=$work/arch/$ARCH/boot/Image
    for compression in "$@"; do
        (cd "$work" && scripts/config -d KERNEL_GZIP -d KERNEL_LZ4 -d KERNEL_LZMA -d KERNEL_LZO -d KERNEL_XZ -d KERNEL_ZSTD -e "KERNEL_${compression^^}") &&
            make -s -C "$work" olddefconfig && make -s -C "$work" -j"$(nproc)" Image || return 1
        if [[ $name == linux-source-6.1_* ]]; then
            sbsign --key "$lab/authority.key" --cert "$lab/authority.pem" --output "$image.signed" "$image" && mv "$image.signed" "$image" || return 1
        fi
        make -s -C "$work" vmlinuz.efi && cp "$work/arch/$ARCH/boot/vmlinuz.efi" "$work/done/vmlinuz-$compression.efi" || return 1
        case $compression in gzip | zstd) keep_tree "$compression" || return 1 ;; esac
    done
}

name=$(basename "$source")
config=$here/lab/$arch.config
# What stands in the second file takes the place of what the first says of the same option. The number goes up when this script leaves
# other files.
if [[ $name == linux-source-7.* ]]; then
    number=3
    wanted() { grep -vwFf <(grep -o 'CONFIG_[A-Z0-9_]*' "${config%.config}-7.config") "$config"; cat "${config%.config}-7.config"; }
else
    number=2
    wanted() { cat "$config"; }
fi
recipe=$({ echo "$number"; wanted; [ "$arch" != arm64 ] || cat "$lab/authority.pem"; } | sha256sum | cut -c 1-12)
target=$lab/${name}_${arch}_$recipe
if [ ! -d "$target" ]; then
    work=$(mktemp -d "$lab/.build.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    echo "building the lab's $arch kernel from $name; the log is $lab/build.log" >&2
    xz -T0 -dc "$source"/usr/src/linux-source-*.tar.xz | tar x -C "$work" --strip-components=1
    wanted > "$work/lab.config"
    modules=
    if [ "$arch" = arm64 ]; then
        echo "CONFIG_SYSTEM_TRUSTED_KEYS=\"$lab/authority.pem\"" >> "$work/lab.config"
        modules=modules
    fi
    compressions='gzip zstd'
    [[ $name != linux-source-6.1_* ]] || compressions='gzip lz4 lzma lzo xz zstd'
    mkdir "$work/done"
    if ! {
        KCONFIG_ALLCONFIG=$work/lab.config make -s -C "$work" allnoconfig &&
            make -s -C "$work" -j"$(nproc)" Image $modules &&
            cp "$work/.config" "$work/done/config" &&
            cp "$work/arch/$ARCH/boot/Image" ${modules:+"$work"/lib/*.ko} "$work/done" &&
            { [[ $name != linux-source-7.* ]] || keep_headers; } &&
            zboots $compressions
    } > "$lab/build.log" 2>&1; then
        tail -n 20 "$lab/build.log" >&2
        fail "the lab's kernel could not be built; $lab/build.log says why."
    fi
    missing=$(wanted | grep -v '^#' | grep -vxFf "$work/done/config" || true)
    [ -z "$missing" ] || fail "$name does not know or take $missing; correct build/lab/$arch*.config."
    mv "$work/done" "$target"
    rm -rf "$work"
    trap - EXIT
fi
echo "$target"
