#!/bin/sh
# stage.sh PROGRAM SPEAKER NOTICES ROOT
#
# Lays out below ROOT what packages install: the program; man pages, completions and the names under which it takes the place of other
# tools, which SPEAKER (a program that runs on this machine, made of the same sources) tells; helpers for package builds; the licence
# and the notices of what is linked in. NOTICES is the folder of the runtime's own notices.
set -eu
program=$1 speaker=$2 notices=$3 root=$4
sources=$(cd -- "$(dirname -- "$0")/../.." && pwd)
share=$root/usr/share

rm -rf -- "$root"
install -D -m 755 "$program" "$root/usr/bin/kexecsign"
"$speaker" man-pages "$share/man/man1"
gzip -n -9 -f "$share"/man/man1/*.1
mkdir -p "$share/bash-completion/completions" "$share/zsh/vendor-completions" "$share/fish/vendor_completions.d"
"$speaker" completion bash > "$share/bash-completion/completions/kexecsign"
"$speaker" completion zsh > "$share/zsh/vendor-completions/_kexecsign"
"$speaker" completion fish > "$share/fish/vendor_completions.d/kexecsign.fish"

# The names are the program's own: what it does not offer is not installed.
if names=$("$speaker" as --list 2>/dev/null); then
    mkdir -p "$root/usr/libexec/kexecsign/compat"
    for name in $names; do
        ln -s ../../../bin/kexecsign "$root/usr/libexec/kexecsign/compat/$name"
    done
fi

install -D -m 644 "$sources/pipelines/debian/kexecsign.mk" "$share/kexecsign/debian/kexecsign.mk"
install -D -m 755 "$sources/pipelines/debian/dh_kexecsign" "$share/kexecsign/debian/dh_kexecsign"
install -D -m 644 "$sources/pipelines/rpm/macros.kexecsign" "$share/kexecsign/rpm/macros.kexecsign"
install -D -m 755 "$sources/pipelines/obs/kexecsign-obs" "$share/kexecsign/obs/kexecsign-obs"
install -D -m 644 "$sources/keys/demo.profile.json" "$share/kexecsign/keys/demo.profile.json"

doc=$share/doc/kexecsign
for text in LICENSE NOTICES README.md SECURITY.md; do
    install -D -m 644 "$sources/$text" "$doc/$text"
done
install -D -m 644 "$notices/LICENSE.TXT" "$doc/notices/dotnet-license.txt"
install -D -m 644 "$notices/THIRD-PARTY-NOTICES.TXT" "$doc/notices/dotnet-third-party.txt"
find "$root" -type d -exec chmod 755 {} +
find "$share" -type f ! -perm 755 -exec chmod 644 {} +
# One time for everything: the same sources give the same packages.
find "$root" -exec touch -h -d "@${SOURCE_DATE_EPOCH:-0}" {} +
