using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Commands.Verify;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Tests.Judging;

/// <summary>Signatures that hold by arithmetic, and that firmware or shim refuses all the same; each refusal says by which rule.</summary>
public sealed class RefusedSignatureTests : IDisposable
{
    // Where DER with lengths of two bytes has the digest's identifier.
    private const int DigestOid = 32;

    private readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Firmware_knows_no_digest_but_those_in_its_table()
    {
        string signed = WithPkcs7(pkcs7 => With(pkcs7, DigestOid + 8, 4));
        Refuses(signed, Consumer.Firmware, TestSigners.Rsa2048, "KS4148", "signature 0 names no digest", $"at byte {DigestOid}");
    }

    [Fact]
    public void A_digest_that_is_not_listed_is_not_computed()
    {
        string signed = WithPkcs7(pkcs7 => With(pkcs7, DigestOid + 8, 2));
        Refuses(
            signed, Consumer.Shim, TestSigners.Rsa2048, "KS4114", "lists the digest algorithms", "2.16.840.1.101.3.4.2.2", "used SHA256");
    }

    [Fact]
    public void Where_there_is_a_dbx_a_signature_without_its_signers_certificate_is_refused()
    {
        string signed = WithPkcs7(WithoutCertificates);
        string dbx = _bench.Folder.File("dbx.esl", SignatureList.Of(TestSigners.Other.Certificate, Guid.Empty).Encode());
        Told(
            Judge(signed, Consumer.Firmware, Pem(TestSigners.Rsa2048), dbx), "KS4149", "those who made signature 0 are not all in it",
            "dbx");
        Judge(_bench.SignedImage(TestSigners.Rsa2048), Consumer.Firmware, Pem(TestSigners.Rsa2048), dbx).Answer.ShouldBe(Answer.Accepts);
    }

    [Fact]
    public void An_issuer_that_is_no_authority_is_named_with_what_OpenSSL_says()
    {
        TestSigner leaf = TestSigner.Rsa("leaf of no authority", issuer: TestSigners.Rsa2048);
        Refuses(_bench.SignedImage(leaf), Consumer.Firmware, TestSigners.Rsa2048, "KS4145",
            "signature 0 is by CN=leaf of no authority", "CN=test rsa 2048 are refused: ", "invalid CA certificate", "EDK2");
    }

    [Fact]
    public void Shim_passes_over_a_certificate_for_modules_and_firmware_does_not()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=for modules", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.3"), new Oid("1.3.6.1.4.1.2312.16.1.2")], critical: false));
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string pem = _bench.Folder.File("modules.pem", Encoding.ASCII.GetBytes(certificate.ExportCertificatePem())), signed = _bench.Folder.At("signed");
        _bench.Sign(_bench.Folder.File("image", TestImage.Arm64().Bytes), TestSigners.Other, o => o with
        {
            Output = signed,
            Signing = new() { Key = _bench.Folder.File("modules.key", Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem())), Certificate = pem },
        });
        Judge(signed, Consumer.Firmware, pem).Answer.ShouldBe(Answer.Accepts);
        Refuses(
            signed, Consumer.Shim, pem, "KS4150", "signature 0 is by CN=for modules", "include 1.3.6.1.4.1.2312.16.1.2, module signing");
    }

    [Fact]
    public void A_kernel_from_before_kexec_file_load_answers_that_there_is_no_such_call()
    {
        TestImage image = TestImage.Arm64();
        string file = _bench.Folder.File("image", image.U16(image.Pe + 4, PeConstants.MachineLoongArch64).Bytes);
        VerifyOptions options = new() { File = file, Consumers = [Consumer.Kexec], Kernel = "6.12", KexecCertificates = [Pem(TestSigners.Rsa2048)] };
        Verdict verdict = VerifyOperation.Definition.Run(options, _bench.Context).Verdicts.ShouldHaveSingleItem();
        (verdict.Answer, verdict.Code).ShouldBe((Answer.Refuses, "KS4131"), verdict.Reason);
        verdict.Reason.ShouldStartWith("ENOSYS: loongarch has kexec_file_load since ");
        verdict.Reason.ShouldEndWith("and Linux 6.12 is older");
    }

    private void Refuses(string image, Consumer consumer, TestSigner trusted, string code, params ReadOnlySpan<string> told) =>
        Refuses(image, consumer, Pem(trusted), code, told);

    private void Refuses(string image, Consumer consumer, string trusted, string code, params ReadOnlySpan<string> told) =>
        Told(Judge(image, consumer, trusted), code, told);

    private static void Told(Verdict verdict, string code, params ReadOnlySpan<string> told)
    {
        (verdict.Answer, verdict.Code).ShouldBe((Answer.Refuses, code), verdict.Reason);
        foreach (string part in told)
            verdict.Reason.ShouldContain(part, Case.Sensitive);
    }

    private Verdict Judge(string image, Consumer consumer, string trusted, string? dbx = null) => VerifyOperation.Definition.Run(
        new() { File = image, Consumers = [consumer], Db = [trusted], Dbx = dbx }, _bench.Context).Verdicts.ShouldHaveSingleItem();

    private string Pem(TestSigner signer) => signer.CertificateFile(_bench.Folder);

    // A signed image whose PKCS#7 was then changed where no signature covers it.
    private string WithPkcs7(Func<byte[], byte[]> change)
    {
        (PeImage image, Layout file) = Bench.Read(_bench.SignedImage(TestSigners.Rsa2048));
        byte[] pkcs7 = change(CertificateTable.Read(image, file)[0].Pkcs7().ToArray());
        Layout attached = CertificateTable.Attach(
            image, CertificateTable.Strip(image, file), CertificateEntry.Encode(pkcs7, CertificateEntry.SizeFor(pkcs7.Length)));
        return _bench.Folder.File("changed", attached.ReadBytes(0, attached.Length));
    }

    private static byte[] With(byte[] bytes, int at, byte value)
    {
        bytes[at].ShouldBe((byte)1, "the last number of SHA-256");
        bytes[at] = value;
        return bytes;
    }

    private static byte[] WithoutCertificates(byte[] pkcs7)
    {
        var context0 = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        AsnReader info = new AsnReader(pkcs7, AsnEncodingRules.BER).ReadSequence();
        info.ReadObjectIdentifier();
        AsnReader signed = info.ReadSequence(context0).ReadSequence();
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Oids.SignedData);
            using (writer.PushSequence(context0))
            using (writer.PushSequence())
            {
                while (signed.HasData)
                {
                    bool isCertificates = signed.PeekTag().HasSameClassAndValue(context0);
                    ReadOnlyMemory<byte> field = signed.ReadEncodedValue();
                    if (!isCertificates)
                        writer.WriteEncodedValue(field.Span);
                }
            }
        }
        return writer.Encode();
    }
}
