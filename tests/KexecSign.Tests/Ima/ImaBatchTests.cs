using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Batches;
using KexecSign.Commands.Ima;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Ima;
using KexecSign.Ima;

namespace KexecSign.Tests.Ima;

/// <summary>Trees of files: tar, manifest, postinst, skipping, versions; judged by GNU tar, bsdtar, evmctl and sh.</summary>
public sealed class ImaBatchTests : IDisposable
{
    private readonly Bench _bench = new();
    private readonly string _tree;

    public ImaBatchTests()
    {
        _tree = _bench.Folder.Folder("tree");
        foreach (string name in (string[])["boot/vmlinuz", "lib/modules/b.ko", "lib/modules/a.ko", "usr/share/doc/" + new string('x', 120), "etc/empty"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_tree, name))!);
            File.WriteAllText(Path.Combine(_tree, name), name == "etc/empty" ? "" : string.Concat(Enumerable.Repeat(name, 300)));
        }
        File.SetUnixFileMode(Path.Combine(_tree, "boot/vmlinuz"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.CreateSymbolicLink(Path.Combine(_tree, "lib/build"), "/usr/src/linux");
    }

    [SkippableTheory]
    [InlineData("tar", "--xattrs --xattrs-include=security.ima -xf")]
    [InlineData("bsdtar", "--xattrs -xf")]
    public void A_whole_tree_is_restored_with_its_signatures(string program, string options)
    {
        ImaSignResult result = Sign(TestSigners.Rsa2048, o => o with { Tar = _bench.Folder.At("a.tar") });
        result.Signed.Length.ShouldBe(5);
        string target = _bench.Folder.Folder("out");
        ToolAnswer answer = Tool.Ask(program, ["-C", target, .. options.Split(' '), _bench.Folder.At("a.tar")]);
        Skip.If(answer.Output.Contains("annot", StringComparison.Ordinal), $"security.ima cannot be set here (needs root): {answer.Output.Trim()}");
        answer.Exit.ShouldBe(0, answer.Output);
        foreach (ImaSigned signed in result.Signed)
        {
            string restored = Path.Combine(target, Path.GetRelativePath(_tree, signed.File));
            File.ReadAllBytes(restored).ShouldBe(File.ReadAllBytes(signed.File));
            File.GetUnixFileMode(restored).ShouldBe(File.GetUnixFileMode(signed.File));
            Convert.ToHexStringLower(ExtendedAttribute.TryGet(restored, "security.ima").ShouldNotBeNull()).ShouldBe(signed.Value);
        }
        new FileInfo(Path.Combine(target, "lib/build")).LinkTarget.ShouldBe("/usr/src/linux");
        Verify(target, TestSigners.Rsa2048).ShouldBe(ExitCode.Done);
    }

    [Fact]
    public void The_same_tree_gives_the_same_tar_in_order()
    {
        Sign(TestSigners.Rsa2048, o => o with { Tar = _bench.Folder.At("a.tar") });
        foreach (string file in Directory.GetFiles(_tree, "*", SearchOption.AllDirectories))
            File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch.AddDays(7));
        string copy = _bench.Folder.At("copy");
        Tool.Run("cp", "-a", _tree, copy);
        Sign(TestSigners.Rsa2048, o => o with { Files = [copy], Tar = _bench.Folder.At("b.tar") });
        File.ReadAllBytes(_bench.Folder.At("b.tar")).ShouldBe(File.ReadAllBytes(_bench.Folder.At("a.tar")));
        string[] names = Tool.Run("tar", "-tf", _bench.Folder.At("a.tar")).Trim().Split('\n');
        names.ShouldBe(names.Order(StringComparer.Ordinal));
        names.ShouldContain("lib/modules/");
    }

    [SkippableFact]
    public void The_postinst_snippet_applies_the_manifest()
    {
        string manifest = Path.Combine(_tree, "usr/share/ima/linux-image.manifest");
        Directory.CreateDirectory(Path.GetDirectoryName(manifest)!);
        string snippet = _bench.Folder.At("postinst");
        ImaSignResult result = Sign(TestSigners.P256, o => o with { Manifest = manifest, Postinst = snippet });
        File.ReadAllLines(manifest)[0].ShouldBe($"{result.Signed[0].Value}  boot/vmlinuz");
        Directory.GetFiles(_tree, "*.sig", SearchOption.AllDirectories).ShouldBeEmpty();

        Tool.Require("setfattr");
        string said = Tool.Run("env", "DPKG_ROOT=" + _tree, "DPKG_MAINTSCRIPT_PACKAGE=linux-image", "IMA_NAMESPACE=user", "sh", "-eu", snippet, "configure");
        Skip.If(said.Contains("could not be set", StringComparison.Ordinal), "this file system has no user attributes");
        File.Delete(manifest);
        Verify(_tree, TestSigners.P256).ShouldBe(ExitCode.Done);
    }

    [SkippableFact]
    public void Apply_verifies_first_and_sets_what_holds()
    {
        string manifest = _bench.Folder.At("manifest");
        Sign(TestSigners.P256, o => o with { Manifest = manifest });
        File.AppendAllText(Path.Combine(_tree, "lib/modules/b.ko"), "x");
        ImaApplyResult result = ImaApplyOperation.Definition.Run(
            new() { Manifest = manifest, Root = _tree, Xattr = "user", Certificates = [TestSigners.P256.CertificateFile(_bench.Folder)] }, _bench.Context);
        Skip.If(result.Files.Any(f => f.Code == "KS3923"), "this file system has no user attributes");
        result.Exit.ShouldBe(ExitCode.SomeFailed);
        result.Files.Where(f => f.Status == FileStatus.Failed).ShouldHaveSingleItem().Code.ShouldBe("KS4113");
        ExtendedAttribute.TryGet(Path.Combine(_tree, "lib/modules/b.ko"), "user.ima").ShouldBeNull();
        ExtendedAttribute.TryGet(Path.Combine(_tree, "lib/modules/a.ko"), "user.ima").ShouldNotBeNull();
    }

    [SkippableFact]
    public void Apply_takes_sidecars_that_evmctl_made()
    {
        string file = Path.Combine(_tree, "boot/vmlinuz");
        Tool.Run("evmctl", "ima_sign", "-a", "sha256", "--key", TestSigners.Rsa2048.KeyFile(_bench.Folder), "--sigfile", file);
        ImaApplyResult result = ImaApplyOperation.Definition.Run(
            new() { Files = [file], Xattr = "user", Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] }, _bench.Context);
        Skip.If(result.Files[0].Code == "KS3923", "this file system has no user attributes");
        ExtendedAttribute.TryGet(file, "user.ima").ShouldBe(File.ReadAllBytes(file + ".sig"));
    }

    [Theory]
    [InlineData("0302  ../etc/passwd")]
    [InlineData("0302  /etc/passwd")]
    [InlineData("03zz  a")]
    [InlineData("0302 a")]
    [InlineData("0302  ")]
    public void A_manifest_that_leads_elsewhere_is_refused(string line)
    {
        string manifest = _bench.Folder.File("manifest", System.Text.Encoding.UTF8.GetBytes(line + "\n"));
        Refusal.Of("KS3922", () => ImaManifest.Read(manifest), "line 1");
    }

    [Fact]
    public void Signed_files_are_skipped_when_they_hold_and_signed_when_not()
    {
        Sign(TestSigners.P256).Signed.Length.ShouldBe(5);
        string vmlinuz = Path.Combine(_tree, "boot/vmlinuz"), other = Path.Combine(_tree, "lib/modules/a.ko");
        byte[] before = File.ReadAllBytes(other + ".sig");
        File.AppendAllText(vmlinuz, "x");
        ImaSignResult again = Sign(TestSigners.P256, o => o with { SkipSigned = true });
        again.Signed.Single(s => s.Status == FileStatus.Signed).File.ShouldBe(vmlinuz);
        File.ReadAllBytes(other + ".sig").ShouldBe(before);
        Verify(_tree, TestSigners.P256).ShouldBe(ExitCode.Done);
        Sign(TestSigners.Other, o => o with { SkipSigned = true }).Signed.ShouldAllBe(s => s.Status == FileStatus.Signed);
    }

    [Fact]
    public void One_file_that_fails_does_not_stop_the_others_but_keeps_tar_and_manifest_back()
    {
        string gone = _bench.Folder.At("gone");
        ImaSignResult result = Sign(TestSigners.P256, o => o with { Files = [.. o.Files, gone], Manifest = _bench.Folder.At("m"), Tar = _bench.Folder.At("t"), Sidecar = true });
        result.Exit.ShouldBe(ExitCode.SomeFailed);
        result.Files.Where(f => f.Status == FileStatus.Failed).ShouldHaveSingleItem().Code.ShouldBe("KS3001");
        result.Signed.Length.ShouldBe(5);
        File.Exists(_bench.Folder.At("m")).ShouldBeFalse();
        File.Exists(_bench.Folder.At("t")).ShouldBeFalse();
    }

    // Known answer by hand: SHA-256 over 03, 04 and the file's digest, as calc_file_id_hash() has it.
    [Theory]
    [InlineData(false, 3)]
    [InlineData(true, 6)]
    public void Version_3_signs_the_file_id(bool verity, byte type)
    {
        ImaSigned signed = Sign(TestSigners.Rsa2048, o => o with { Version = 3, Verity = verity }).Signed[0];
        byte[] value = Convert.FromHexString(signed.Value), digest = Convert.FromHexString(signed.Digest);
        value[..3].ShouldBe([type, 3, 4]);
        if (!verity)
            digest.ShouldBe(SHA256.HashData(File.ReadAllBytes(signed.File)));
        byte[] id = SHA256.HashData([type, 4, .. digest]);
        using RSA rsa = TestSigners.Rsa2048.Certificate.GetRSAPublicKey()!;
        rsa.VerifyHash(id, value.AsSpan(ImaSignature.HeaderSize), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).ShouldBeTrue();
        Verify(_tree, TestSigners.Rsa2048).ShouldBe(ExitCode.Done);
        File.AppendAllText(signed.File, "x");
        Verify(_tree, TestSigners.Rsa2048).ShouldBe(ExitCode.VerificationFailed);
    }

    [Fact]
    public void Verity_is_of_version_3_only() => Refusal.Of("KS3924", () => Sign(TestSigners.Rsa2048, o => o with { Verity = true, Version = 2 }));

    [Fact]
    public void Show_explains_every_byte()
    {
        ImaSigned signed = Sign(TestSigners.P256).Signed[0];
        ImaShowResult shown = Show(signed.File);
        string.Concat(shown.Fields.Select(f => f.Bytes)).ShouldBe(signed.Value);
        shown.Fields[0].Meaning.ShouldContain("EVM_IMA_XATTR_DIGSIG");
        shown.Fields[3].Bytes.ShouldBe(signed.KeyId);
        Show(signed.Sidecar!).Fields.ShouldBe(shown.Fields);
    }

    [Theory]
    [InlineData("")]
    [InlineData("03")]
    [InlineData("0302")]
    [InlineData("030204aabb")]
    [InlineData("030204aabbccddffff00")]
    [InlineData("0404aabb")]
    [InlineData("01aabb")]
    [InlineData("ff00")]
    public void Show_takes_any_bytes(string hex)
    {
        ImaShowResult shown = Show(_bench.Folder.File("x.sig", Convert.FromHexString(hex)));
        string.Concat(shown.Fields.Select(f => f.Bytes)).ShouldBe(hex);
        shown.View().Tables.ShouldNotBeEmpty();
    }

    public void Dispose() => _bench.Dispose();

    private ImaSignResult Sign(TestSigner signer, Func<ImaSignOptions, ImaSignOptions>? change = null)
    {
        var options = new ImaSignOptions { Files = [_tree], Signing = _bench.Identity(signer) };
        return ImaSignOperation.Definition.Run(change is null ? options : change(options), _bench.Context);
    }

    private ExitCode Verify(string tree, TestSigner signer) =>
        ImaVerifyOperation.Definition.Run(new() { Files = [tree], Certificates = [signer.CertificateFile(_bench.Folder)] }, _bench.Context).Exit;

    private ImaShowResult Show(string file) => ImaShowOperation.Definition.Run(new() { File = file }, _bench.Context);
}
