# What a reader of the documents and of 'kexecsign help' has before typing: sourced with TEMPLATE, a folder that all examples share.

# The token 'release' with five keys, the same and others as files, and small images in every state that an example begins with.
# Made once; expects Image, compressible.efi and arm64.kit in TEMPLATE.
make_template() {
    cd "$TEMPLATE"
    printf '1234\n' > pin
    chmod 600 pin
    key() { printf '{ "label": "%s", "role": "%s", "algorithm": "p256", "subject": "CN=%s" }' "$1" "$2" "$1"; }
    printf '{ "token": "release", "keys": [ { "label": "db", "role": "secure-boot", "algorithm": "rsa2048", "subject": "CN=db" }, %s, %s, %s, %s ] }\n' \
        "$(key kexec kexec)" "$(key ima ima)" "$(key modules module)" "$(key pcr module)" > release.profile.json
    kexecsign keys init --profile release.profile.json --directory token --certificates . --pin-file pin -q
    sed 's/"release"/"root"/; s/"db"/"pk"/; s/"kexec"/"kek"/; s/CN=db/CN=pk/; s/CN=kexec/CN=kek/' release.profile.json > root.profile.json
    # One process takes one SoftHSM configuration, and 'pkcs11:object=ima' must name one key: a folder of its own.
    kexecsign keys init --profile root.profile.json --directory root-token --certificates root --pin-file pin -q
    mv root/pk.pem root/kek.pem .
    for name in db kexec pcr modules kek; do
        openssl req -x509 -newkey rsa:2048 -nodes -keyout $name.key -out file-$name.pem -subj /CN=file-$name -days 30 2>/dev/null
    done
    chmod 600 ./*.key
    mkdir -p config/kexecsign
    printf '{ "keys": { "db": { "key": "pkcs11:token=release;object=db", "cert": "%s/db.pem" }, "kexec": { "key": "pkcs11:token=release;object=kexec", "cert": "%s/kexec.pem" } }, "pin": { "file": "%s/pin" }, "profiles": { "release": { "key": "@db", "inner-key": "@kexec" } } }\n' \
        "$TEMPLATE" "$TEMPLATE" "$TEMPLATE" > config/kexecsign/config.json
}

# What the examples find in the environment.
reader_environment() {
    export SOFTHSM2_CONF=$TEMPLATE/token/softhsm2.conf XDG_CONFIG_HOME=$TEMPLATE/config RELEASE_PIN=1234 PIN=1234 HSM_PIN=1234
    export KEXECSIGN_PKCS11_MODULE=$MODULE
}

# Every state of vmlinuz.efi: plain, with a parser, signed inside and outside with a sidecar beside it.
make_images() {
    cd "$TEMPLATE"
    reader_environment
    kexecsign zboot build --kit arm64.kit --image Image -o plain.efi -q
    kexecsign bpf compile --parser zboot --abi v6 -o parser.o -q
    kexecsign bpf compile --parser zboot --abi v7 -o zboot.o -q
    kexecsign bpf compile --parser uki --abi v7 -o uki.o -q
    kexecsign bpf embed plain.efi --parser parser.o -o parsed.efi -q
    kexecsign build --image Image --kit arm64.kit --key @db --inner-key @kexec --ima-key 'pkcs11:object=ima' --ima-cert ima.pem \
        --signed-image Image.signed -o signed.efi -q
}

# An image for a key that is elsewhere, and its policies as that key signed them.
policies() {
    openssl pkey -in pcr.key -pubout -out pcr.pub
    kexecsign uki build --linux vmlinuz.efi --stub linuxaa64.efi.stub --initrd initrd.img --cmdline ro --pcrpkey pcr.pub -o linux.efi -q
    kexecsign uki measure linux.efi --policy-digest policies.json -q
    python3 - policies.json pcr.key > signed.json <<'SIGNER'
import base64, json, subprocess, sys
policies = json.load(open(sys.argv[1]))
for entry in sum(policies.values(), []):
    signer = subprocess.run(['openssl', 'dgst', '-sha256', '-sign', sys.argv[2]], input=bytes.fromhex(entry['tbs']), capture_output=True, check=True)
    entry['sig'] = base64.b64encode(signer.stdout).decode()
json.dump(policies, sys.stdout)
SIGNER
}

# Fills the empty folder that we are in with what one example begins with: stage COMMAND EXAMPLE.
stage() {
    cp "$TEMPLATE"/*.pem "$TEMPLATE"/*.key "$TEMPLATE/Image" "$TEMPLATE/Image.signed" "$TEMPLATE/arm64.kit" "$TEMPLATE/pin" .
    cp "$TEMPLATE/arm64.kit" linux.kit
    case $1 in
    verify | inspect | provenance* | "ima "* | "signatures list" | "signatures remove" | "signatures extract")
        cp "$TEMPLATE/signed.efi" vmlinuz.efi
        cp "$TEMPLATE/signed.efi.sig" vmlinuz.efi.sig ;;
    simulate | "bpf inspect" | "bpf extract") cp "$TEMPLATE/parsed.efi" vmlinuz.efi ;;
    "zboot repack" | "uki build") cp "$TEMPLATE/finished.efi" vmlinuz.efi ;;
    *) cp "$TEMPLATE/plain.efi" vmlinuz.efi ;;
    esac
    case $1 in
    inspect)
        mkdir old new && cp vmlinuz.efi old/ && cp vmlinuz.efi new/
        cp "$SHIM" shimaa64.efi ;;
    "signatures copy")
        for year in 2011 2023; do
            openssl req -x509 -newkey rsa:2048 -nodes -keyout $year.key -out $year.pem -subj /CN=$year -days 30 2>/dev/null
            kexecsign sign "$X64_KERNEL" --key $year.key --cert $year.pem -o shimx64.$year.efi -q
        done ;;
    "signatures remove") cp "$GRUB" grubx64.efi.signed ;;
    verify)
        printf '{ "certificates": { "db": ["db.pem"], "kexec": ["kexec.pem"], "ima": ["ima.pem"] }, "consumers": ["firmware", "kexec", "ima"], "architecture": "arm64" }\n' \
            > release.policy.json ;;
    gate)
        printf '{ "certificates": { "db": ["db.pem"], "kexec": ["kexec.pem"], "ima": ["ima.pem"], "module": ["file-modules.pem"] }, %s }\n' \
            '"consumers": ["firmware"], "signatures": { "module": {} }' > release.policy.json
        for tree in out debian/linux-image-7.3.4; do
            mkdir -p $tree/boot $tree/usr/lib/modules/7.3.4
            cp "$TEMPLATE/signed.efi" $tree/boot/vmlinuz-7.3.4
            cp "$TEMPLATE/signed.efi.sig" $tree/boot/vmlinuz-7.3.4.sig
            printf '\177ELF not much of a module' > $tree/usr/lib/modules/7.3.4/one.ko
            kexecsign module sign $tree --key modules.key --cert file-modules.pem --in-place -q
        done ;;
    sign)
        mkdir efi
        cp vmlinuz.efi efi/ ;;
    "signatures add")
        kexecsign signatures extract "$TEMPLATE/signed.efi" -o vmlinuz.p7 -q
        rm vmlinuz.efi
        kexecsign signatures remove "$TEMPLATE/signed.efi" --all -o vmlinuz.efi -q ;;
    "pe normalize") cp vmlinuz.efi stub.efi ;;
    build | "plan merge")
        printf '{ "keys": { "db": { "key": "pkcs11:token=release;object=db", "cert": "db.pem" } }, "pin": { "env": "PIN" } }\n' > throwaway.keys.json
        printf '{ "steps": [{ "step": "sign", "key": "db" }], "keys": { "db": { "key": "pkcs11:token=release;object=db", "cert": "db.pem" } }, "images": [' > plan.json
        for n in 1 2 3 4 5; do
            cp vmlinuz.efi vmlinuz-$n.efi
            printf '{ "image": "vmlinuz-%s.efi", "outputs": { "image": "out/%s.efi" } },' $n $n >> plan.json
        done
        printf '] }\n' >> plan.json
        if [ "$1" = "plan merge" ]; then
            for n in 1 2; do kexecsign build plan.json --pin-env PIN --shard $n/2 --report shard-$n.json -q; done
        fi ;;
    "provenance sign")
        openssl req -x509 -newkey rsa:2048 -nodes -keyout release.key -out release.pem -subj /CN=release -days 30 2>/dev/null
        echo sums > SHA256SUMS
        echo package > kexecsign_0.1.0_amd64.deb ;;
    "provenance verify")
        kexecsign provenance sign vmlinuz.efi vmlinuz.efi.sig --key @db -o vmlinuz.efi.intoto.json -q ;;
    "bpf inspect" | "bpf embed") cp "$TEMPLATE/parser.o" . ;;
    "bpf container")
        cp "$TEMPLATE/zboot.o" "$TEMPLATE/uki.o" .
        kexecsign bpf container --parser zboot.o -o zboot.bpf -q ;;
    "bpf envelope") echo initrd > initrd.img ;;
    "bpf extract" | simulate)
        echo initrd > initrd.img
        cp "$TEMPLATE/zboot.o" "$TEMPLATE/uki.o" .
        kexecsign bpf container --parser zboot.o -o zboot.bpf -q
        kexecsign bpf container --parser uki.o --nested zboot.bpf -o uki.bpf -q
        kexecsign bpf envelope --kernel "$TEMPLATE/plain.efi" --initrd initrd.img --cmdline quiet -o image.elf -q ;;
    "uki "* | "addon build")
        echo initrd > initrd.img
        echo initrd > initrd.new
        echo quiet > cmdline
        cp "$STUB" linuxaa64.efi.stub
        cp "$X64_KERNEL" vmlinuz
        mkdir -p linux.efi.extra.d
        printf '[UKI]\nInitrd=initrd.img\nCmdline=@cmdline\nOSRelease=@/etc/os-release\n' > uki.conf
        case "$1 $2" in
        *signed.json*) policies ;;
        "uki build"* | "addon build"*) ;;
        *) kexecsign uki build --linux vmlinuz.efi --stub linuxaa64.efi.stub --initrd initrd.img --cmdline ro -o linux.efi -q ;;
        esac ;;
    "ima sign") mkdir -p debian/linux-image/boot && cp vmlinuz.efi debian/linux-image/boot/ ;;
    "module "*)
        mkdir -p debian/tmp/lib/modules
        printf '\177ELF not much of a module' | tee vmlinux vsock.ko > debian/tmp/lib/modules/one.ko
        kexecsign module sign vsock.ko --key modules.key --cert file-modules.pem --in-place -q
        xz vsock.ko ;;
    "template sign")
        mkdir -p fwupd-amd64-signed-template build-area/fwupd-unsigned/usr unpacked/linux-image-unsigned/boot
        cp vmlinuz.efi build-area/fwupd-unsigned/usr/fwupd.efi
        cp vmlinuz.efi unpacked/linux-image-unsigned/boot/vmlinuz
        # Signed as modules are modules: ELF, relocatable.
        printf '\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\001\000 not much of a module' > unpacked/linux-image-unsigned/one.ko
        printf '{ "packages": { "fwupd-unsigned": { "trusted_certs": [], "files": [ { "sig_type": "efi", "file": "usr/fwupd.efi" } ] } } }\n' \
            > fwupd-amd64-signed-template/files.json
        printf '{ "packages": { "linux-image-unsigned": { "trusted_certs": [], "files": [ %s, %s ] } } }\n' \
            '{ "sig_type": "efi", "file": "boot/vmlinuz" }' '{ "sig_type": "linux-module", "file": "one.ko" }' > files.json ;;
    "bundle sign")
        printf '\177ELF not much of a module' > one.ko
        kexecsign module sign one.ko --in-place --key prepare:release-6.12 --cert modules.pem -q ;;
    attach)
        kexecsign prepare Image --fit --cert file-kexec.pem --bundle release-6.12 -q
        for request in release-6.12/stage-1/requests/*.attributes; do
            openssl pkeyutl -sign -inkey kexec.key -rawin -digest sha256 -in "$request" -out release-6.12/stage-1/answers/01
        done ;;
    "keys init")
        mkdir keys
        cp "$TEMPLATE/release.profile.json" release.json
        sed 's/"release"/"demo"/' release.json > keys/demo.profile.json
        mkdir -p tokens certs ;;
    "keys list") case $2 in *keys/token*) kexecsign keys init --demo -q ;; esac ;;
    "keys enroll") mkdir enrol ;;
    "agent") printf 'modules_install:\n\ttrue\n' > Makefile ;;
    esac
    # Where an example signs by a file, the certificate is that of the file.
    for name in db kexec pcr modules kek; do
        case "$1 $2" in attach*" kexec.pem "* | *"$name.key"*) cp "file-$name.pem" $name.pem ;; esac
    done
    case $2 in *token=root*) export SOFTHSM2_CONF=$TEMPLATE/root-token/softhsm2.conf ;; esac
}
