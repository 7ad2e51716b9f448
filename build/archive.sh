#!/bin/sh
# Makes the archive of a published program: archive.sh FOLDER OUT.tar.gz; the folder's name is that in the archive.
# Man pages and completion come from the program itself and lie in share/, as in /usr/share.
set -eu
folder=$1
archive=$2
program=$folder/kexecsign
"$program" man-pages "$folder/share/man/man1"
gzip -n -9 -f "$folder"/share/man/man1/*.1
mkdir -p "$folder/share/bash-completion/completions" "$folder/share/zsh/vendor-completions" "$folder/share/fish/vendor_completions.d"
"$program" completion bash > "$folder/share/bash-completion/completions/kexecsign"
"$program" completion zsh > "$folder/share/zsh/vendor-completions/_kexecsign"
"$program" completion fish > "$folder/share/fish/vendor_completions.d/kexecsign.fish"
# Names in order, one time and one owner: the same sources give the same archive.
tar -C "$(dirname -- "$folder")" --sort=name --mtime="@${SOURCE_DATE_EPOCH:-0}" --owner=0 --group=0 --numeric-owner -cf - "$(basename -- "$folder")" |
    gzip -n -9 > "$archive"
