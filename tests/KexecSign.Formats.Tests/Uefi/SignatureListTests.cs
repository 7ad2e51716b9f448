using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Uefi;

namespace KexecSign.Formats.Tests.Uefi;

public sealed class SignatureListTests : IDisposable
{
    private static readonly Guid Owner = new("11111111-2222-3333-4444-123456789abc");
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-uefi-");

    [SkippableFact]
    public void A_certificate_list_is_what_cert_to_efi_sig_list_writes()
    {
        Tool.Require("cert-to-efi-sig-list");
        using X509Certificate2 certificate = NewCertificate();
        string pem = Path.Combine(_folder.FullName, "c.pem"), list = Path.Combine(_folder.FullName, "c.esl");
        File.WriteAllText(pem, certificate.ExportCertificatePem());
        (int exit, string output) = Tool.Ask("cert-to-efi-sig-list", "-g", Owner.ToString(), pem, list);
        exit.ShouldBe(0, output);

        SignatureList.Of(certificate, Owner).Encode().ShouldBe(File.ReadAllBytes(list));
    }

    [SkippableFact]
    public void Two_certificates_are_found_by_sig_list_to_certs()
    {
        Tool.Require("sig-list-to-certs");
        using X509Certificate2 first = NewCertificate(), second = NewCertificate(3072);
        string list = Path.Combine(_folder.FullName, "db.esl"), name = Path.Combine(_folder.FullName, "out");
        File.WriteAllBytes(list, SignatureList.EncodeAll([SignatureList.Of(first, Owner), SignatureList.Of(second, Owner)]));
        (int exit, string output) = Tool.Ask("sig-list-to-certs", list, name);
        exit.ShouldBe(0, output);

        File.ReadAllBytes(name + "-0.der").ShouldBe(first.RawData);
        File.ReadAllBytes(name + "-1.der").ShouldBe(second.RawData);
    }

    [Fact]
    public void Digests_share_one_list()
    {
        byte[] one = SHA256.HashData([1]), two = SHA256.HashData([2]);
        byte[] value = SignatureList.OfSha256([one, two], Owner).Encode();

        Convert.ToHexStringLower(value).ShouldBe(
            "2616c4c14c509240aca941f936934328" + "7c000000" + "00000000" + "30000000"
            + "11111111222233334444123456789abc" + Convert.ToHexStringLower(one) + "11111111222233334444123456789abc" + Convert.ToHexStringLower(two));
        SignatureList.ReadAll(value).ShouldHaveSingleItem().Entries.Select(e => e.Data.ToArray()).ShouldBe([one, two]);
    }

    [Fact]
    public void A_digest_of_another_length_is_refused() =>
        Should.Throw<KexecSignException>(() => SignatureList.OfSha256([new byte[20]], Owner)).Code.Id.ShouldBe("KS1607");

    [Theory]
    [InlineData(16, 0xFFFFFFFFu)]
    [InlineData(16, 27u)]
    [InlineData(16, 28u)]
    [InlineData(20, 0xFFFFFFFFu)]
    [InlineData(24, 16u)]
    [InlineData(24, 0u)]
    [InlineData(24, 47u)]
    public void Sizes_that_do_not_go_together_are_refused(int at, uint size)
    {
        byte[] value = SignatureList.OfSha256([new byte[32], new byte[32]], Owner).Encode();
        BitConverter.TryWriteBytes(value.AsSpan(at), size);
        Should.Throw<KexecSignException>(() => SignatureList.ReadAll(value)).Code.Id.ShouldBe("KS1606");
    }

    [Fact]
    public void A_file_of_another_kind_is_said_to_be_none_and_a_damaged_list_to_be_damaged()
    {
        byte[] image = new byte[512], value = SignatureList.OfSha256([new byte[32]], Owner).Encode();
        "MZ"u8.CopyTo(image);
        Should.Throw<KexecSignException>(() => SignatureList.ReadFile(image)).Message.ShouldStartWith("KS1608: this is neither a certificate nor a list of EFI signatures: it begins with 4D5A");
        Should.Throw<KexecSignException>(() => SignatureList.ReadFile(value.AsMemory(0, 40))).Code.Id.ShouldBe("KS1606");
    }

    [Fact]
    public void A_list_cut_short_anywhere_is_refused()
    {
        byte[] value = SignatureList.OfSha256([new byte[32]], Owner).Encode();
        for (int length = 1; length < value.Length; length++)
            Should.Throw<KexecSignException>(() => SignatureList.ReadAll(value.AsMemory(0, length))).Code.Id.ShouldBe("KS1606");
    }

    [Fact]
    public void Keys_become_the_variables_that_firmware_knows_with_PK_last()
    {
        using X509Certificate2 certificate = NewCertificate();
        var keys = new SecureBootKeys
        {
            PlatformKey = certificate,
            KeyExchangeKeys = [certificate],
            Allowed = [certificate],
            AllowedDigests = [new byte[32]],
        };

        var variables = keys.ToVariables();

        variables.Select(v => (v.Name, v.Vendor)).ShouldBe([
            ("db", EfiGuids.ImageSecurityDatabase), ("KEK", EfiGuids.GlobalVariable), ("PK", EfiGuids.GlobalVariable)]);
        variables.ShouldAllBe(v => (uint)v.Attributes == 0x27 && v.TimeStamp != null);
        SignatureList.ReadAll(variables[0].Value).Select(l => l.Type).ShouldBe([EfiGuids.CertX509, EfiGuids.CertSha256]);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static X509Certificate2 NewCertificate(int bits = 2048)
    {
        using RSA key = RSA.Create(bits);
        var request = new CertificateRequest("CN=KexecSign list test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
