using System.Collections.Immutable;
using System.Text;

namespace KexecSign.Commands.Testset;

/// <summary>What a test set says and runs without KexecSign.</summary>
internal static class TestsetTexts
{
    /// <summary>The verdicts that a shell can read: file, firmware, kexec, kexec without enforcement, IMA, file of security.ima.</summary>
    public static string Table(ImmutableArray<TestsetImage> images)
    {
        var text = new StringBuilder("# file\tfirmware\tkexec\tkexec-unenforced\tima\txattr\n");
        foreach (TestsetImage image in images)
        {
            text.AppendJoin('\t', image.File, image.Firmware, Or(image.KexecOfFile ?? image.Kexec), Or(image.KexecUnenforced),
                Or(image.Ima), image.Xattr ?? "-");
            text.Append('\n');
        }
        return text.ToString();

        static string Or(ExpectedVerdict? verdict) => verdict is null ? "-" : $"{verdict}";
    }

    /// <summary>The README.</summary>
    public static string Readme(ImmutableArray<TestsetImage> images)
    {
        var text = new StringBuilder(Introduction);
        foreach (TestsetImage image in images)
            text.Append($"| {image.File["images/".Length..]} | {image.Firmware} | {Kexec(image)} | {image.Ima} | {image.What} |\n");
        return text.ToString();

        static string Kexec(TestsetImage image) =>
            image.KexecOfFile is null ? $"{image.Kexec}" : $"{image.Kexec}; {image.KexecOfFile} as it is";
    }

    private const string Introduction = """
        # Kernel images, right and wrong

        Made by `kexecsign testset` from one arm64 kernel, to try firmware, kernels, kexec-tools and verifiers on. No KexecSign is needed
        to use it.

            ./unpack.sh                  puts the images together in images/, by recipes, and compares their SHA-256
            ./run.sh                     on a machine that booted with Secure Boot: what does its kexec_file_load say?
            ./run.sh unenforced          the same without Secure Boot
            ./run.sh ima                 the same under IMA's policy, which the kernel keeps until it is booted again

        `run.sh` needs root, kexec-tools and an arm64 kernel with CONFIG_KEXEC_FILE, CONFIG_KEXEC_SIG and CONFIG_KEXEC_IMAGE_VERIFY_SIG; for
        `ima` also setfattr, a folder on a file system with security.* attributes, CONFIG_IMA_APPRAISE_MODSIG and CONFIG_IMA_WRITE_POLICY. It
        writes KTAP and loads kernels only to unload them again.

        Enrol `keys/db.esl` as db, `keys/dbx.esl` as dbx, and `keys/pk.der` as PK and KEK. For `ima` the certificate `keys/ima.pem` must be in
        the keyring .ima (signed by a key that the kernel trusts) or .platform (in db, of a machine that does not enforce Secure Boot).

        **The private keys are in keys/, so that anybody can sign with them. Trust them on no machine but one for tests.** With `--keys keys`
        the same set is made again, byte for byte; the certificates of an own authority may take the place of those in keys/.

        `matrix.html` shows images and consumers in colour. `expected.json` has the verdict of each consumer with the error's name and number, `expected.tsv` the same for shells. For zboot images and
        unified kernel images `kexec` is about the Image inside, which user space takes out; as they are, arm64 kernels refuse them with EINVAL.
        `refuses` without an errno: there is no system call to give one.

        | image | firmware | kexec | IMA | what |
        |---|---|---|---|---|

        """;

    /// <summary>unpack.sh.</summary>
    public const string Unpack = """
        #!/bin/sh
        # Puts the images together by the lines of 'recipes': file PATH, copy FROM OFFSET LENGTH, zeros LENGTH.
        set -eu
        cd -- "$(dirname -- "$0")"
        out=
        while read -r word a b c; do
            case $word in
            file)
                out=$a
                mkdir -p "${out%/*}"
                : > "$out"
                ;;
            copy) tail -c "+$((b + 1))" "$a" | head -c "$c" >> "$out" ;;
            zeros) head -c "$a" /dev/zero >> "$out" ;;
            esac
        done < recipes
        sha256sum -c SHA256SUMS > /dev/null
        echo "$(grep -c '^file ' recipes) files are in images/"

        """;

    /// <summary>run.sh.</summary>
    public const string Run = """
        #!/bin/sh
        # run.sh [kexec|unenforced|ima]: gives each image to kexec_file_load, through 'kexec -s -l', and compares with expected.tsv.
        # Writes KTAP. Exit code 0: all as expected.
        set -u
        cd -- "$(dirname -- "$0")" || exit 1
        mode=${1:-kexec}
        case $mode in kexec | unenforced | ima) ;; *) echo "usage: run.sh [kexec|unenforced|ima]" >&2; exit 2 ;; esac
        [ -d images ] || ./unpack.sh >&2 || exit 1
        command -v kexec > /dev/null || { echo "kexec is missing; install kexec-tools." >&2; exit 1; }
        policy=/sys/kernel/security/ima/policy
        if [ "$mode" = ima ]; then
            [ -d "${policy%/*}" ] || mount -t securityfs securityfs /sys/kernel/security || exit 1
            echo 'appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig|modsig' > "$policy" || exit 1
        fi

        text() {
            case $1 in
            ENODATA) echo 'No data available' ;;
            ENOKEY) echo 'Required key not available' ;;
            EKEYREJECTED) echo 'Key was rejected by service' ;;
            ELIBBAD) echo 'Accessing a corrupted shared library' ;;
            ENOTSUPP) echo 'Unknown error 524' ;;
            EACCES) echo 'Permission denied' ;;
            EINVAL) echo 'Invalid argument' ;;
            *) echo "$1" ;;
            esac
        }

        tab=$(printf '\t')
        # kexec-tools unpacks zboot images and UKIs, or does not, by its version; what the kernel gets to see is in images/raw and images/ima.
        rows=$(grep '^images/[ri]' expected.tsv)
        [ "$mode" != ima ] || rows=$(printf '%s\n' "$rows" | grep '^images/ima/')
        echo 'KTAP version 1'
        echo "1..$(printf '%s\n' "$rows" | wc -l | tr -d ' ')"
        number=0 failed=0
        while IFS=$tab read -r file firmware kexec unenforced ima xattr; do
            number=$((number + 1))
            case $mode in kexec) expected=$kexec ;; unenforced) expected=$unenforced ;; ima) expected=$ima ;; esac
            if [ "$mode" = ima ] && [ "$xattr" != - ]; then
                setfattr -n security.ima -v "0x$(od -An -v -tx1 "$xattr" | tr -d ' \n')" "$file"
            fi
            if said=$(kexec -s -l "$file" --command-line=console=ttyAMA0 2>&1); then
                seen=accepts
                kexec -s -u
            else
                seen=refuses
                # kexec-tools looks at the file first, and says the one of some that the kernel would refuse with EINVAL; 2.0.25 makes the
                # other of the kernel's EINVAL.
                case $said in
                *"$(text "$expected")"*) seen=$expected ;;
                *'Cannot determine the file type'* | *'syscall kexec_file_load not available'*) [ "$expected" != EINVAL ] || seen=EINVAL ;;
                esac
            fi
            if [ "$seen" = "$expected" ]; then
                echo "ok $number $file $expected"
            else
                failed=$((failed + 1))
                echo "not ok $number $file"
                echo "# expected $expected, seen $seen: $said" | tr '\n' ' '
                echo
            fi
        done <<ROWS
        $rows
        ROWS
        [ "$failed" -eq 0 ]

        """;
}
