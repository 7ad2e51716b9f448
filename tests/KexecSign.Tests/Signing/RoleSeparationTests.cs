using System.Security.Cryptography;
using KexecSign.Commands.Agent;
using KexecSign.Commands.Build;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Modules;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;
using KexecSign.Judging;
using KexecSign.Keys.Kinds;
using KexecSign.Signing;

namespace KexecSign.Tests.Signing;

/// <summary>A file that is the signed attributes of a kernel: who signs it as it is has signed the kernel.</summary>
public sealed class RoleSeparationTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableFact]
    public void The_bare_signature_of_attributes_makes_a_signed_kernel_and_is_not_to_be_had()
    {
        (byte[] attributes, Func<byte[], string> complete) = Attributes();
        // What any raw signer does: the hash of the file, signed.
        string kernel = complete(((RSA)TestSigners.Rsa2048.Key).SignData(attributes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        Tool.Run("sbverify", "--cert", TestSigners.Rsa2048.CertificateFile(_bench.Folder), kernel);

        string innocent = _bench.Folder.File("innocent.ko", attributes);
        ImaSignResult ima = ImaSignOperation.Definition.Run(new() { Files = [innocent], Sidecar = true, Signing = _bench.Identity(TestSigners.Rsa2048) }, _bench.Context);
        ima.Files.ShouldHaveSingleItem().Code.ShouldBe("KS3331");
        File.Exists(innocent + ".sig").ShouldBeFalse();
        ModuleSignResult module = ModuleSignOperation.Definition.Run(new() { Files = [innocent], InPlace = true, Signing = _bench.Identity(TestSigners.Rsa2048) }, _bench.Context);
        module.Files.ShouldHaveSingleItem().Code.ShouldBe("KS3331");
        File.ReadAllBytes(innocent).ShouldBe(attributes);
    }

    [SkippableFact]
    public void The_signature_of_a_file_that_is_a_file_id_counts_for_another_file_and_is_not_to_be_had()
    {
        byte[] evil = "another file"u8.ToArray(), id = ImaSignature.FileId(ImaSignature.Digsig, HashAlgorithmName.SHA256, SHA256.HashData(evil));
        // What signing in version 2 does: the hash of the file, signed. With another byte in front, which is not signed, it is one of version 3.
        byte[] bare = ((RSA)TestSigners.Rsa2048.Key).SignData(id, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        string file = _bench.Folder.File("evil", evil);
        _bench.Folder.File("evil.sig", new ImaSignature(ImaSignature.Digsig, 3, HashAlgorithmName.SHA256, ImaCheck.KeyIdOf(TestSigners.Rsa2048.Certificate)!.Value, bare).Encode());
        ImaVerifyOperation.Definition.Run(new() { Files = [file], Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] }, _bench.Context).Exit.ShouldBe(ExitCode.Done);

        string innocent = _bench.Folder.File("innocent", id);
        ImaSignOperation.Definition.Run(new() { Files = [innocent], Sidecar = true, Signing = _bench.Identity(TestSigners.Rsa2048) }, _bench.Context)
            .Files.ShouldHaveSingleItem().Code.ShouldBe("KS3334");
        File.Exists(innocent + ".sig").ShouldBeFalse();
        ModuleSignOperation.Definition.Run(new() { Files = [innocent], InPlace = true, Signing = _bench.Identity(TestSigners.Rsa2048) }, _bench.Context)
            .Files.ShouldHaveSingleItem().Code.ShouldBe("KS3334");
        File.ReadAllBytes(innocent).ShouldBe(id);
    }

    // A client of ours refuses it itself; another may not.
    [Fact]
    public void An_agent_signs_a_file_id_for_IMA_and_not_as_a_module()
    {
        byte[] id = ImaSignature.FileId(ImaSignature.Digsig, HashAlgorithmName.SHA256, new byte[32]);
        var content = new AgentContent(SHA256.HashData(id), id);
        content.Require(ContentKind.Ima, id.Length, HashAlgorithmName.SHA256);
        Refusal.Of("KS3875", () => content.Require(ContentKind.Module, id.Length, HashAlgorithmName.SHA256), "version 3");
        content.Require(ContentKind.Module, id.Length + 1, HashAlgorithmName.SHA256);
    }

    // A policy that gives a key the one kind does not give it the other, which the structure's first byte decides.
    [Theory]
    [InlineData(ImaSignature.Digsig, ContentKind.Ima, ContentKind.Evm)]
    [InlineData(ImaSignature.VerityDigsig, ContentKind.Ima, ContentKind.Evm)]
    [InlineData(ImaSignature.PortableEvm, ContentKind.Evm, ContentKind.Ima)]
    public void An_agent_signs_a_file_id_for_the_one_that_reads_it(byte type, ContentKind right, ContentKind wrong)
    {
        byte[] id = ImaSignature.FileId(type, HashAlgorithmName.SHA256, new byte[32]);
        var content = new AgentContent(SHA256.HashData(id), id);
        content.Require(right, id.Length, HashAlgorithmName.SHA256);
        content.Require(right, id.Length, HashAlgorithmName.SHA256, whole: true);
        Refusal.Of("KS3875", () => content.Require(wrong, id.Length, HashAlgorithmName.SHA256), "version 3");
    }

    // ML-DSA signs content as it is: what a client calls IMA's could be a module.
    [Theory]
    [InlineData(ContentKind.Ima)]
    [InlineData(ContentKind.Evm)]
    public void An_agent_has_ML_DSA_sign_nothing_but_file_ids_for_IMA_and_EVM(ContentKind kind)
    {
        byte[] module = [0x7f, (byte)'E', (byte)'L', (byte)'F', .. new byte[30]];
        var content = new AgentContent(SHA512.HashData(module), module);
        content.Require(kind, module.Length, HashAlgorithmName.SHA512);
        Refusal.Of("KS3875", () => content.Require(kind, module.Length, HashAlgorithmName.SHA512, whole: true), "ML-DSA");
        content.Require(ContentKind.Module, module.Length, HashAlgorithmName.SHA512, whole: true);
    }

    [Theory]
    [InlineData(3, 4, 32, true)]
    [InlineData(5, 5, 48, true)]
    [InlineData(6, 6, 64, true)]
    [InlineData(3, 22, 64, true)]
    [InlineData(3, 1, 16, true)]
    [InlineData(3, 2, 20, true)]
    [InlineData(5, 7, 28, true)]
    [InlineData(3, 10, 40, true)]
    [InlineData(3, 17, 32, true)]
    [InlineData(3, 23, 64, false)]
    [InlineData(4, 4, 32, false)]
    [InlineData(3, 4, 31, false)]
    [InlineData(3, 4, 33, false)]
    [InlineData(3, 6, 32, false)]
    [InlineData(3, 99, 32, false)]
    [InlineData(3, 4, 0, false)]
    public void A_file_id_is_told_by_its_form(byte type, byte hash, int length, bool expected) =>
        ImaFileId.Is(Layout.Of((byte[])[type, hash, .. new byte[length]])).ShouldBe(expected);

    // Readers of BER take other forms of the length for the same set.
    [Theory]
    [InlineData("310B300906032A0304310205 00", true)]
    [InlineData("31810B300906032A0304310205 00", true)]
    [InlineData("3180300906032A0304310205000000", true)]
    [InlineData("31820000 300906032A0304310205 00", false)]
    [InlineData("310B310906032A0304310205 00", false)]
    [InlineData("300B300906032A0304310205 00", false)]
    [InlineData("310A32343630", false)]
    [InlineData("", false)]
    [InlineData("31", false)]
    public void A_set_of_attributes_is_told_by_its_form(string hex, bool expected) =>
        AttributeSet.Is(Layout.Of(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)))).ShouldBe(expected);

    [Fact]
    public void What_SignerInfos_bind_is_such_a_set() => AttributeSet.Is(Layout.Of(Attributes().Attributes)).ShouldBeTrue();

    [Fact]
    public void A_build_warns_of_one_key_in_two_roles()
    {
        SigningOptions one = _bench.Identity(TestSigners.Rsa2048), other = _bench.Identity(TestSigners.Rsa3072);
        Build(one, other);
        _bench.Warnings.ShouldNotContain(w => w.Contains("one key signs", StringComparison.Ordinal));
        Build(one, one);
        _bench.Warnings.ShouldContain(w => w.Contains("one key signs for the outer PE and IMA", StringComparison.Ordinal));
    }

    [Fact]
    public void Provenance_does_not_take_the_images_key_unasked() => Refusal.Of("KS3322", () => BuildOperation.Definition.Run(
        new()
        {
            Image = _bench.Folder.File("image", TestImage.Arm64().Bytes),
            Outer = _bench.Identity(TestSigners.Rsa2048),
            Provenance = _bench.Folder.At("p"),
            Output = _bench.Folder.At("o"),
        },
        _bench.Context), "--provenance-key");

    public void Dispose() => _bench.Dispose();

    private void Build(SigningOptions outer, SigningOptions ima) => BuildOperation.Definition.Run(
        new() { Image = _bench.Folder.File("image", TestImage.Arm64().Bytes), Outer = outer, Ima = ima, Output = _bench.Folder.At("o") }, _bench.Context);

    // The attributes that a signature of a kernel is over, and the kernel once such a signature is there.
    private (byte[] Attributes, Func<byte[], string> Complete) Attributes()
    {
        var identity = SigningIdentity.Open("sign", _bench.Identity(TestSigners.Rsa2048), _bench.Context);
        PendingSignature pending = PendingSignature.Prepare(Layout.Of(TestImage.Arm64().Bytes), identity, ExistingSignatures.Refuse, fit: false);
        pending.ToBeSigned(LayoutPass.Finish(LayoutPass.Run(pending.Body, null, [pending.ImageHash], KexecSign.Core.SilentLog.Instance, default))[0]);
        return (pending.Attributes!.Der.ToArray(), signature =>
        {
            Layout whole = pending.Body.Append(pending.Complete(signature));
            return _bench.Folder.File("kernel.efi", whole.ReadBytes(0, whole.Length));
        }
        );
    }
}
