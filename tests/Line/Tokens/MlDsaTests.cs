using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>ML-DSA keys in files and in a token, with Debian 13's OpenSSL, whose <c>openssl</c> judges what comes out.</summary>
public sealed class MlDsaTests : IDisposable
{
    private static readonly byte[] Trailer = Encoding.ASCII.GetBytes("~Module signature appended~\n");
    private readonly MlDsaBench _bench = new();
    private readonly TempFolder _folder;
    private readonly OpenSsl35 _openssl;

    public MlDsaTests()
    {
        _folder = _bench.Folder;
        _openssl = _bench.OpenSsl;
        _folder.File("content", RandomNumberGenerator.GetBytes(100_000));
    }

    public void Dispose() => _bench.Dispose();

    [SkippableTheory]
    [InlineData(44)]
    [InlineData(65)]
    [InlineData(87)]
    public void A_module_is_signed_over_its_content_without_attributes(int set)
    {
        _bench.Certified(set);
        _bench.Succeed("module", "sign", _folder.At("content"), "--key", _folder.At("key"), "--cert", _folder.At("cert"), "-o", _folder.At("signed"));
        JudgeModule();
        _bench.Succeed("module", "verify", _folder.At("signed"), "--cert", _folder.At("cert"));

        byte[] changed = File.ReadAllBytes(_folder.At("signed"));
        changed[5] ^= 1;
        Answer refused = _bench.Run("module", "verify", _folder.File("changed", changed), "--cert", _folder.At("cert"));
        refused.Exit.ShouldBe(4);
        refused.Error.ShouldContain("KS4143");
    }

    [SkippableTheory]
    [InlineData(44)]
    [InlineData(65)]
    [InlineData(87)]
    public void A_PE_image_is_signed_over_attributes_with_SHA_512_and_only_the_kernel_is_said_to_take_it(int set)
    {
        _bench.Certified(set);
        string image = _folder.File("image", TestImage.Arm64().Bytes), signed = _folder.At("signed");
        _bench.Succeed("sign", image, "--key", _folder.At("key"), "--cert", _folder.At("cert"), "-o", signed)
            .Error.ShouldContain("firmware, shim and older kernels do not");

        Tool.Run("sbattach", "--detach", _folder.At("p7"), signed);
        CmsSignature signature = CmsSignature.Read(File.ReadAllBytes(_folder.At("p7")));
        signature.Hash.ShouldBe(HashAlgorithmName.SHA512);
        _bench.Holds(_folder.File("attributes", signature.Attributes.Der.Span), signature.Signature.Span).ShouldBeTrue();
        // SignedCms has its own code for what the attributes bind and how.
        _bench.Succeed("signatures", "list", signed, "--json").Json.GetProperty("signatures")[0].GetProperty("signatureHolds").GetBoolean().ShouldBeTrue();

        Answer verdicts = _bench.Run("verify", signed, "--db", _folder.At("cert"), "--kexec-cert", _folder.At("cert"), "--for", "all");
        verdicts.Exit.ShouldBe(4);
        verdicts.Output.ShouldContain("firmware  refuses  KS4105: signature 0 uses algorithm ML-DSA");
        verdicts.Output.ShouldContain("shim      refuses  KS4105: signature 0 uses algorithm ML-DSA");
        verdicts.Output.ShouldContain("(ML-DSA, known from Linux 7.0 on), which the kernel has no code for");
    }

