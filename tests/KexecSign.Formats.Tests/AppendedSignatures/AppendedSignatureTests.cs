using KexecSign.Fixtures;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Tests.AppendedSignatures;

public sealed class AppendedSignatureTests
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 100).Select(i => (byte)i)];
    private static readonly byte[] Der = DetachedSignedData.Encode(
        new(SignerName.ByIssuer(TestSigners.P256.Certificate), System.Security.Cryptography.HashAlgorithmName.SHA256, new byte[70]), SignatureScheme.Ecdsa);

    [Fact]
    public void A_file_without_the_marker_has_none()
    {
        AppendedSignature.Find(Layout.Of(Content)).ShouldBeNull();
        AppendedSignature.Find(Layout.Empty).ShouldBeNull();
        AppendedSignature.Find(Layout.Of(Signed().AsMemory(0, Signed().Length - 1))).ShouldBeNull();
    }

    // As 'openssl req -x509' leaves out what sign-file -k names.
    [Fact]
    public void A_certificate_without_key_identifier_cannot_be_named_by_it()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest("CN=bare", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var bare = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1));
        Refusal.Of("KS1424", () => SignerName.ByKeyIdentifier(bare));
    }

    [Fact]
    public void What_is_encoded_is_found()
    {
        AppendedSignature found = AppendedSignature.Find(Layout.Of(Signed())).ShouldNotBeNull();
        found.ContentLength.ShouldBe(Content.Length);
        found.SignedData.ToArray().ShouldBe(Der);
        DetachedSigner signer = DetachedSignedData.Decode(found.SignedData).ShouldHaveSingleItem();
        signer.Name.Names(TestSigners.P256.Certificate).ShouldBeTrue();
        signer.Name.Names(TestSigners.P384.Certificate).ShouldBeFalse();
    }

    // Distances from the end: 28 bytes of marker, then the block of 12.
    [Theory]
    [InlineData(40, "KS1421")]
    [InlineData(39, "KS1421")]
    [InlineData(38, "KS1421")]
    [InlineData(37, "KS1421")]
    [InlineData(33, "KS1421")]
    [InlineData(32, "KS1422")]
    public void Refuses_a_block_that_the_kernel_would_refuse(int fromEnd, string code)
    {
        byte[] file = Signed();
        file[^fromEnd] ^= 0x41;
        Refusal.Of(code, () => AppendedSignature.Find(Layout.Of(file)));
    }

    [Fact]
    public void Refuses_a_marker_with_nothing_before_it() =>
        Refusal.Of("KS1422", () => AppendedSignature.Find(Layout.Of("~Module signature appended~\n"u8.ToArray())));

    [Fact]
    public void Refuses_damaged_PKCS7_and_never_trips()
    {
        foreach (byte[] damaged in Mutations.Of(Der, 0, Der.Length, 3000, seed: 7))
        {
            try
            {
                DetachedSignedData.Decode(damaged);
            }
            catch (Formats.Errors.KexecSignException refused)
            {
                refused.Code.Id.ShouldBeOneOf("KS1423", "KS1507");
            }
        }
    }

    [Fact]
    public void Refuses_a_PE_with_Authenticode_only()
    {
        Should.NotThrow(() => AuthenticodeTable.RefuseIn(Layout.Of(TestImage.Arm64().Bytes)));
        Should.NotThrow(() => AuthenticodeTable.RefuseIn(Layout.Of("MZ"u8.ToArray())));
        Refusal.Of("KS1425", () => AuthenticodeTable.RefuseIn(Layout.Of(TestImage.Arm64().Certificates(0x5000, 8).Bytes)), "0x5000");
    }

    private static byte[] Signed() => [.. Content, .. AppendedSignature.Encode(Der)];
}
