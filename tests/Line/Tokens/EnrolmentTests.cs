using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Text;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>Signed variable updates whose key is in a token, as those of a platform key in a safe are made.</summary>
[Collection(nameof(TokenBench))]
public sealed class EnrolmentTests(TokenBench bench) : IDisposable
{
    private const string Owner = "11111111-2222-3333-4444-555555555555", ImageSecurityDatabase = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public void An_update_signed_in_the_token_is_that_of_efitools_with_the_same_key_byte_for_byte()
    {
        Enroll();
        Tool.Require("sign-efi-sig-list", "cert-to-efi-sig-list");
        Tool.Demand(Directory.GetDirectories("/usr/lib", "*-linux-gnu*").Any(folder => File.Exists(Path.Combine(folder, "engines-3/pkcs11.so"))), "OpenSSL's pkcs11 engine is missing; apt-get install libengine-pkcs11-openssl");
        Tool.Run("cert-to-efi-sig-list", "-g", Owner, bench.Certificate("ec"), _folder.At("db.esl"));
        string[] settings = ["-u", "KEXECSIGN_PKCS11_MODULE", $"SOFTHSM2_CONF={bench.Environment["SOFTHSM2_CONF"]}", $"PKCS11_MODULE_PATH={TokenBench.SoftHsm}"];
        Tool.Run("env", [.. settings, "sign-efi-sig-list", "-t", "2026-01-31 12:30:05", "-e", "pkcs11",
            "-k", $"pkcs11:token=Bench;object=rsa?pin-value={TokenBench.Pin}", "-c", bench.Certificate("rsa"), "-g", ImageSecurityDatabase, "db", _folder.At("db.esl"), _folder.At("theirs.auth")]);
        File.ReadAllBytes(_folder.At("db.auth")).ShouldBe(File.ReadAllBytes(_folder.At("theirs.auth")));
    }

    [SkippableFact]
    public void Openssl_verifies_an_update_signed_in_the_token()
    {
        Enroll();
        Tool.Require("openssl");
        byte[] update = File.ReadAllBytes(_folder.At("db.auth"));
        // EFI_VARIABLE_AUTHENTICATION_2: EFI_TIME of 16 bytes, then WIN_CERTIFICATE_UEFI_GUID, whose dwLength counts its 24 bytes of header.
        int certificate = BinaryPrimitives.ReadInt32LittleEndian(update.AsSpan(16));
        byte[] list = update[(16 + certificate)..];
        // What is signed: name without terminator, vendor GUID, attributes (0x27), time, list (UEFI 8.2.2).
        byte[] content = [.. Encoding.Unicode.GetBytes("db"), .. new Guid(ImageSecurityDatabase).ToByteArray(), 0x27, 0, 0, 0, .. update[..16], .. list];
        ToolAnswer answer = Tool.Ask("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", _folder.File("p7", Wrapped(update[40..(16 + certificate)])),
            "-content", _folder.File("content", content), "-noverify", "-certfile", bench.Certificate("rsa"), "-out", "/dev/null");
        answer.Output.ShouldContain("successful");

        content[^1] ^= 1;
        Tool.Ask("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", _folder.At("p7"), "-content", _folder.File("content", content), "-noverify", "-certfile", bench.Certificate("rsa"), "-out", "/dev/null")
            .Exit.ShouldNotBe(0);
    }

    private void Enroll()
    {
        TokenBench.Require();
        Answer answer = KexecSignProgram.RunWith(bench.Environment, "keys", "enroll", "--kek", bench.Certificate("rsa"), "--kek-key", "pkcs11:token=Bench;object=rsa",
            "--db", bench.Certificate("ec"), "--pin-env", "BENCH_PIN", "--owner", Owner, "--time", "2026-01-31T12:30:05Z", "-o", _folder.Path);
        answer.Exit.ShouldBe(0, answer.Error);
    }

    // Firmware wants SignedData bare, openssl in a ContentInfo.
    private static byte[] Wrapped(byte[] signedData)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier("1.2.840.113549.1.7.2");
            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true)))
                writer.WriteEncodedValue(signedData);
        }
        return writer.Encode();
    }
}
