namespace KexecSign.Bench;

/// <summary>A whole kernel package: every module signed, beside loops of the programs that sign one file a run.</summary>
internal static class ModuleCases
{
    // A loop takes minutes, and over thousands of files chance evens out.
    private const int Once = 1;

    public static IEnumerable<Case> On(Bed bed, string modules, string signFile)
    {
        string ours = bed.In("ours"), theirs = bed.In("theirs");
        Directory.CreateDirectory(ours);
        Directory.CreateDirectory(theirs);
        yield return new("all modules, RSA-2048 in SoftHSM", Once,
        [
            new("kexecsign module sign", [bed.KexecSign, "module", "sign", modules, "-o", ours, "--key", bed.TokenKey, "--cert", bed.TokenCertificate, "-q"])
                { Environment = bed.TokenEnvironment },
            new("loop of sign-file, engine pkcs11",
                ["sh", "-ec", $"find '{modules}' -name '*.ko' | while read -r f; do '{signFile}' sha256 '{bed.TokenKeyForEngine}' '{bed.TokenCertificate}' \"$f\" '{theirs}'/\"${{f##*/}}\"; done"])
                { Environment = bed.TokenEnvironment },
        ]);
        // Sidecars are written beside the files and replaced in each run.
        yield return new("all modules for IMA, sidecars", Once,
        [
            new("kexecsign ima sign, RSA-2048 in SoftHSM", [bed.KexecSign, "ima", "sign", modules, "--sidecar", "--key", bed.TokenKey, "--cert", bed.TokenCertificate, "-q"])
                { Environment = bed.TokenEnvironment },
            new("kexecsign ima sign, RSA-2048 in a file", [bed.KexecSign, "ima", "sign", modules, "--sidecar", "--key", bed.Key, "--cert", bed.Certificate, "-q"]),
            new("loop of evmctl ima_sign, RSA-2048 in a file",
                ["sh", "-ec", $"find '{modules}' -name '*.ko' | while read -r f; do evmctl ima_sign --sigfile -a sha256 --key '{bed.Key}' --keyid-from-cert '{bed.Certificate}' \"$f\"; done"]),
        ]);
    }
}
