#!/bin/bash
# lab-kernel.sh CACHE LINUX_SOURCE_FOLDER
#
# Builds the boot lab's tiny arm64 kernel from a linux-source-* package that debian-kernels.sh unpacked, once for each version of the
# package and of build/lab/arm64.config: about four minutes on two cores. Prints the folder, which holds Image, crc7.ko and config; for
# 6.1, whose stubs know more compressions than KexecSign writes, also vmlinuz-gzip.efi and so on, whose Image inside the authority signed.
#
# The kernel trusts one certificate authority of this cache, lab/authority.pem, made with the first kernel. Its key stays beside it and
# signs the throw-away keys of each test run; nothing else trusts it.
set -euo pipefail
export LC_ALL=C
umask 022

here=$(cd -- "$(dirname -- "$0")" && pwd)
cache=$1 source=$2
lab=$cache/lab
mkdir -p "$lab"
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

# The kernel's own build compresses whatever lies where it left the Image, when that is newer than vmlinux.
zboots() {
    local compression image=$work/arch/arm64/boot/Image
    for compression in GZIP LZ4 LZMA LZO XZ ZSTD; do
        (cd "$work" && scripts/config -d KERNEL_GZIP -d KERNEL_LZ4 -d KERNEL_LZMA -d KERNEL_LZO -d KERNEL_XZ -d KERNEL_ZSTD -e "KERNEL_$compression") &&
            make -s -C "$work" olddefconfig && make -s -C "$work" -j"$(nproc)" Image &&
            sbsign --key "$lab/authority.key" --cert "$lab/authority.pem" --output "$image.signed" "$image" && mv "$image.signed" "$image" &&
            make -s -C "$work" vmlinuz.efi && cp "$work/arch/arm64/boot/vmlinuz.efi" "$work/done/vmlinuz-${compression,,}.efi" || return 1
    done
}

name=$(basename "$source")
recipe=$(cat "$here/lab/arm64.config" "$lab/authority.pem" | sha256sum | cut -c 1-12)
target=$lab/${name}_arm64_$recipe
if [ ! -d "$target" ]; then
    work=$(mktemp -d "$lab/.build.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    echo "building the lab's kernel from $name; the log is $lab/build.log" >&2
    xz -T0 -dc "$source"/usr/src/linux-source-*.tar.xz | tar x -C "$work" --strip-components=1
    {
        cat "$here/lab/arm64.config"
        echo "CONFIG_SYSTEM_TRUSTED_KEYS=\"$lab/authority.pem\""
    } > "$work/lab.config"
    # The same kernel wherever and whenever it is built.
    export ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00 UTC' KBUILD_BUILD_USER=kexecsign KBUILD_BUILD_HOST=lab
    if ! {
        KCONFIG_ALLCONFIG=$work/lab.config make -s -C "$work" allnoconfig &&
            make -s -C "$work" -j"$(nproc)" Image modules
    } > "$lab/build.log" 2>&1; then
        tail -n 20 "$lab/build.log" >&2
        echo "KS6001: the lab's kernel could not be built; $lab/build.log says why." >&2
        exit 1
    fi
    missing=$(grep -v '^#' "$here/lab/arm64.config" | grep -vxFf "$work/.config" || true)
    [ -z "$missing" ] || { echo "KS6001: $name does not know or take $missing; correct build/lab/arm64.config." >&2; exit 1; }
    mkdir "$work/done"
    cp "$work/arch/arm64/boot/Image" "$work/lib/crc7.ko" "$work/done"
    if [[ $name == linux-source-6.1_* ]]; then
        zboots >> "$lab/build.log" 2>&1 || { tail -n 20 "$lab/build.log" >&2; echo "KS6001: the lab's zboot images could not be built; $lab/build.log says why." >&2; exit 1; }
    fi
    cp "$work/.config" "$work/done/config"
    mv "$work/done" "$target"
    rm -rf "$work"
    trap - EXIT
fi
echo "$target"
