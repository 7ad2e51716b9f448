#!/bin/sh
# Makes the pictures of the documents: docs/images/make.sh KEXECSIGN KERNEL KIT
#   KEXECSIGN  the program, for instance artifacts/kexecsign/kexecsign
#   KERNEL     an unsigned arm64 Image, for instance Debian's linux-image-6.12*-cloud-arm64-unsigned
#   KIT        a zboot kit for it ('kexecsign zboot kit')
# Needs Debian's chromium, fonts-dejavu-core, softhsm2, tmux, pngquant and optipng.
set -eu
[ $# -eq 3 ] || { sed -n '2,6s/^# //p' "$0" >&2; exit 2; }
program=$1 kernel=$(realpath "$2") kit=$(realpath "$3") here=$(cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
# Its terminals end with it, whatever happens.
export TMUX_TMPDIR="$work"
trap 'tmux -L kexecsign-$$ kill-server 2> /dev/null || true; rm -rf "$work"' EXIT
case $program in */*) program=$(realpath "$program") ;; *) program=$(command -v "$program") ;; esac
mkdir "$work/bin"
ln -s "$program" "$work/bin/kexecsign"
cd "$work"
# A terminal as people have it, whatever this one is.
unset NO_COLOR COLUMNS LINES
export PATH="$work/bin:$PATH" LC_ALL=C.UTF-8
printf '%s\n' 'set -g status off' 'set -g default-terminal tmux-256color' > tmux.conf

# The names that the pictures show.
cp "$kernel" Image
cp "$kit" arm64.kit
kexecsign demo --directory demo > /dev/null
export KEXECSIGN_CONFIG="$work/demo/kexecsign.json"
kexecsign build --image Image --kit arm64.kit -k db --inner-key @kexec --ima-key @ima -o vmlinuz.efi -q
kexecsign verify vmlinuz.efi --html verify.html > /dev/null
kexecsign inspect vmlinuz.efi --map-svg map.svg > /dev/null
cp vmlinuz.efi changed.efi
printf '\377' | dd of=changed.efi bs=1 seek=1000000 conv=notrunc status=none
# A folder of a boot partition, of which one file is half there.
mkdir boot
for file in fwupdaa64 grubaa64 mmaa64; do cp demo/hello.efi boot/$file.efi; done
cp Image boot/vmlinuz
head -c 1000 demo/hello.efi > boot/shell.efi

# terminal NAME COLUMNS WHAT-IS-TYPED: what a terminal of that width shows, taken out of tmux, as a page and a picture.
terminal() {
    name=$1 columns=$2 typed=$3
    cat > "$work/typed.sh" <<EOF
printf '\033[94m$ %s\033[0m\n' "\$1"
eval "\$1"
# tmux reads what was written before it hears of its end.
sleep 0.3
tmux -L kexecsign-$$ wait-for -S typed
exec sleep 1000
EOF
    tmux -L kexecsign-$$ -f "$work/tmux.conf" new-session -d -x "$columns" -y 50 -c "$work" sh "$work/typed.sh" "$typed"
    tmux -L kexecsign-$$ wait-for typed
    tmux -L kexecsign-$$ capture-pane -e -p -S - | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' > "$name.screen"
    tmux -L kexecsign-$$ kill-server
    awk -f "$here/screen.awk" "$name.screen" > "$name.html"
    # A letter is 8.43 pixels wide and a line 18 high; 'pre' has 20 and 16 around it.
    shot "$name.html" "$name.png" $((columns * 843 / 100 + 41)) $(($(wc -l < "$name.screen") * 18 + 32))
}

# screens NAME WHAT-IS-TYPED [PREPARATION]: the same at 80 and 120 columns.
screens() {
    for columns in 80 120; do
        eval "${3:-:}"
        terminal "terminal-$1-$columns" "$columns" "$2"
    done
}

# shot PAGE PICTURE WIDTH HEIGHT [OPTION]
shot() {
    page=$1 picture=$2 size=$3,$4
    shift 4
    chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" --host-resolver-rules='MAP * ~NOTFOUND' \
        --force-device-scale-factor=1 --window-size="$size" "$@" --screenshot="$work/$picture" "file://$work/$page" 2> /dev/null
    pngquant 32 --nofs --strip --force --output "$work/$picture" "$work/$picture"
    optipng -quiet -o5 "$work/$picture"
    cp "$work/$picture" "$here/$picture"
}

screens help kexecsign
screens demo 'kexecsign demo' 'rm -rf kexecsign-demo'
screens build 'kexecsign build --image Image --kit arm64.kit -k db --inner-key @kexec --ima-key @ima -o new.efi' 'rm -f new.efi*'
screens verify 'kexecsign verify vmlinuz.efi'
screens refused 'kexecsign verify changed.efi'
screens map 'kexecsign inspect vmlinuz.efi --map'
screens batch 'kexecsign sign boot -k db -o signed' 'rm -rf signed; mkdir signed'
terminal inspect-map 100 'kexecsign inspect vmlinuz.efi --map'

# Another build of the same kernel, of which a byte is another.
mkdir old
mv vmlinuz.efi vmlinuz.efi.sig old/
printf '\377' | dd of=Image bs=1 seek=16777216 conv=notrunc status=none
kexecsign build --image Image --kit arm64.kit -k db --inner-key @kexec -o vmlinuz.efi -q
terminal inspect-diff 100 'kexecsign inspect --diff old/vmlinuz.efi vmlinuz.efi'
shot map.svg map.png 1000 566
shot verify.html verify-html.png 1180 1010
shot verify.html verify-html-dark.png 1180 1010 --blink-settings=preferredColorScheme=0
ls -l "$here"/*.png
