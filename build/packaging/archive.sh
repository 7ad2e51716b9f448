#!/bin/sh
# archive.sh ROOT NAME OUT.tar.gz: what stage.sh laid out as an archive whose top folder is NAME.
set -eu
root=$1 name=$2 archive=$3
# Names in order, one time and one owner: the same sources give the same archive.
tar -C "$root" --sort=name --mtime="@${SOURCE_DATE_EPOCH:-0}" --owner=0 --group=0 --numeric-owner --mode=u+w,go-w \
    --transform "s,^usr,$name,;flags=r" -cf - usr | gzip -n -9 > "$archive"
