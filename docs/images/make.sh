#!/bin/sh
# Makes the pictures of the documents: docs/images/make.sh KEXECSIGN KERNEL KIT
#   KEXECSIGN  the program, for instance artifacts/kexecsign/kexecsign
#   KERNEL     an unsigned arm64 Image, for instance Debian's linux-image-6.12*-cloud-arm64-unsigned
#   KIT        a zboot kit for it ('kexecsign zboot kit')
# Needs Debian's chromium, fonts-dejavu-core, softhsm2, bsdutils and optipng.
set -eu
[ $# -eq 3 ] || { sed -n '2,6s/^# //p' "$0" >&2; exit 2; }
program=$1 kernel=$(realpath "$2") kit=$(realpath "$3") here=$(cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $program in */*) program=$(realpath "$program") ;; esac
cd "$work"

# The names that the pictures show.
cp "$kernel" Image
cp "$kit" arm64.kit
"$program" demo --directory demo > /dev/null
config=demo/kexecsign.json
"$program" build --image Image --kit arm64.kit -k @db --inner-key @kexec --ima-key @ima -o vmlinuz.efi --config $config -q
"$program" verify vmlinuz.efi --config $config --html verify.html > /dev/null
"$program" inspect vmlinuz.efi --map-svg map.svg > /dev/null
# Another build of the same kernel, and one with a changed byte.
mkdir old
cp vmlinuz.efi old/
printf '\377' | dd of=Image bs=1 seek=16777216 conv=notrunc status=none
"$program" build --image Image --kit arm64.kit -k @db --inner-key @kexec -o vmlinuz.efi --config $config -q

# terminal NAME COMMAND...: what a terminal of 100 columns shows, as a page.
terminal() {
    name=$1
    shift
    esc=$(printf '\033')
    { printf '<!DOCTYPE html><meta charset="utf-8"><style>body{margin:0;background:#14181d;color:#e6edf3}pre{margin:0;padding:16px 20px;font:14px/1.25 "DejaVu Sans Mono",monospace}b{color:#79b8ff;font-weight:400}.s1{font-weight:700}.s2{color:#a8b3bd}.s32{color:#6fd09a}</style><pre>'
      printf '<b>$ kexecsign %s</b>\n' "$*"
      script -qec "stty cols 100; '$program' $* 2> /dev/null" /dev/null | tr -d '\r' \
          | sed "s/$esc\[?[0-9;]*[a-z]//g;s/$esc[=>]//g;s/&/\&amp;/g;s/</\&lt;/g;s/$esc\[0m/<\/span>/g;s/$esc\[\([0-9;]*\)m/<span class=s\1>/g" || true
    } > "$name.html"
}

# shot PAGE PICTURE WIDTH HEIGHT [OPTION]
shot() {
    page=$1 picture=$2 size=$3,$4
    shift 4
    chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" --host-resolver-rules='MAP * ~NOTFOUND' \
        --force-device-scale-factor=1 --window-size="$size" "$@" --screenshot="$work/$picture" "file://$work/$page" 2> /dev/null
    optipng -quiet -o5 "$work/$picture"
    cp "$work/$picture" "$here/$picture"
}

terminal map inspect old/vmlinuz.efi --map
terminal diff inspect --diff old/vmlinuz.efi vmlinuz.efi
shot map.html inspect-map.png 890 465
shot diff.html inspect-diff.png 890 395
shot map.svg map.png 1000 566
shot verify.html verify-html.png 1180 1010
shot verify.html verify-html-dark.png 1180 1010 --blink-settings=preferredColorScheme=0
ls -l "$here"/*.png
