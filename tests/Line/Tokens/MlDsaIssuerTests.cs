using System.Security.Cryptography;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>Certificates that a key of another kind signed, which firmware of 2026.08 takes; the boot lab asks the firmware itself.</summary>
public sealed class MlDsaIssuerTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly OpenSsl35 _openssl = OpenSsl35.Require();
    private readonly string _dotnet;

    public MlDsaIssuerTests() => _dotnet = _openssl.Dotnet(_folder);

    public void Dispose() => _folder.Dispose();

    [SkippableTheory]
    [InlineData("ml-dsa-87", "edk2-2026.08", true)]
    [InlineData("ml-dsa-87", "ovmf-2026.08", true)]
    [InlineData("ml-dsa-87", "edk2-2022.11", false)]
    [InlineData("ml-dsa-65", "edk2-2026.08", false)]
    [InlineData("ed448", "edk2-2026.08", false)]
    public void Verify_says_of_an_issuer_what_firmware_does(string algorithm, string firmware, bool taken)
    {
        string signed = Signed(algorithm);
        Answer answer = Verify(signed, firmware);
        answer.Exit.ShouldBe(taken ? 0 : 4, answer.Output + answer.Error);
        answer.Output.ShouldContain($"(by the rules of {firmware})");
        if (!taken)
            return;
        // Whose name alone is right is no issuer.
        _openssl.Run("x509", "-req", "-in", _folder.At("csr"), "-CA", _folder.At("other.pem"), "-CAkey", _folder.At("other.key"), "-out", _folder.At("leaf.pem"), "-set_serial", "7");
        Verify(Sign("by another of its name"), firmware).Exit.ShouldBe(4);
    }

    [SkippableTheory]
    [InlineData("slh-dsa-shake-256s", "edk2-2026.08", "SLH-DSA-SHAKE-256s")]
    [InlineData("ed448", "ovmf-2026.08", "Ed448")]
    public void What_firmware_computes_and_this_program_does_not_is_no_answer(string algorithm, string firmware, string named)
    {
        Answer answer = Verify(Signed(algorithm), firmware);
        answer.Exit.ShouldBe(1, answer.Output);
        answer.Error.ShouldContain("KS4721");
        answer.Error.ShouldContain(named);
    }

    [SkippableFact]
    public void Without_OpenSSL_3_5_there_is_no_answer_about_ML_DSA()
    {
        string signed = Signed("ml-dsa-87");
        Skip.If(MLDsa.IsSupported, "this machine's own OpenSSL has ML-DSA");
        Answer answer = KexecSignProgram.Run("verify", signed, "--db", _folder.At("ca.pem"), "--for", "firmware");
        answer.Exit.ShouldBe(1, answer.Output);
        answer.Error.ShouldContain("KS4721");
    }

    // An image by an RSA key below an authority of this kind.
    private string Signed(string algorithm)
    {
        string configuration = _folder.File(
            "openssl.cnf", "[req]\ndistinguished_name=dn\n[dn]\n[v3]\nbasicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=none\n"u8.ToArray());
        foreach (string name in (string[])["ca", "other"])
        {
            _openssl.Run("req", "-x509", "-newkey", algorithm, "-nodes", "-keyout", _folder.At($"{name}.key"), "-out", _folder.At($"{name}.pem"), "-subj", "/CN=ca", "-days", "30", "-config", configuration, "-extensions", "v3");
        }
        _openssl.Run("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", _folder.At("leaf.key"), "-out", _folder.At("csr"), "-subj", "/CN=leaf", "-config", configuration);
        _openssl.Run("x509", "-req", "-in", _folder.At("csr"), "-CA", _folder.At("ca.pem"), "-CAkey", _folder.At("ca.key"), "-out", _folder.At("leaf.pem"), "-set_serial", "7");
        return Sign("signed");
    }

    private string Sign(string name)
    {
        string image = _folder.File("image", TestImage.Arm64().Bytes), signed = _folder.At(name);
        Answer answer = KexecSignProgram.Run("sign", image, "--key", _folder.At("leaf.key"), "--cert", _folder.At("leaf.pem"), "-o", signed);
        answer.Exit.ShouldBe(0, answer.Error);
        return signed;
    }

    private Answer Verify(string signed, string firmware) => KexecSignProgram.RunBy(
        _dotnet, _openssl.Environment, "verify", signed, "--db", _folder.At("ca.pem"), "--for", "firmware", "--firmware", firmware);
}