    [SkippableTheory]
    [InlineData(44)]
    [InlineData(65)]
    [InlineData(87)]
    public void The_model_of_a_kernel_of_7_x_takes_it_and_one_of_6_x_does_not(int set)
    {
        _bench.Certified(set);
        string image = _folder.File("image", TestImage.Arm64().Bytes), signed = _folder.At("signed");
        _bench.Succeed("sign", image, "--key", _folder.At("key"), "--cert", _folder.At("cert"), "-o", signed);
        Answer verdict(string file, string kernel) => _bench.Run("verify", file, "--kexec-cert", _folder.At("cert"), "--for", "kexec", "--kernel", kernel);
        verdict(signed, "7.0").Exit.ShouldBe(0);
        verdict(signed, "7.3").Output.ShouldContain("by the rules of Linux 7.3");
        verdict(signed, "6.19").Output.ShouldContain("ENOPKG");

        // A byte of the image, and one of the signature, which is the last thing before the padding.
        byte[] changed = File.ReadAllBytes(signed);
        changed[0x1100] ^= 1;
        verdict(_folder.File("changed", changed), "7.3").Exit.ShouldBe(4);
        byte[] other = File.ReadAllBytes(signed);
        other[Array.FindLastIndex(other, b => b != 0) - 100] ^= 1;
        Answer wrong = verdict(_folder.File("other", other), "7.3");
        (wrong.Exit, wrong.Output.Contains("EKEYREJECTED", StringComparison.Ordinal)).ShouldBe((4, true), wrong.Output);

        if (!MLDsa.IsSupported)
            KexecSignProgram.Run("verify", signed, "--kexec-cert", _folder.At("cert"), "--for", "kexec", "--kernel", "7.3").Error.ShouldContain("KS4721");
    }

    [SkippableFact]
    public void Without_OpenSSL_3_5_an_ML_DSA_signature_is_neither_called_right_nor_wrong()
    {
        _bench.Certified(65);
        string image = _folder.File("image", TestImage.Arm64().Bytes), signed = _folder.At("signed");
        _bench.Succeed("sign", image, "--key", _folder.At("key"), "--cert", _folder.At("cert"), "-o", signed);
        _bench.Succeed("module", "sign", _folder.At("content"), "--key", _folder.At("key"), "--cert", _folder.At("cert"), "-o", _folder.At("module"));
        Skip.If(MLDsa.IsSupported, "this machine's own OpenSSL has ML-DSA");

        KexecSignProgram.Run("signatures", "list", signed, "--json").Json.GetProperty("signatures")[0].TryGetProperty("signatureHolds", out _).ShouldBeFalse();
        KexecSignProgram.Run("signatures", "list", signed).Output.ShouldContain("cannot verify");
        KexecSignProgram.Run("inspect", signed).Output.ShouldContain("not judged");
        KexecSignProgram.Run("module", "verify", _folder.At("module"), "--cert", _folder.At("cert")).Error.ShouldContain("KS4144");
        KexecSignProgram.Run("module", "sign", _folder.At("content"), "--key", _folder.At("key"), "--cert", _folder.At("cert"), "-o", _folder.At("none")).Error.ShouldContain("KS2054");
    }

    [SkippableTheory]
    [InlineData("ima sign CONTENT --version 2 --sidecar", "KS3927", "-ENOPKG")]
    [InlineData("build --image IMAGE -o OUT", "KS3408", "firmware and shim")]
    [InlineData("module sign CONTENT --digest sha256 -o OUT", "KS3012", "sha512 with an ML-DSA key")]
    [InlineData("prepare IMAGE --bundle OUT", "KS3408", "ML-DSA signs messages")]
    public void Where_nobody_would_take_it_it_is_refused_with_the_reason(string command, string code, string reason)
    {
        _bench.Certified(65);
        _folder.File("image", TestImage.Arm64().Bytes);
        string[] arguments = [.. command.Split(' ').Select(word => word is "CONTENT" or "IMAGE" or "OUT" ? _folder.At(word.ToLowerInvariant()) : word),
            .. command.StartsWith("prepare", StringComparison.Ordinal) ? (string[])[] : ["--key", _folder.At("key")], "--cert", _folder.At("cert")];
        Answer answer = _bench.Run(arguments);
        answer.Exit.ShouldBe(2, answer.Error);
        answer.Error.ShouldContain(code);
        answer.Error.ShouldContain(reason);
        Path.Exists(_folder.At("out")).ShouldBeFalse();
    }

