using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>sign-file, byte for byte with the kernel's.</summary>
[Collection(nameof(CompatBench))]
public sealed class SignFileTests(CompatBench bench)
{
    [SkippableTheory]
    [InlineData("", "sha256")]
    [InlineData("", "sha384")]
    [InlineData("", "sha512")]
    [InlineData("-k", "sha256")]
    [InlineData("-p", "sha256")]
    [InlineData("-d", "sha512")]
    [InlineData("-dk", "sha256")]
    [InlineData("-pk", "sha256")]
    public void Every_byte_is_the_kernels(string flags, string hash)
    {
        Modules();
        string[] words = [.. flags.Length == 0 ? (string[])[] : [flags], hash, "ima.key", "ima.x509"];
        bench.Theirs(Tool.SignFile, [.. words, "theirs.ko"]).Exit.ShouldBe(0);
        Answer ours = bench.Ours("sign-file", [.. words, "ours.ko"]);
        ours.ShouldBe(new(0, "", ""));
        bench.Read("ours.ko").ShouldBe(bench.Read("theirs.ko"));
        File.Exists(bench.Folder.At("ours.ko.p7s")).ShouldBe(File.Exists(bench.Folder.At("theirs.ko.p7s")));
        if (File.Exists(bench.Folder.At("ours.ko.p7s")))
            bench.Read("ours.ko.p7s").ShouldBe(bench.Read("theirs.ko.p7s"));
    }

    [SkippableFact]
    public void A_fifth_operand_is_the_destination_and_kmodsign_is_the_same_program()
    {
        Modules();
        byte[] before = bench.Read("ours.ko");
        bench.Theirs(Tool.SignFile, "sha256", "ima.key", "ima.x509", "theirs.ko", "theirs.signed").Exit.ShouldBe(0);
        bench.Ours("kmodsign", "sha256", "ima.key", "ima.x509", "ours.ko", "ours.signed").ShouldBe(new(0, "", ""));
        bench.Read("ours.signed").ShouldBe(bench.Read("theirs.signed"));
        bench.Read("ours.ko").ShouldBe(before);
    }

    [SkippableFact]
    public void A_signature_made_elsewhere_is_appended_as_it_is()
    {
        Modules();
        bench.Theirs(Tool.SignFile, "-d", "sha256", "ima.key", "ima.x509", "theirs.ko").Exit.ShouldBe(0);
        bench.Theirs(Tool.SignFile, "-s", "theirs.ko.p7s", "sha256", "ima.x509", "theirs.ko").Exit.ShouldBe(0);
        bench.Ours("sign-file", "-s", "theirs.ko.p7s", "sha256", "ima.x509", "ours.ko").ShouldBe(new(0, "", ""));
        bench.Read("ours.ko").ShouldBe(bench.Read("theirs.ko"));
    }

    [SkippableFact]
    public void Wrong_usage_is_exit_2_as_with_the_kernels()
    {
        bench.Theirs(Tool.SignFile, "sha256").Exit.ShouldBe(2);
        bench.Ours("sign-file", "sha256").Exit.ShouldBe(2);
        bench.Ours("sign-file", "sha256", "missing.key", "ima.x509", "ours.ko").Exit.ShouldBe(1);
    }

    [Fact]
    public void Old_digests_and_short_keys_are_refused_with_the_reason()
    {
        Modules();
        byte[] before = bench.Read("ours.ko");
        Answer old = bench.Ours("sign-file", "sha1", "ima.key", "ima.x509", "ours.ko");
        old.Exit.ShouldBe(1);
        old.Error.ShouldStartWith("KS3858: sign-file sha1 is refused: two files with one such digest can be made.");
        bench.Shell("openssl req -x509 -newkey rsa:1024 -nodes -keyout short.key -out short.pem -days 2 -subj /CN=short 2>/dev/null");
        Answer shortKey = bench.Ours("sign-file", "sha256", "short.key", "short.pem", "ours.ko");
        shortKey.Exit.ShouldBe(1);
        shortKey.Error.ShouldContain("1024");
        bench.Read("ours.ko").ShouldBe(before);
    }

    private void Modules()
    {
        byte[] content = [.. Enumerable.Range(0, 70_001).Select(i => (byte)(i * 7 & 0xFF))];
        foreach (string file in (string[])["theirs.ko", "ours.ko"])
        {
            bench.Folder.File(file, content);
            File.Delete(bench.Folder.At(file + ".p7s"));
        }
    }
}
