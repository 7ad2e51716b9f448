using System.Security.Cryptography;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests;

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

    [Fact]
    public void A_key_for_ML_DSA_is_refused_with_the_reason()
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
                writer.WriteObjectIdentifier("2.16.840.1.101.3.4.3.18");
            writer.WriteBitString(new byte[1952]);
        }
        Refusal.Of("KS2033", () => KeyShape.Of(writer.Encode(), "'x'")).Message.ShouldContain("ML-DSA");
    }
}
