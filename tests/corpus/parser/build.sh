#!/usr/bin/env bash
# Builds the parser fixture: build.sh OUT.o
#
# OUT.o is an ELF64 object for arm64 with two global symbols, opts_data and opts_insn: the data and the instructions of the
# loader program that bpftool makes from parser.bpf.c. The same tools give the same bytes in any folder.
# Needs on Debian 12: clang libbpf-dev bpftool gcc-aarch64-linux-gnu
# CLANG, BPFTOOL, CROSS_COMPILE: other tools than Debian's.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: build.sh OUT.o" >&2; exit 2; }
out=$(realpath -m -- "$1")
source=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
clang=${CLANG:-clang}
bpftool=${BPFTOOL:-$(PATH=$PATH:/usr/sbin command -v bpftool || true)}
cross=${CROSS_COMPILE-aarch64-linux-gnu-}

require() { command -v "$1" >/dev/null || { echo "build.sh: $1 is missing; apt-get install $2" >&2; exit 1; }; }
require "$clang" clang
require "${bpftool:-bpftool}" bpftool
require "${cross}gcc" gcc-aarch64-linux-gnu
[ -e /usr/include/bpf/bpf_helpers.h ] || { echo "build.sh: bpf/bpf_helpers.h is missing; apt-get install libbpf-dev" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cp -- "$source/parser.bpf.c" "$work/"
cd -- "$work"

# The object's BTF names its source file; the maps keep the name of the folder out of it.
"$clang" -g -O2 -target bpf -mcpu=v3 -Wall -Werror -fdebug-compilation-dir=. -ffile-prefix-map="$work"=. -fdebug-prefix-map="$work"=. \
    -c parser.bpf.c -o parser.bpf.o
"$bpftool" gen skeleton -L parser.bpf.o name parser >parser.lskel.h 2>bpftool.log || { cat bpftool.log >&2; exit 1; }

# The kernel's skeleton fills its descriptors by position.
wanted='ringbuf_1 ringbuf_2 ringbuf_3 ringbuf_4 rodata data rodata_str1_1 bss'
maps=$(sed -n '/^\tstruct {$/,/^\t} maps;$/s/^\t\tstruct bpf_map_desc \(.*\);$/\1/p' parser.lskel.h | tr '\n' ' ')
[ "${maps% }" = "$wanted" ] || { echo "build.sh: the skeleton's maps are '${maps% }', the contract is '$wanted'" >&2; exit 1; }

# bpftool up to 7.1 writes opts.data = (void *)"..." inside a function, newer ones static const char opts_data[] = "...".
literal() {
    printf 'const char opts_%s[] __attribute__((aligned(8))) = "\\\n' "$1"
    sed -n -e '/^\topts\.'"$2"' = (void \*)"\\$/,/";$/p' -e '/static const char opts_'"$1"'\[\].*"\\$/,/";$/p' parser.lskel.h | sed 1d
}
{ literal data data; literal insn insns; } >bytecode.c
"${cross}gcc" -O2 -g0 -Wall -Werror -ffile-prefix-map="$work"=. -c bytecode.c -o bytecode.o

# Each symbol has the literal's closing NUL, which readers take off again.
size() { sed -n 's/^\topts\.'"$1"'_sz = \([0-9]*\);$/\1/p' parser.lskel.h; }
held() { printf '%d' "0x$("${cross}nm" -S bytecode.o | sed -n "s/^[0-9a-f]* \([0-9a-f]*\) R opts_$1\$/\1/p")"; }
for pair in data:data insn:insns; do
    said=$(size "${pair#*:}")
    if [ -n "$said" ] && [ "$(held "${pair%:*}")" -ne $((said + 1)) ]; then
        echo "build.sh: opts_${pair%:*} holds $(held "${pair%:*}") bytes, the skeleton has $said and a NUL" >&2
        exit 1
    fi
done

if grep -qF -- "$work" bytecode.o || grep -qF -- "$source" bytecode.o; then
    echo "build.sh: the object names the folder it was built in" >&2
    exit 1
fi
mkdir -p -- "$(dirname -- "$out")"
mv -- bytecode.o "$out"
