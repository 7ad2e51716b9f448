using System.Text.Json;

namespace KexecSign.Bench;

/// <summary>What is measured.</summary>
internal static class Cases
{
    private const int Often = 31, Fast = 11, Slow = 3;

    public static IEnumerable<Case> On(Bed bed, ChildProcess child)
    {
        // Goal: 6 ms. A program of .NET that says one word takes half of that.
        yield return new("start-up", Often,
        [
            new("kexecsign --version", [bed.KexecSign, "--version"]),
            new("kexecsign sign --help", [bed.KexecSign, "sign", "--help"]),
            new("sbsign --version", ["sbsign", "--version"]),
        ]);

        // Goal: 1.4 times sbsign's time, 20 MiB.
        string small = bed.In("small.efi");
        SyntheticImage.Write(small, 0x1200);
        yield return new("sign 4.5 KiB, RSA-2048 in a file", Often,
        [
            new("kexecsign sign", [bed.KexecSign, "sign", small, "--key", bed.Key, "--cert", bed.Certificate, "-o", bed.In("ks.efi"), "-q"], bed.In("ks.efi")),
            new("sbsign", ["sbsign", "--key", bed.Key, "--cert", bed.Certificate, "--output", bed.In("ss.efi"), small], bed.In("ss.efi")),
        ]);

        yield return new("sign, RSA-2048 in a file", Fast,
        [
            new("kexecsign sign", [bed.KexecSign, "sign", bed.Image, "--key", bed.Key, "--cert", bed.Certificate, "-o", bed.In("k.efi")], bed.In("k.efi")),
            new("sbsign", ["sbsign", "--key", bed.Key, "--cert", bed.Certificate, "--output", bed.In("s.efi"), bed.Image], bed.In("s.efi")),
            new("osslsigncode sign", ["osslsigncode", "sign", "-h", "sha256", "-certs", bed.Certificate, "-key", bed.Key, "-in", bed.Image, "-out", bed.In("o.efi")], bed.In("o.efi")),
        ]);

        yield return new("sign, RSA-2048 in SoftHSM", Fast,
        [
            new("kexecsign sign", [bed.KexecSign, "sign", bed.Image, "--key", bed.TokenKey, "--cert", bed.TokenCertificate, "-o", bed.In("kt.efi")], bed.In("kt.efi"))
                { Environment = bed.TokenEnvironment },
            new("sbsign --engine pkcs11",
                ["sbsign", "--engine", "pkcs11", "--key", bed.TokenKeyForEngine, "--cert", bed.TokenCertificate, "--output", bed.In("st.efi"), bed.Image], bed.In("st.efi"))
                { Environment = bed.TokenEnvironment },
            new("osslsigncode -pkcs11module",
                ["osslsigncode", "sign", "-h", "sha256", "-pkcs11module", Bed.TokenModule, "-key", bed.TokenKeyForEngine,
                    "-certs", bed.TokenCertificate, "-in", bed.Image, "-out", bed.In("ot.efi")], bed.In("ot.efi"))
                { Environment = bed.TokenEnvironment },
        ]);

        // New folders, as for modules: for minutes ext4 looks past the number of each file that was replaced.
        string loop = $"for f in '{bed.In("batch")}'/*.efi; do";
        yield return new($"batch of {Bed.BatchSize} small images, RSA-2048 in SoftHSM", Fast,
        [
            new("kexecsign sign, one process",
                [bed.KexecSign, "sign", .. bed.Batch, "--key", bed.TokenKey, "--cert", bed.TokenCertificate, "-o", bed.In("batch.k")])
                { Environment = bed.TokenEnvironment, Folder = bed.In("batch.k") },
            new("sbsign --engine pkcs11, a loop",
                ["sh", "-ec", $"{loop} sbsign --engine pkcs11 --key '{bed.TokenKeyForEngine}' --cert '{bed.TokenCertificate}' --output '{bed.In("batch.s")}'/$(basename $f) $f; done"])
                { Environment = bed.TokenEnvironment, Folder = bed.In("batch.s") },
            new("osslsigncode -pkcs11module, a loop",
                ["sh", "-ec", $"{loop} osslsigncode sign -h sha256 -pkcs11module {Bed.TokenModule} -key '{bed.TokenKeyForEngine}' "
                    + $"-certs '{bed.TokenCertificate}' -in $f -out '{bed.In("batch.o")}'/$(basename $f); done"])
                { Environment = bed.TokenEnvironment, Folder = bed.In("batch.o") },
            new($"C loop: {Bed.BatchSize} signatures, nothing else", bed.Raw(2, $"{Bed.BatchSize}n")) { Environment = bed.TokenEnvironment },
        ]);

        // Without -q it says the SHA-256 of the file, too, which is a second hash over every byte.
        yield return new("verify", Fast,
        [
            new("kexecsign verify --for firmware -q", [bed.KexecSign, "verify", bed.Signed, "--cert", bed.Certificate, "--for", "firmware", "-q"]),
            new("kexecsign verify --for firmware", [bed.KexecSign, "verify", bed.Signed, "--cert", bed.Certificate, "--for", "firmware"]),
            new("sbverify", ["sbverify", "--cert", bed.Certificate, bed.Signed]),
        ]);

        yield return new("IMA sidecar", Fast,
        [
            new("kexecsign ima sign --sidecar", [bed.KexecSign, "ima", "sign", bed.Image, "--key", bed.Key, "--cert", bed.Certificate, "--sidecar"], bed.Image + ".sig"),
            new("evmctl ima_sign --sigfile", ["evmctl", "ima_sign", "--sigfile", "-a", "sha256", "--key", bed.Key, "--keyid-from-cert", bed.Certificate, bed.Image], bed.Image + ".sig"),
        ]);

        foreach (Case large in LargeFiles.On(bed, child))
            yield return large;

        foreach (Case zboot in ZbootCases.On(bed))
            yield return zboot;
    }

    /// <summary>The payload's length in the JSON that zboot build writes.</summary>
    public static long PayloadSize(string output) => JsonDocument.Parse(output).RootElement.GetProperty("payloadSize").GetInt64();
}
