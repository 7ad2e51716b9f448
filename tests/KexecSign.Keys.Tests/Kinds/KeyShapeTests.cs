using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.Kinds;

public sealed class KeyShapeTests
{
    [Fact]
    public void A_key_for_PSS_alone_is_refused_with_the_reason()
    {
        using RSA rsa = RSA.Create(2048);
        byte[] info = rsa.ExportSubjectPublicKeyInfo();
        // rsaEncryption and id-RSASSA-PSS differ in the last byte of the identifier alone.
        int at = info.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]);
        info[at + 8] = 10;
        Refusal.Of("KS2033", () => KeyShape.Of(info, "'x'")).Message.ShouldContain("PSS");
    }

    [Theory]
    [InlineData(44, 1312, 2420)]
    [InlineData(65, 1952, 3309)]
    [InlineData(87, 2592, 4627)]
    public void A_key_for_ML_DSA_is_known_whatever_the_runtime_can_do(int set, int publicKey, int signature)
    {
        KeyShape shape = KeyShape.Of(MlDsaSet.Of(set).SubjectPublicKeyInfo(new byte[publicKey]), "'x'");
        shape.ShouldBe(new KeyShape(KeyAlgorithm.MlDsa, set));
        shape.MaxSignatureSize.ShouldBe(signature);
        shape.DefaultHash.ShouldBe(HashAlgorithmName.SHA512);
        Refusal.Of("KS2033", () => KeyShape.Of(MlDsaSet.Of(set).SubjectPublicKeyInfo(new byte[publicKey - 1]), "'x'")).Message.ShouldContain($"ML-DSA-{set}");
    }
}
