using KexecSign.Batches;
using KexecSign.Commands.Template;
using KexecSign.Core;
using KexecSign.Core.Reports;
using KexecSign.Fixtures;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Tests.Commands.Template;

/// <summary>Signatures for templates, put to use as the rules of signed packages do: by sbattach and by sign-file.</summary>
public sealed class TemplateSignTests : IDisposable
{
    private readonly TemplateBench _bench = new();

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sbattach_and_sign_file_put_the_signatures_where_they_belong(bool packed)
    {
        _bench.PutBoth();
        if (packed)
            _bench.Pack();
        TemplateSignResult result = _bench.Sign();
        result.Exit.ShouldBe(ExitCode.Done);
        result.Files.Select(f => (f.Package, f.Path, f.SigType, f.Output)).ShouldBe(
        [
            (TemplateBench.Package, TemplateBench.Kernel, "efi", _bench.At(TemplateBench.Kernel)),
            (TemplateBench.Package, TemplateBench.Module, "linux-module", _bench.At(TemplateBench.Module)),
        ]);
        _bench.Bench.Warnings.ShouldBeEmpty();

        string image = _bench.Bench.Folder.File("vmlinuz", TemplateBench.Image);
        Tool.Run("sbattach", "--attach", _bench.At(TemplateBench.Kernel), image);
        Tool.Ask("sbverify", "--cert", Certificate(TestSigners.Rsa2048), image).Exit.ShouldBe(0);
        Tool.Ask("sbverify", "--cert", Certificate(TestSigners.Rsa3072), image).Exit.ShouldNotBe(0);

        string theirs = _bench.Bench.Folder.File("theirs.ko", TemplateBench.Ko), key = TestSigners.Rsa3072.KeyFile(_bench.Bench.Folder);
        Tool.Run(Tool.SignFile, "-d", "sha256", key, Certificate(TestSigners.Rsa3072), theirs);
        File.ReadAllBytes(_bench.At(TemplateBench.Module)).ShouldBe(File.ReadAllBytes(theirs + ".p7s"));
    }

    [SkippableFact]
    public void A_package_gives_the_same_signatures_packed_and_unpacked()
    {
        _bench.PutBoth();
        _bench.Sign();
        byte[][] unpacked = [.. ((string[])[TemplateBench.Kernel, TemplateBench.Module]).Select(path => File.ReadAllBytes(_bench.At(path)))];
        string deb = _bench.Pack();
        TemplateSignResult result = _bench.Sign(o => o with { From = [deb], Output = _bench.Bench.Folder.At("again") });
        result.Files.Select(f => f.File).ShouldBe([$"{deb}:{TemplateBench.Kernel}", $"{deb}:{TemplateBench.Module}"]);
        result.Files.Select(f => File.ReadAllBytes(f.Output!)).ShouldBe(unpacked);
    }

    [Fact]
    public void A_module_that_is_signed_already_fails_and_the_rest_is_signed()
    {
        _bench.PutBoth();
        // A PKCS#7 of eight bytes, and the trailer that says so.
        byte[] trailer = [.. new byte[8], 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 8, .. "~Module signature appended~\n"u8];
        string ko = _bench.Put(TemplateBench.Package, TemplateBench.Module, [.. TemplateBench.Ko, .. trailer]);
        TemplateSignResult result = _bench.Sign();
        result.Exit.ShouldBe(ExitCode.SomeFailed);
        result.Files.Select(f => (f.File, f.Status, f.Code)).ShouldContain((ko, FileStatus.Failed, "KS3350"));
        File.Exists(_bench.At(TemplateBench.Kernel)).ShouldBeTrue();
        File.Exists(_bench.At(TemplateBench.Module)).ShouldBeFalse();
    }

    [Theory]
    [InlineData("23212f62696e2f7368", "0x23212f62 where 0x7f454c46")]
    [InlineData("7f454c46", "EI_DATA] of the module is 0x0")]
    [InlineData("7f454c460201010000000000000000000200", "e_type of the module is 0x2 where 0x1")]
    [InlineData("7f454c460102010000000000000000000100", "e_type of the module is 0x100 where 0x1")]
    public void What_is_no_module_fails_and_the_rest_is_signed(string hex, string told)
    {
        _bench.PutBoth();
        string ko = _bench.Put(TemplateBench.Package, TemplateBench.Module, Convert.FromHexString(hex));
        TemplateSignResult result = _bench.Sign();
        result.Exit.ShouldBe(ExitCode.SomeFailed);
        TemplateSignedFile failed = result.Files.Single(f => f.Status == FileStatus.Failed);
        (failed.File, failed.Code).ShouldBe((ko, "KS1303"));
        failed.Message.ShouldNotBeNull().ShouldContain(told);
        File.Exists(_bench.At(TemplateBench.Kernel)).ShouldBeTrue();
        File.Exists(_bench.At(TemplateBench.Module)).ShouldBeFalse();
    }

