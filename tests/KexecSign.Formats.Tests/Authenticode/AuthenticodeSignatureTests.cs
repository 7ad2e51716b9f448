using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;

namespace KexecSign.Formats.Tests.Authenticode;

public class AuthenticodeSignatureTests
{
    private static readonly byte[] Digest = SHA256.HashData([1, 2, 3]);

    [Fact]
    public void Content_is_what_sbsign_writes_byte_for_byte()
    {
        byte[] der = new SpcIndirectData(HashAlgorithmName.SHA256, Digest).Encode();
        Convert.ToHexString(der).ShouldBe(
            "3068"
            + "3033" + "060A2B06010401823702010F" + "3025030100A020A21E801C" + Convert.ToHexString(System.Text.Encoding.BigEndianUnicode.GetBytes("<<<Obsolete>>>"))
            + "3031" + "300D060960864801650304020105000420" + Convert.ToHexString(Digest));
        SpcIndirectData.HashedOctets(der).Length.ShouldBe(104);
    }

    [Theory]
    [InlineData("rsa2048", "SHA256")]
    [InlineData("rsa2048", "SHA512")]
    [InlineData("p256", "SHA256")]
    [InlineData("p384", "SHA384")]
    public void Reads_back_what_it_wrote(string signer, string hashName)
    {
        var hash = new HashAlgorithmName(hashName);
        AuthenticodeSignature signature = AuthenticodeSignature.Decode(Signed(TestSigners.Named(signer), hash));
        signature.IndirectData.Hash.ShouldBe(hash);
        signature.SignerHash.ShouldBe(hash);
        signature.SignaturesHold().ShouldBeTrue();
        signature.Signer!.Subject.ShouldBe(TestSigners.Named(signer).Certificate.Subject);
        signature.SigningTime.ShouldBeNull();
    }

    [Fact]
    public void A_changed_digest_is_noticed()
    {
        byte[] pkcs7 = Signed(TestSigners.Rsa2048, HashAlgorithmName.SHA256);
        int at = pkcs7.AsSpan().IndexOf(CryptographicOperations.HashData(HashAlgorithmName.SHA256, [1, 2, 3]));
        pkcs7[at] ^= 1;
        AuthenticodeSignature.Decode(pkcs7).SignaturesHold().ShouldBeFalse();
    }

    [SkippableFact]
    public void OpenSSL_reads_the_signature_as_PKCS7_version_1()
    {
        using var folder = new TempFolder();
        string output = Tool.Run("openssl", "pkcs7", "-inform", "DER", "-print", "-noout", "-in", folder.File("p7", Signed(TestSigners.Rsa2048, HashAlgorithmName.SHA256)));
        output.ShouldContain("version: 1");
        output.ShouldContain("CN=test rsa 2048", Case.Sensitive);
        output.ShouldContain("rsaEncryption");
    }

    [Fact]
    public void Refuses_other_content()
    {
        var cms = new SignedCms(new ContentInfo([1, 2, 3]));
        cms.ComputeSignature(new CmsSigner(TestSigners.Rsa2048.Certificate.CopyWithPrivateKey((RSA)TestSigners.Rsa2048.Key)));
        Refusal.Of("KS1506", () => AuthenticodeSignature.Decode(cms.Encode()), Oids.Data, Oids.SpcIndirectData);
    }

    [Theory]
    [InlineData("")]
    [InlineData("3000")]
    [InlineData("3080")]
    [InlineData("308006092A864886F70D010702A080308000000000")]
    public void Refuses_what_is_no_PKCS7(string hex) =>
        Refusal.Of("KS1506", () => AuthenticodeSignature.Decode(Convert.FromHexString(hex)));

    // RFC 5652 11.3: a GeneralizedTime from 2050 on.
    [Theory]
    [InlineData(2049)]
    [InlineData(2050)]
    [InlineData(2099)]
    public void Reads_signing_times_of_any_year(int year)
    {
        var time = new DateTimeOffset(year, 1, 2, 3, 4, 5, TimeSpan.Zero);
        AuthenticodeSignature.Decode(Signed(TestSigners.Rsa2048, HashAlgorithmName.SHA256, time)).SigningTime.ShouldBe(time);
    }

    [Fact]
    public void Refuses_nesting_without_end()
    {
        byte[] deep = new byte[60_000];
        for (int i = 0; i < deep.Length; i += 2)
            (deep[i], deep[i + 1]) = (0x30, 0x80);
        Refusal.Of("KS1506", () => AuthenticodeSignature.Decode(deep));
    }

    [Theory]
    [InlineData("1.3.14.3.2.26", 32, "KS1508")]
    [InlineData("2.16.840.1.101.3.4.2.1", 20, "KS1508")]
    [InlineData("2.16.840.1.101.3.4.2.1", 0, "KS1508")]
    [InlineData("1.2.840.113549.2.5", 16, "KS1507")]
    public void Refuses_digests_that_do_not_fit_their_algorithm(string oid, int length, string code)
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
                writer.WriteObjectIdentifier(Oids.SpcPeImageData);
            using (writer.PushSequence())
            {
                using (writer.PushSequence())
                    writer.WriteObjectIdentifier(oid);
                writer.WriteOctetString(new byte[length]);
            }
        }
        Refusal.Of(code, () => SpcIndirectData.Decode(writer.Encode()));
    }

    internal static byte[] Signed(TestSigner signer, HashAlgorithmName hash, DateTimeOffset? time = null)
    {
        byte[] content = new SpcIndirectData(hash, CryptographicOperations.HashData(hash, [1, 2, 3])).Encode();
        SignedAttributes attributes = SignedAttributes.For(content, hash, "test", time);
        byte[] signature = signer.Key is RSA rsa
            ? rsa.SignData(attributes.Der.ToArray(), hash, RSASignaturePadding.Pkcs1)
            : ((ECDsa)signer.Key).SignData(attributes.Der.ToArray(), hash, DSASignatureFormat.Rfc3279DerSequence);
        return AuthenticodeSignedData.Encode(
            content, attributes, hash, [signer.Certificate], signer.Key is RSA ? SignatureScheme.RsaPkcs1 : SignatureScheme.Ecdsa, signature);
    }
}
