namespace KexecSign.Qemu;

/// <summary>
/// The script of a boot lab. It needs bash and QEMU alone, leaves the folder as it is (the firmware's own changes to its
/// variables go to a snapshot), and stops as soon as the outcome is known: left alone, firmware that refused an image would
/// wait in its menu for ever.
/// </summary>
internal static class BootScript
{
    /// <summary>The script's text.</summary>
    /// <param name="secureBoot">What the initrd must report.</param>
    public static string Text(bool secureBoot) => Template.Replace("@SECURE@", secureBoot ? "1" : "0", StringComparison.Ordinal);

    // "Access Denied" is what firmware says of Boot0000 when the image's signature does not please it; "Security Violation"
    // comes from its built-in shell after any such failure and says nothing about the image.
    private const string Template = """
        #!/usr/bin/env bash
        # Boots esp/vmlinuz.efi in QEMU and waits for the line that its initrd prints when the kernel runs.
        # Exit code 0: booted. 1: refused, failed or not done in time; the reason is the last line.
        # KEXECSIGN_BOOT_TIMEOUT: seconds to wait, 180 if not set. KEXECSIGN_BOOT_KVM=0: do not use KVM.
        set -u
        shopt -s extglob
        cd -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1
        secure=@SECURE@
        limit=${KEXECSIGN_BOOT_TIMEOUT:-180}

        fail() { printf 'boot.sh: %s\n' "$1" >&2; exit 1; }

        command -v qemu-system-aarch64 >/dev/null ||
            fail "qemu-system-aarch64 is missing; install it ('apt install qemu-system-arm' on Debian)."
        for file in firmware.fd vars.fd esp/vmlinuz.efi esp/initrd.img; do
            [ -r "$file" ] || fail "$PWD/$file is missing; make the folder again."
        done

        accel=(-accel tcg -cpu cortex-a57)
        if [ "$(uname -m)" = aarch64 ] && [ -r /dev/kvm ] && [ -w /dev/kvm ] && [ "${KEXECSIGN_BOOT_KVM:-1}" != 0 ]; then
            accel=(-accel kvm -cpu host)
        fi
        qemu=(qemu-system-aarch64 -machine virt,gic-version=max "${accel[@]}" -m 1024
            -nodefaults -display none -serial stdio -no-reboot
            -drive if=pflash,unit=0,format=raw,readonly=on,file=firmware.fd
            -drive if=pflash,unit=1,format=raw,snapshot=on,file=vars.fd
            -drive if=none,id=esp,format=raw,readonly=on,file=fat:esp
            -device virtio-blk-pci,drive=esp)

        exec {console}< <(exec "${qemu[@]}" </dev/null 2>&1)
        machine=$!
        trap 'kill "$machine" 2>/dev/null' EXIT

        booted='' reason='the machine stopped before the initrd said anything'
        while :; do
            left=$((limit - SECONDS))
            if [ "$left" -le 0 ]; then
                reason="nothing from the initrd after $limit seconds"
                break
            fi
            IFS= read -r -t "$left" -u "$console" line
            status=$?
            # Firmware clears the screen; that is not for the reader's terminal.
            line=${line//$'\e['*([0-9;=])[A-Za-z]/}
            line=${line//$'\r'/}
            [ -z "$line" ] || printf '%s\n' "$line"
            case $line in
            'KexecSign: booted '*" SecureBoot=$secure") booted=$line ;;
            'KexecSign: booted '*) reason="booted, but not with SecureBoot=$secure: $line" ;;
            *'failed to load Boot0000'*'Access Denied'*)
                reason='refused: the firmware does not accept the signature of the image (Access Denied)'
                break ;;
            *'failed to load Boot0000'* | *'failed to start Boot0000'* | *'Kernel panic'*)
                reason=$line
                break ;;
            # Not all of these are fatal, but when nothing better follows, they tell why.
            *'EFI stub: ERROR'* | *'EFI decompressor: '*) reason=$line ;;
            esac
            # 1 is the end of the console; more than 128 is the time limit, which the next round finds.
            [ "$status" -ne 1 ] || break
        done

        [ -n "$booted" ] || fail "$reason"
        printf 'boot.sh: booted after %d s\n' "$SECONDS"

        """;
}