    [SkippableTheory]
    [InlineData("mldsa44")]
    [InlineData("mldsa65")]
    [InlineData("mldsa87")]
    public void A_token_of_PKCS11_3_2_makes_a_key_certifies_it_and_signs(string algorithm)
    {
        string module = _bench.Token();
        string profile = _folder.At("profile.json");
        File.WriteAllText(profile, $$"""{ "token": "pq", "module": "{{module}}", "keys": [ { "label": "cert", "role": "module", "algorithm": "{{algorithm}}", "subject": "CN=pq" } ] }""");
        _bench.Succeed("keys", "init", "--profile", profile, "--certificates", _folder.Path, "--pin-env", "PQ_PIN");
        File.Move(_folder.At("cert.pem"), _folder.At("cert"));
        _openssl.Run("verify", "-check_ss_sig", "-CAfile", _folder.At("cert"), _folder.At("cert")).ShouldContain("OK");

        _bench.Succeed("module", "sign", _folder.At("content"), "--key", $"pkcs11:token=pq;object=cert?module-path={module}", "--cert", _folder.At("cert"), "--pin-env", "PQ_PIN", "-o", _folder.At("signed"));
        JudgeModule();
        _bench.Succeed("keys", "list", $"pkcs11:token=pq?module-path={module}", "--pin-env", "PQ_PIN").Output.ShouldContain("IMA and EVM of 7.2 and later");
        _bench.Run("sign", _folder.File("image", TestImage.Arm64().Bytes), "--digest", "sha384", "--key", $"pkcs11:token=pq?module-path={module}", "--cert", _folder.At("cert"), "--pin-env", "PQ_PIN", "-o", _folder.At("none"))
            .Error.ShouldContain("KS3012");
    }

    [SkippableFact]
    public void A_profile_with_an_ML_DSA_key_that_nobody_would_take_is_refused()
    {
        string profile = _folder.At("profile.json");
        File.WriteAllText(profile, """{ "token": "pq", "keys": [ { "label": "x", "role": "secure-boot", "algorithm": "mldsa65", "subject": "CN=pq" } ] }""");
        Answer answer = _bench.Run("keys", "init", "--profile", profile, "--directory", _folder.At("token"));
        answer.Exit.ShouldBe(2, answer.Error);
        answer.Error.ShouldContain("KS3402");
        answer.Error.ShouldContain("no firmware or shim");
    }

    // OpenSSL before 4.0 cannot verify CMS without attributes with ML-DSA, so its CMS reader shows the form and pkeyutl judges.
    private void JudgeModule()
    {
        byte[] content = File.ReadAllBytes(_folder.At("content")), signed = File.ReadAllBytes(_folder.At("signed"));
        signed.AsSpan().StartsWith(content).ShouldBeTrue();
        signed.AsSpan().EndsWith(Trailer).ShouldBeTrue();
        int length = BinaryPrimitives.ReadInt32BigEndian(signed.AsSpan(signed.Length - Trailer.Length - 4));
        byte[] pkcs7 = signed[(signed.Length - Trailer.Length - 12 - length)..(signed.Length - Trailer.Length - 12)];
        pkcs7.Length.ShouldBe(signed.Length - content.Length - Trailer.Length - 12);
        string form = _openssl.Run("cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", _folder.File("p7", pkcs7));
        form.ShouldContain("eContent: <ABSENT>");
        string absent = string.Join(' ', form.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        absent.ShouldContain("signedAttrs: <ABSENT>");
        absent.ShouldContain("signatureAlgorithm: algorithm: ML-DSA-");
        _bench.Holds(_folder.At("content"), SignatureOf(pkcs7)).ShouldBeTrue();
    }

    // The SignerInfo ends with the signature and SignedData with the SignerInfo.
    private static byte[] SignatureOf(byte[] pkcs7)
    {
        AsnReader info = new AsnReader(pkcs7, AsnEncodingRules.DER).ReadSequence();
        info.ReadObjectIdentifier();
        AsnReader data = info.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true)).ReadSequence();
        data.ReadInteger();
        data.ReadSetOf();
        data.ReadSequence();
        AsnReader signer = data.ReadSetOf().ReadSequence();
        for (int fields = 0; fields < 4; fields++)
            signer.ReadEncodedValue();
        return signer.ReadOctetString();
    }
}
