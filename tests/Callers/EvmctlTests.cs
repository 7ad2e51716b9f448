using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>evmctl, byte for byte where RSA makes that possible, and judged by Debian's where not.</summary>
[Collection(nameof(CompatBench))]
public sealed class EvmctlTests(CompatBench bench)
{
    [SkippableTheory]
    [InlineData("sha256", "--key", "ima.key")]
    [InlineData("sha384", "--key", "ima.key")]
    [InlineData("sha512", "--key", "ima.key")]
    [InlineData("sha256", "--key", "both.pem")]
    [InlineData("sha256", "--key", "ima.key", "--keyid", "aabbccdd")]
    [InlineData("sha256", "--key", "ima.key", "--keyid-from-cert", "ima.x509")]
    public void A_signature_is_byte_for_byte_evmctls(string hash, params string[] key)
    {
        Files();
        bench.Theirs("evmctl", ["ima_sign", "-a", hash, "-n", "--sigfile", .. key, "theirs"]).Exit.ShouldBe(0);
        Answer ours = bench.Ours("evmctl", ["ima_sign", "-a", hash, "-n", "--sigfile", .. key, "ours"]);
        ours.Exit.ShouldBe(0, ours.Error);
        bench.Read("ours.sig").ShouldBe(bench.Read("theirs.sig"));
        // The dump on standard output, which scripts take.
        ours.Output.Trim().ShouldBe(Convert.ToHexStringLower(bench.Read("theirs.sig")));
    }

    [SkippableFact]
    public void Each_verifies_what_the_other_made()
    {
        Files();
        bench.Ours("evmctl", "ima_sign", "-a", "sha256", "-n", "--sigfile", "--key", "ima.key", "ours").Exit.ShouldBe(0);
        bench.Theirs("evmctl", "ima_verify", "--key", "ima.x509", "--sigfile", "ours").Exit.ShouldBe(0);
        bench.Theirs("evmctl", "ima_sign", "-a", "sha256", "-n", "--sigfile", "--key", "ima.key", "theirs").Exit.ShouldBe(0);
        Answer verified = bench.Ours("evmctl", "ima_verify", "--key", "/dev/null,ima.x509,", "--sigfile", "theirs");
        verified.Exit.ShouldBe(0, verified.Error);
        verified.Error.ShouldContain("theirs: verification is OK");
        File.AppendAllText(bench.Folder.At("theirs"), "more");
        bench.Ours("evmctl", "ima_verify", "--key", "ima.x509", "--sigfile", "theirs").Exit.ShouldBe(1);
        bench.Ours("evmctl", "ima_verify", "--key", "db.x509", "--sigfile", "ours").Exit.ShouldBe(1);
        bench.Ours("evmctl", "ima_verify", "--key", "/dev/null", "--sigfile", "ours").Exit.ShouldNotBe(0);
        // One of several that does not hold is enough.
        bench.Ours("evmctl", "ima_verify", "--key", "ima.x509", "--sigfile", "/dev/null", "ours").Exit.ShouldBe(1);
    }

    [SkippableFact]
    public void An_elliptic_key_signs_as_well()
    {
        Files();
        bench.Ours("evmctl", "ima_sign", "-a", "sha256", "-n", "--sigfile", "--key", "int.key", "--keyid-from-cert", "int.pem", "ours").Exit.ShouldBe(0);
        bench.Shell("openssl x509 -in int.pem -outform DER -out int.x509");
        bench.Theirs("evmctl", "ima_verify", "--key", "int.x509", "--sigfile", "ours").Exit.ShouldBe(0);
    }

    [SkippableTheory]
    [InlineData("sha256", "0404")]
    [InlineData("sha384", "0405")]
    [InlineData("sha512", "0406")]
    public void A_hash_is_evmctls(string hash, string head)
    {
        Files();
        string theirs = bench.Theirs("evmctl", "ima_hash", "-a", hash, "-n", "theirs").Output.Trim();
        Answer ours = bench.Ours("evmctl", "ima_hash", "-a", hash, "-n", "ours");
        ours.Output.Trim().ShouldBe(theirs);
        theirs.ShouldStartWith(head);
    }

    [Theory]
    [InlineData("SHA1")]
    [InlineData("sha512-224")]
    [InlineData("unknown")]
    [InlineData("md5")]
    [InlineData("sha1")]
    [InlineData("rmd160")]
    public void Other_digests_are_refused(string hash)
    {
        Files();
        Answer ours = bench.Ours("evmctl", "ima_hash", "-a", hash, "-n", "ours");
        ours.Exit.ShouldBe(125);
        ours.Error.ShouldContain("KS3858");
    }

    [SkippableFact]
    public void A_portable_signature_is_evmctls_and_each_verifies_the_others()
    {
        Files();
        Demand();
        string[] arguments = ["sign", "--portable", "--imahash", "-a", "sha256", "--key", "ima.key", "--xattr-user", "-v"];
        string theirs = bench.Theirs("evmctl", [.. arguments, "ours"]).Output.Trim().Split('\n')[^1];
        bench.Ours("evmctl", "verify", "--key", "ima.x509", "--xattr-user", "ours").Exit.ShouldBe(0);
        Answer ours = bench.Ours("evmctl", [.. arguments, "ours"]);
        ours.Exit.ShouldBe(0, ours.Error);
        ours.Output.Trim().Split('\n')[^1].ShouldBe(theirs);
        bench.Theirs("evmctl", "verify", "--key", "ima.x509", "--xattr-user", "ours").Exit.ShouldBe(0);
        File.SetUnixFileMode(bench.Folder.At("ours"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        bench.Ours("evmctl", "verify", "--key", "ima.x509", "--xattr-user", "ours").Exit.ShouldNotBe(0);
    }

    [Fact]
    public void A_signature_over_the_inode_is_refused_with_the_way_out()
    {
        Files();
        Answer answer = bench.Ours("evmctl", "sign", "--key", "ima.key", "ours");
        answer.Exit.ShouldBe(125);
        answer.Error.ShouldContain("--portable");
    }

    [Theory]
    [InlineData("--keyid", "xyz")]
    [InlineData("--keyid", "0")]
    [InlineData("--keyid", "123456789")]
    [InlineData("--pass=Kx-4711", "-v")]
    public void Wrong_options_are_refused_and_no_secret_is_repeated(params string[] options)
    {
        Files();
        Answer answer = bench.Ours("evmctl", ["ima_sign", "-a", "sha256", "-n", "--key", "ima.key", .. options, "ours"]);
        answer.Exit.ShouldBeInRange(1, 125);
        answer.Error.ShouldContain("KS38");
        answer.Error.ShouldNotContain("Kx-4711");
        File.Exists(bench.Folder.At("ours.sig")).ShouldBeFalse();
    }

    private void Demand() =>
        Tool.Demand(bench.Shell("touch x && setfattr -n user.x -v y x").Exit == 0, "the file system has no user attributes");

    private void Files()
    {
        foreach (string file in (string[])["theirs", "ours"])
        {
            File.Delete(bench.Folder.At(file));
            File.Delete(bench.Folder.At(file + ".sig"));
            bench.Folder.File(file, "content of a file"u8);
        }
    }
}
