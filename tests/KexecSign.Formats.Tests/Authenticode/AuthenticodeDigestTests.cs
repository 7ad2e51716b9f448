using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Tests.Authenticode;

public class AuthenticodeDigestTests
{
    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void Equals_what_pesign_computes_of_an_unsigned_image(int seed)
    {
        using var folder = new TempFolder();
        byte[] image = TestImage.Arm64(seed).Bytes;
        Flat(Layout.Of(image)).ShouldBe(ToolDigests.Pesign(folder.File("image", image)));
    }

    [SkippableTheory]
    [InlineData("sha256")]
    [InlineData("sha384")]
    [InlineData("sha512")]
    public void Equals_what_osslsigncode_signs(string hash)
    {
        using var folder = new TempFolder();
        string image = folder.File("image", TestImage.Arm64().Bytes), signed = folder.At("signed");
        Tool.Run("osslsigncode", "sign", "-certs", TestSigners.Rsa2048.CertificateFile(folder), "-key", TestSigners.Rsa2048.KeyFile(folder), "-h", hash, "-in", image, "-out", signed);
        Layout file = Layout.Of(File.ReadAllBytes(signed));
        PeImage read = PeReader.Read(file);
        AuthenticodeSignature signature = AuthenticodeSignature.Decode(CertificateTable.Read(read, file)[0].Pkcs7());
        signature.IndirectData.Hash.Name.ShouldBe(hash.ToUpperInvariant());
        signature.IndirectData.Digest.ToArray().ShouldBe(AuthenticodeDigest.Compute(file, AuthenticodeDigest.FlatRanges(read), signature.IndirectData.Hash));
        signature.SignaturesHold().ShouldBeTrue();
        signature.Signer!.RawData.ShouldBe(TestSigners.Rsa2048.Certificate.RawData);
    }

    [SkippableFact]
    public void Equals_what_sbsign_signs_whatever_the_checksum()
    {
        using var folder = new TempFolder();
        string image = folder.File("image", TestImage.Arm64().OptionalField(64, 0x12345678).Bytes), signed = folder.At("signed");
        Tool.Run("sbsign", "--key", TestSigners.Rsa2048.KeyFile(folder), "--cert", TestSigners.Rsa2048.CertificateFile(folder), "--output", signed, image);
        Layout file = Layout.Of(File.ReadAllBytes(signed));
        Embedded(file).ShouldBe(Flat(file));
        Embedded(file).ShouldBe(Flat(Layout.Of(TestImage.Arm64().Bytes)));
    }

    [Fact]
    public void Both_hashes_are_one_on_a_canonical_image()
    {
        Layout padded = Layout.Of(TestImage.Arm64().Bytes).PadTo(TestImage.ImageSize);
        Sectionwise(padded).ShouldBe(Flat(padded));
    }

    [Fact]
    public void A_gap_tells_the_two_hashes_apart()
    {
        const int textEnd = TestImage.SizeOfHeaders + TestImage.TextSize;
        Layout gapped = Layout.Of(TestImage.Arm64().Insert(textEnd, 0x200).SectionField(1, 20, textEnd + 0x200).Bytes);
        Sectionwise(gapped).ShouldNotBe(Flat(gapped));
    }

    [SkippableFact]
    public void A_gap_is_hashed_sectionwise_by_sbsign_and_flat_by_osslsigncode()
    {
        const int textEnd = TestImage.SizeOfHeaders + TestImage.TextSize;
        using var folder = new TempFolder();
        byte[] bytes = TestImage.Arm64().Insert(textEnd, 0x200).SectionField(1, 20, textEnd + 0x200).Bytes;
        Layout gapped = Layout.Of(bytes);
        string image = folder.File("image", bytes), key = TestSigners.Rsa2048.KeyFile(folder), certificate = TestSigners.Rsa2048.CertificateFile(folder);
        Tool.Run("sbsign", "--key", key, "--cert", certificate, "--output", folder.At("sb"), image);
        Tool.Run("osslsigncode", "sign", "-certs", certificate, "-key", key, "-h", "sha256", "-in", image, "-out", folder.At("ossl"));
        Embedded(Layout.Of(File.ReadAllBytes(folder.At("sb")))).ShouldBe(Sectionwise(gapped));
        Embedded(Layout.Of(File.ReadAllBytes(folder.At("ossl")))).ShouldBe(Flat(gapped));
    }

    [SkippableFact]
    public void Debian_signed_the_digest_that_we_compute_of_its_unsigned_kernel()
    {
        DebianKernel unsigned = DebianKernels.Unsigned(), signed = DebianKernels.Signed();
        Skip.IfNot(unsigned.Version == signed.Version, $"the cache has {unsigned.Version} unsigned and {signed.Version} signed");
        Layout signedFile = Layout.Of(File.ReadAllBytes(signed.Path));
        Layout unsignedFile = Layout.Of(File.ReadAllBytes(unsigned.Path));
        string digest = Flat(unsignedFile);
        digest.ShouldBe(Embedded(signedFile));
        digest.ShouldBe(Sectionwise(unsignedFile));
        digest.ShouldBe(Flat(signedFile));
        if (unsigned.Version.StartsWith("6.12.117-", StringComparison.Ordinal))
        {
            digest.ShouldStartWith("98802d3c");
            digest.ShouldEndWith("4ea4");
        }
    }

    [SkippableFact]
    public void Padded_and_fitted_kernels_have_the_known_digests()
    {
        DebianKernel cloud = DebianKernels.Cloud();
        Skip.IfNot(cloud.Version.StartsWith("6.12.117-", StringComparison.Ordinal), $"known answers are for 6.12.117, the cache has {cloud.Version}");
        Layout file = Layout.Of(File.ReadAllBytes(cloud.Path));
        long imageSize = (long)KernelImage.Read(file).ImageSize;
        Flat(file).ShouldBe("33d5b343cfd09c05c9c9ce7b858e477db2dbcabac29900c4299ab1fc05baaa1f");
        Flat(file.PadTo(imageSize)).ShouldBe("5012d3a7588cccf0ff1b4cac134a66e25eb1f640a91363014a9b1028c3368137");
        Flat(file.PadTo(imageSize - 1528)).ShouldBe("8b910f74a5d61a903d0ecc20be47fc878142abde8b78ac5fc2236ace5262f248");
    }

    private static string Flat(Layout file) => Hex(file, AuthenticodeDigest.FlatRanges(PeReader.Read(file)));

    private static string Sectionwise(Layout file) => Hex(file, AuthenticodeDigest.SectionRanges(PeReader.Read(file)));

    private static string Hex(Layout file, System.Collections.Immutable.ImmutableArray<ByteRange> ranges) =>
        Convert.ToHexStringLower(AuthenticodeDigest.Compute(file, ranges, HashAlgorithmName.SHA256));

    private static string Embedded(Layout file) =>
        Convert.ToHexStringLower(AuthenticodeSignature.Decode(CertificateTable.Read(PeReader.Read(file), file)[0].Pkcs7()).IndirectData.Digest.Span);
}