    [Fact]
    public void A_module_of_a_big_endian_machine_of_32_bits_is_signed()
    {
        _bench.PutBoth();
        _bench.Put(TemplateBench.Package, TemplateBench.Module, Convert.FromHexString("7f454c460102010000000000000000000001"));
        _bench.Sign().Exit.ShouldBe(ExitCode.Done);
    }

    [Fact]
    public void Only_the_keys_that_the_template_needs_are_opened()
    {
        _bench.PutBoth();
        _bench.Write(("linux-module", TemplateBench.Module));
        _bench.Sign(o => o with { Signing = new() }).Exit.ShouldBe(ExitCode.Done);
        Refusal.Of("KS3010", () => _bench.Sign(o => o with { Signing = new(), Module = new() }), "--key");
        Refusal.Of("KS3010", () => _bench.Sign(o => o with { Module = o.Module with { Certificate = null } }), "--module-cert");
    }

    [Fact]
    public void One_key_for_both_kinds_is_taken_with_a_warning()
    {
        _bench.PutBoth();
        _bench.Sign(o => o with { Module = new() }).Files.Select(f => f.Signer).Distinct().ShouldHaveSingleItem();
        _bench.Bench.Warnings.ShouldHaveSingleItem().ShouldContain("one key signs for EFI images and modules");
    }

    [Fact]
    public void An_image_that_is_signed_already_is_told()
    {
        _bench.PutBoth();
        _bench.Put(TemplateBench.Package, TemplateBench.Kernel, File.ReadAllBytes(_bench.Bench.SignedImage(TestSigners.Other)));
        _bench.Sign().Exit.ShouldBe(ExitCode.Done);
        _bench.Bench.Warnings.ShouldHaveSingleItem().ShouldContain("the image is signed already");
    }

    [Fact]
    public void A_dry_run_tells_each_step_and_writes_nothing()
    {
        _bench.PutBoth();
        using var context = new RunContext { Keyring = new Keyring(), DryRun = true };
        var planned = (PlannedResult)TemplateSignOperation.Definition.Run((object)_bench.Options(), context);
        string[] steps = [.. planned.Steps.Select(step => $"{step.Action} {step.What}")];
        steps.ShouldContain("read " + Path.Combine(_bench.Packages, TemplateBench.Package, TemplateBench.Module));
        steps.ShouldContain("write " + _bench.At(TemplateBench.Module));
        steps.Count(step => step.StartsWith("sign ", StringComparison.Ordinal)).ShouldBe(2);
        Directory.Exists(_bench.Signatures).ShouldBeFalse();
    }

    [Theory]
    [InlineData("")]
    [InlineData("template")]
    public void A_template_is_found_by_its_folder_and_by_the_root_of_its_package(string below)
    {
        _bench.PutBoth();
        string root = _bench.Bench.Folder.Folder("root"), folder = Path.Combine(root, below.Length == 0 ? "" : "usr/share/code-signing/" + below);
        Directory.CreateDirectory(folder);
        File.Move(_bench.Bench.Folder.At("files.json"), Path.Combine(folder, "files.json"));
        _bench.Sign(o => o with { Template = root }).Template.ShouldBe(Path.Combine(folder, "files.json"));
    }

    [Fact]
    public void A_folder_with_no_template_or_two_is_refused()
    {
        string root = _bench.Bench.Folder.Folder("root");
        Refusal.Of("KS3343", () => _bench.Sign(o => o with { Template = root }), "there are 0");
        foreach (string name in (string[])["a", "b"])
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(root, "usr/share/code-signing", name)).FullName, "files.json"), "{}");
        Refusal.Of("KS3343", () => _bench.Sign(o => o with { Template = root }), "there are 2");
    }

    public void Dispose() => _bench.Dispose();

    private string Certificate(TestSigner signer) => signer.CertificateFile(_bench.Bench.Folder);
}
