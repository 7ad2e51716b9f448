using KexecSign.Commands.Pe;
using KexecSign.Fixtures;
using KexecSign.Signing;

namespace KexecSign.Tests.Commands.Pe;

/// <summary>Images that peers hash in two ways, made canonical and then signed.</summary>
public sealed class PeNormalizeOperationTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableFact]
    public void What_peers_hash_in_two_ways_is_hashed_in_one_afterwards()
    {
        TestImage image = TestImage.Arm64().OptionalField(60, 0x800);
        string gapped = _bench.Folder.File("gapped", image.Bytes), canonical = _bench.Folder.At("canonical");
        Refusal.Of("KS1011", () => _bench.Sign(gapped, TestSigners.Rsa2048), "pe normalize");
        PeNormalizeResult normalized = PeNormalizeOperation.Definition.Run(new() { File = gapped, Output = canonical }, _bench.Context);
        normalized.Changes.ShouldHaveSingleItem();
        Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(canonical))).ShouldBe(normalized.Sha256);

        SignedImage signed = _bench.Sign(canonical, TestSigners.Rsa2048).Signed[0];
        ToolDigests.Pesign(signed.File).ShouldBe(signed.ImageDigest);
        ToolDigests.Osslsigncode(signed.File).ShouldBe((signed.ImageDigest, signed.ImageDigest));
        ToolAnswer sbverify = Tool.Ask("sbverify", "--cert", TestSigners.Rsa2048.CertificateFile(_bench.Folder), signed.File);
        sbverify.Exit.ShouldBe(0);
        sbverify.Output.ShouldNotContain("gap");
    }

    [Fact]
    public void A_canonical_image_is_copied_as_it_is()
    {
        string image = _bench.Folder.File("image", TestImage.Arm64().Bytes), copy = _bench.Folder.At("copy");
        PeNormalizeOperation.Definition.Run(new() { File = image, Output = copy }, _bench.Context).Changes.ShouldBeEmpty();
        File.ReadAllBytes(copy).ShouldBe(File.ReadAllBytes(image));
        Refusal.Of("KS3006", () => PeNormalizeOperation.Definition.Run(new() { File = image }, _bench.Context));
    }

    public void Dispose() => _bench.Dispose();
}
