namespace KexecSign.Bench;

/// <summary>A whole kernel package: every module signed, beside loops of the programs that sign one file a run.</summary>
internal static class ModuleCases
{
    // A loop takes minutes, and over thousands of files chance evens out.
    private const int Once = 1, Often = 3;

    public static IEnumerable<Case> On(Bed bed, string modules, string signFile)
    {
        string ours = bed.In("ours"), theirs = bed.In("theirs"), least = bed.In("least");
        string[] files = [.. Directory.EnumerateFiles(modules, "*.ko", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        File.WriteAllLines(bed.In("all"), files);
        File.WriteAllLines(bed.In("quarter"), files.Where((_, i) => i % 4 == 0));
        yield return new("all modules, RSA-2048 in SoftHSM", Once,
        [
            Ours(modules) with { Name = "kexecsign module sign" },
            new("loop of sign-file, engine pkcs11",
                ["sh", "-ec", $"find '{modules}' -name '*.ko' | while read -r f; do '{signFile}' sha256 '{bed.TokenKeyForEngine}' '{bed.TokenCertificate}' \"$f\" '{theirs}'/\"${{f##*/}}\"; done"])
                { Environment = bed.TokenEnvironment, Folder = theirs },
        ]);
        // As 'make modules_install' does: a process a module.
        yield return new("all modules, a process each", Once,
        [
            new("kexecsign agent, kexecsign as sign-file, RSA-2048 in SoftHSM",
                [bed.KexecSign, "agent", "--key", bed.TokenKey, "--kind", "module", "--audit", bed.In("audit.jsonl"), "--", .. Loop($"'{bed.KexecSign}' as sign-file", bed.TokenKey, bed.TokenCertificate)])
                { Environment = bed.TokenEnvironment, Folder = theirs },
            new("sign-file, RSA-2048 in a file", Loop($"'{signFile}'", bed.Key, bed.Certificate)) { Folder = theirs },
            new("sign-file, engine pkcs11", Loop($"'{signFile}'", bed.TokenKeyForEngine, bed.TokenCertificate)) { Environment = bed.TokenEnvironment, Folder = theirs },
        ]);
        // What no program can do without on this machine: the token's time, and reading, hashing, signing and writing with nothing around it.
        yield return new("all modules, the least they can take", Often,
        [
            Ours(modules) with { Name = "kexecsign module sign" },
            new($"C loop: {files.Length} signatures, nothing else", bed.Raw(2, $"{files.Length}n")) { Environment = bed.TokenEnvironment },
            new("C loop: read, hash, sign, write", bed.Raw(2, bed.In("all"), least)) { Environment = bed.TokenEnvironment, Folder = least },
        ]);
        yield return new("modules, memory", Once,
        [
            Ours("--files-from", bed.In("quarter")) with { Name = $"kexecsign module sign, {files.Length / 4} modules" },
            Ours("--files-from", bed.In("all")) with { Name = $"kexecsign module sign, {files.Length} modules" },
        ]);
        // Sidecars are written beside the files: each run has a tree without any.
        string copy = bed.In("copy"), tree = bed.In("tree");
        Directory.CreateDirectory(copy);
        foreach (string file in files)
        {
            string to = Path.Combine(copy, Path.GetRelativePath(modules, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to, overwrite: true);
        }
        yield return new("all modules for IMA, sidecars", Once,
        [
            new("kexecsign ima sign, RSA-2048 in a file",
                [bed.KexecSign, "ima", "sign", tree, "--sidecar", "--key", bed.Key, "--cert", bed.Certificate, "-q"])
                { Folder = tree, Tree = copy },
            new("kexecsign ima sign, RSA-2048 in SoftHSM",
                [bed.KexecSign, "ima", "sign", tree, "--sidecar", "--key", bed.TokenKey, "--cert", bed.TokenCertificate, "-q"])
                { Environment = bed.TokenEnvironment, Folder = tree, Tree = copy },
            new("loop of evmctl ima_sign, RSA-2048 in a file",
                ["sh", "-ec", $"find '{tree}' -name '*.ko' | while read -r f; do evmctl ima_sign --sigfile -a sha256 --key '{bed.Key}' "
                    + $"--keyid-from-cert '{bed.Certificate}' \"$f\"; done"])
                { Folder = tree, Tree = copy },
        ]);

        string[] Loop(string program, string key, string certificate) =>
            ["sh", "-ec", $"find '{modules}' -name '*.ko' | while read -r f; do {program} sha256 '{key}' '{certificate}' \"$f\" '{theirs}'/\"${{f##*/}}\"; done"];

        Side Ours(params IEnumerable<string> selection) => new(
            "", [bed.KexecSign, "module", "sign", .. selection, "-o", ours, "--key", bed.TokenKey, "--cert", bed.TokenCertificate, "-q"])
        {
            Environment = bed.TokenEnvironment,
            Folder = ours,
        };
    }
}
