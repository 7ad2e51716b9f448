using KexecSign.Fixtures;

namespace KexecSign.Line.Tests;

/// <summary>What goes wrong at users' desks: one line with a code, both numbers and a way out; the right exit code; and nothing left or harmed.</summary>
[Collection(nameof(SigningBench))]
public sealed class BadInputTests(SigningBench bench) : IDisposable
{
    private readonly TempFolder _folder = new();

    [SkippableFact]
    public void A_truncated_image()
    {
        string image = _folder.File("image", TestImage.Arm64().CutTo(0x2100).Bytes);
        Refused(1, "KS1016", Sign(image), "0x3000", "0x2100");
    }

    [SkippableFact]
    public void A_gap_between_two_sections()
    {
        TestImage gap = TestImage.Arm64();
        gap = gap.Insert(TestImage.SizeOfHeaders + TestImage.TextSize, 0x200).SectionField(1, 20, TestImage.SizeOfHeaders + TestImage.TextSize + 0x200);
        Refused(1, "KS1012", Sign(_folder.File("image", gap.Bytes)), "0x3200", "0x3000");
    }

    [SkippableFact]
    public void A_wrong_PIN()
    {
        string pin = _folder.Secret("wrong", "000000"u8), image = Image();
        Answer answer = Refused(1, "KS2", ["sign", image, "--key", SigningBench.Key("db") + "?pin-source=file:" + pin, "--cert", bench.Certificate("db"), "-o", _folder.At("out")]);
        answer.Error.ShouldContain("PIN");
        answer.Error.ShouldNotContain("000000");
    }

    [SkippableFact]
    public void A_module_that_is_not_there() => Refused(1, "KS2",
        ["sign", Image(), "--key", "pkcs11:object=db?module-path=/nowhere/libhsm.so", "--cert", bench.Certificate("db"), "-o", _folder.At("out")], "/nowhere/libhsm.so");

    [SkippableFact]
    public void A_folder_that_cannot_be_written_to() => Refused(1, "KS3003",
        ["sign", Image(), "--key", SigningBench.Key("db"), "--cert", bench.Certificate("db"), "--pin-file", bench.PinFile, "-o", "/proc/out"], "/proc/out");

