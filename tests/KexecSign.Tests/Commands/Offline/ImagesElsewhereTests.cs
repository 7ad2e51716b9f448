using KexecSign.Commands.Offline;
using KexecSign.Commands.Template;
using KexecSign.Commands.Uki;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Fixtures;
using KexecSign.Formats.Uki;
using KexecSign.Signing;
using KexecSign.Tests.Commands.Template;
using KexecSign.Tests.Uki;

namespace KexecSign.Tests.Commands.Offline;

/// <summary>PCR policies, unified kernel images and Debian's templates with keys that are elsewhere: as with keys at hand.</summary>
public sealed class ImagesElsewhereTests : IDisposable
{
    private static readonly TestSigner Policies = TestSigners.Rsa4096, Images = TestSigners.Rsa2048;

    private readonly UkiBench _uki = new();
    private readonly string _bundle;

    public ImagesElsewhereTests() => _bundle = _uki.Folder.At("bundle");

    public void Dispose() => _uki.Dispose();

    [SkippableFact]
    public void Policies_of_PCR_11_are_signed_by_their_public_key_alone()
    {
        UkiBuildOptions options = Options("there.efi", Images, null);
        string publicKey = _uki.Folder.File("pcr.pub", System.Text.Encoding.ASCII.GetBytes(((System.Security.Cryptography.RSA)Policies.Key).ExportSubjectPublicKeyInfoPem() + "\n"));
        options = options with { Contents = options.Contents with { PcrPublicKey = publicKey } };
        Run(UkiBuildOperation.Definition, options with { Output = _uki.Folder.At("here.efi"), Pcr = new() { Key = Policies.KeyFile(_uki.Folder), PublicKey = publicKey } });
        Run(UkiBuildOperation.Definition, options with { Pcr = new() { Key = "prepare:" + _bundle, PublicKey = publicKey } }).ShouldBeOfType<BundledResult>()
            .Keys.ShouldHaveSingleItem().Requested.ShouldBe(16);
        File.Exists(options.Output!).ShouldBeFalse();
        // What is signed can be looked at: the policy's digest, of which the request has the hash.
        Directory.GetFiles(Path.Combine(_bundle, "stage-1", "requests"), "*.content").Length.ShouldBe(16);
        Run(BundleSignOperation.Definition, new BundleSignOptions { Bundle = _bundle, Signing = new() { Key = Policies.KeyFile(_uki.Folder) } });
        Run(UkiBuildOperation.Definition, options with { Pcr = new() { Key = "attach:" + _bundle, PublicKey = publicKey } }).ShouldBeOfType<UkiResult>();
        File.ReadAllBytes(options.Output!).ShouldBe(File.ReadAllBytes(_uki.Folder.At("here.efi")));
        PcrSignatures.Read(UkiBench.Section(options.Output!, ".pcrsig")).Length.ShouldBe(16);
    }

    [SkippableFact]
    public void The_image_is_signed_as_by_a_key_at_hand_and_one_role_at_a_time()
    {
        UkiBuildOptions here = Options("here.efi", Images, null), there = Options("there.efi", Images, "prepare:" + _bundle);
        Run(UkiBuildOperation.Definition, here);
        Run(UkiBuildOperation.Definition, there).ShouldBeOfType<BundledResult>();
        Run(BundleSignOperation.Definition, new BundleSignOptions { Bundle = _bundle, Signing = _uki.Bench.Identity(Images) });
        Run(UkiBuildOperation.Definition, Options("there.efi", Images, "attach:" + _bundle)).ShouldBeOfType<UkiResult>();
        File.ReadAllBytes(there.Output!).ShouldBe(File.ReadAllBytes(here.Output!));
        Refusal.Of("KS3011", () => Run(UkiBuildOperation.Definition, there with { Pcr = new() { Key = "prepare:" + _bundle } }), "--pcr-key", "--key");
        Refusal.Of("KS3723", () => Run(UkiBuildOperation.Definition, here with { Pcr = new() { Key = "prepare:" + _bundle } }), "prepare:");
    }

    [SkippableFact]
    public void An_image_is_given_other_contents_in_its_place_when_the_signature_is_there()
    {
        string image = _uki.Build().File;
        byte[] before = File.ReadAllBytes(image);
        UkiUpdateOptions Options(string key) => new()
        {
            Image = image,
            InPlace = true,
            Contents = new() { CommandLine = "quiet" },
            Signing = _uki.Bench.Identity(Images) with { Key = key },
        };
        Run(UkiUpdateOperation.Definition, Options("prepare:" + _bundle));
        File.ReadAllBytes(image).ShouldBe(before);
        Run(BundleSignOperation.Definition, new BundleSignOptions { Bundle = _bundle, Signing = _uki.Bench.Identity(Images) });
        Run(UkiUpdateOperation.Definition, Options("attach:" + _bundle));
        byte[] attached = File.ReadAllBytes(image);
        File.WriteAllBytes(image, before);
        Run(UkiUpdateOperation.Definition, Options(Images.KeyFile(_uki.Folder)));
        attached.ShouldBe(File.ReadAllBytes(image));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_template_lists_is_signed_by_two_keys_elsewhere(bool packed)
    {
        using var template = new TemplateBench();
        template.PutBoth();
        if (packed)
            template.Pack();
        string bundle = template.Bench.Folder.At("bundle");
        TemplateSignOptions options = template.Options();
        options.Run(template, null, template.Bench.Folder.At("here"));
        options.Run(template, "prepare:" + bundle, template.Signatures).ShouldBeOfType<BundledResult>().Keys.Length.ShouldBe(2);
        Directory.Exists(template.Signatures).ShouldBeFalse();
        foreach (SigningOptions signing in (SigningOptions[])[options.Signing, options.Module])
            template.Bench.Run(BundleSignOperation.Definition, new BundleSignOptions { Bundle = bundle, Signing = signing });
        options.Run(template, "attach:" + bundle, template.Signatures).Exit.ShouldBe(ExitCode.Done);
        foreach (string name in (string[])[TemplateBench.Kernel, TemplateBench.Module])
            File.ReadAllBytes(template.At(name)).ShouldBe(File.ReadAllBytes(Path.Combine(template.Bench.Folder.At("here"), TemplateBench.Package, name + ".sig")));
    }

    private OperationResult Run(Operation operation, object options) => _uki.Bench.Run(operation, options);

    private UkiBuildOptions Options(string output, TestSigner signer, string? key) => new()
    {
        Linux = _uki.Kernel(),
        Stub = _uki.Stub,
        Contents = new() { Initrds = [_uki.Initrd()], CommandLine = "quiet", OsRelease = "ID=test\n" },
        Output = _uki.Folder.At(output),
        Signing = key is null ? _uki.Bench.Identity(signer) : _uki.Bench.Identity(signer) with { Key = key },
    };
}

/// <summary>A template signed with both keys at hand or elsewhere.</summary>
file static class TemplateRuns
{
    public static OperationResult Run(this TemplateSignOptions options, TemplateBench template, string? key, string output) => template.Bench.Run(
        TemplateSignOperation.Definition, options with
        {
            Output = output,
            Signing = options.Signing with { Key = key ?? options.Signing.Key },
            Module = options.Module with { Key = key ?? options.Module.Key },
        });
}