    [SkippableFact]
    public void A_disk_that_is_full()
    {
        string disk = _folder.Folder("disk");
        ToolAnswer mounted = Tool.Ask("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk);
        Skip.If(mounted.Exit != 0, $"a tmpfs cannot be mounted here (needs root): {mounted.Output.Trim()}");
        try
        {
            string old = Path.Combine(disk, "out");
            File.WriteAllText(old, "old");
            Refused(1, "KS3004", ["sign", bench.Image, "--key", SigningBench.Key("db"), "--cert", bench.Certificate("db"), "--pin-file", bench.PinFile, "-o", old], "0xff000");
            File.ReadAllText(old).ShouldBe("old");
            Directory.GetFileSystemEntries(disk).ShouldHaveSingleItem();
        }
        finally
        {
            Tool.Run("umount", disk);
        }
    }

    [SkippableFact]
    public void A_signature_that_does_not_verify()
    {
        byte[] image = File.ReadAllBytes(Path.Combine(bench.Package(), "vmlinuz.efi"));
        image[0x5000] ^= 1;
        Answer answer = KexecSignProgram.Run("verify", _folder.File("image", image), "--for", "firmware", "--cert", bench.Certificate("db"));
        answer.Exit.ShouldBe(4, answer.Error);
        answer.Output.ShouldContain("KS4");
    }

    [SkippableFact]
    public void A_batch_with_one_bad_file_signs_the_others()
    {
        string good = Image(), bad = _folder.File("bad", "no image at all"u8), output = _folder.Folder("signed");
        Answer answer = KexecSignProgram.RunWith(Token,
            "sign", good, bad, "--key", SigningBench.Key("db"), "--cert", bench.Certificate("db"), "--pin-file", bench.PinFile, "-o", output);
        answer.Exit.ShouldBe(3, answer.Error);
        Directory.GetFiles(output).Select(Path.GetFileName).ShouldBe(["image"]);
        Tool.Run("sbverify", "--cert", bench.Certificate("db"), Path.Combine(output, "image"));
    }

    [SkippableTheory]
    [InlineData("--report", "nowhere/report.json", "KS3003")]
    [InlineData("--tar", "out/vmlinuz.efi", "KS3013")]
    [InlineData("--signed-image", "image", "KS3052")]
    public void A_build_whose_last_file_has_no_place_leaves_no_other(string option, string path, string code)
    {
        string image = _folder.File("image", File.ReadAllBytes(bench.Image)), output = _folder.Folder("out");
        string[] arguments = bench.Everything(output);
        arguments[Array.IndexOf(arguments, "--image") + 1] = image;
        arguments[Array.IndexOf(arguments, option) + 1] = _folder.At(path);
        Refused(code == "KS3013" ? 2 : 1, code, arguments);
        Directory.GetFileSystemEntries(output).ShouldBeEmpty();
        File.ReadAllBytes(image).AsSpan().SequenceEqual(File.ReadAllBytes(bench.Image)).ShouldBeTrue();
    }

    [SkippableFact]
    public void A_build_that_is_not_verified_leaves_nothing()
    {
        // The certificate of another key is found before anything is made.
        string output = _folder.Folder("out");
        string[] arguments = bench.Everything(output);
        arguments[Array.IndexOf(arguments, "--inner-cert") + 1] = bench.Certificate("ima");
        Refused(1, "KS2", arguments);
        Directory.GetFileSystemEntries(output).ShouldBeEmpty();
    }

    [SkippableFact]
    public void Files_with_the_names_that_others_are_made_under()
    {
        string output = _folder.Folder("out");
        string[] arguments = bench.Everything(output);
        arguments[Array.IndexOf(arguments, "-o") + 1] = Path.Combine(output, "report");
        arguments[Array.IndexOf(arguments, "--tar") + 1] = Path.Combine(output, "Image.signed.tar");
        KexecSignProgram.Succeed(arguments);
        Tool.Run("sbverify", "--cert", bench.Certificate("db"), Path.Combine(output, "report"));
        Directory.GetFileSystemEntries(output).Select(p => Path.GetFileName(p)).Order().ShouldBe(["Image.signed", "Image.signed.tar", "report", "report.json", "report.sig"]);
    }

    [SkippableFact]
    public void A_dry_run_reads_no_PIN_and_writes_nothing()
    {
        string output = _folder.Folder("out");
        string[] arguments = [.. bench.Everything(output), "--dry-run"];
        arguments[Array.IndexOf(arguments, "--pin-file") + 1] = _folder.At("no such file");
        Answer answer = KexecSignProgram.Succeed(arguments);
        answer.Output.ShouldContain(Path.Combine(output, "vmlinuz.efi"));
        Directory.GetFileSystemEntries(output).ShouldBeEmpty();
    }

    public void Dispose() => _folder.Dispose();

    private Dictionary<string, string> Token => new() { ["SOFTHSM2_CONF"] = bench.Folder.At("token/softhsm2.conf"), ["KEXECSIGN_PKCS11_MODULE"] = "/usr/lib/softhsm/libsofthsm2.so" };

    private string Image() => _folder.File("image", TestImage.Arm64().Bytes);

    private string[] Sign(string image) =>
        ["sign", image, "--key", SigningBench.Key("db"), "--cert", bench.Certificate("db"), "--pin-file", bench.PinFile, "-o", _folder.At("out")];

    private Answer Refused(int exit, string code, string[] arguments, params string[] told)
    {
        string[] before = _folder.Names();
        Answer answer = KexecSignProgram.RunWith(Token, arguments);
        answer.Exit.ShouldBe(exit, answer.Error);
        string[] lines = [.. answer.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.StartsWith("KS", StringComparison.Ordinal))];
        string line = lines.ShouldHaveSingleItem(answer.Error);
        line.ShouldStartWith(code);
        foreach (string part in told)
            line.ShouldContain(part);
        answer.Error.ShouldNotContain("   at KexecSign");
        _folder.Names().ShouldBe(before);
        return answer;
    }
}
