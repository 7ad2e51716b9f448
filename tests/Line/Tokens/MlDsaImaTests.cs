using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>
/// ML-DSA for IMA and EVM: OpenSSL 3.5's own program judges what is signed and signs what is judged, over bytes that are put together here
/// as the kernel's struct ima_file_id and struct signature_v2_hdr say (security/integrity/integrity.h).
/// </summary>
public sealed class MlDsaImaTests : IDisposable
{
    private const byte File3 = 3, Evm5 = 5, Verity6 = 6;
    private const int Header = 9;
    private readonly MlDsaBench _bench = new();
    private readonly string _content;

    public MlDsaImaTests() => _content = _bench.Folder.File("content", RandomNumberGenerator.GetBytes(100_000));

    public void Dispose() => _bench.Dispose();

    [SkippableTheory]
    [InlineData(44, "sha256", 4, 2420)]
    [InlineData(65, "sha384", 5, 3309)]
    [InlineData(87, null, 6, 4627)]
    public void A_value_is_of_version_3_over_the_structure_itself(int set, string? digest, byte hash, int length)
    {
        _bench.Certified(set);
        Succeed(["ima", "sign", _content, "--sidecar", .. Key(), .. digest is null ? (string[])[] : ["--digest", digest]]);

        byte[] value = File.ReadAllBytes(_content + ".sig");
        value[..3].ShouldBe([File3, 3, hash]);
        value[3..7].ShouldBe(KeyId());
        BinaryPrimitives.ReadUInt16BigEndian(value.AsSpan(7)).ShouldBe((ushort)length);
        value.Length.ShouldBe(Header + length);
        Judged(FileId(File3, hash, _content), value).ShouldBeTrue();
        Judged(FileId(Verity6, hash, _content), value).ShouldBeFalse();

        Succeed("ima", "show", _content + ".sig").Output.ShouldContain($"signature, {length} bytes: ML-DSA-{set}");
        Answer verified = Succeed("ima", "verify", _content, "--cert", _bench.At("cert"));
        verified.Output.ShouldContain("version 3");
        verified.Output.ShouldContain("for Linux 7.2 and later");
    }

    [SkippableTheory]
    [InlineData(44)]
    [InlineData(65)]
    [InlineData(87)]
    public void What_OpenSSL_signed_holds_and_what_is_anything_else_does_not(int set)
    {
        _bench.Certified(set);
        _bench.Certified(set, "other-key", "other-cert");
        byte[] right = Made(FileId(File3, 4, _content), 4);
        Verify(right).ShouldBe(0);

        byte[] changed = [.. right];
        changed[^1] ^= 1;
        Verify(changed).ShouldBe(4);
        // The type and the hash are in what is signed; the version is not.
        Verify(Made(FileId(Verity6, 4, _content), 4)).ShouldBe(4);
        Verify(Made(FileId(File3, 4, _content), 6)).ShouldBe(4);
        Verify(Made(SHA256.HashData(FileId(File3, 4, _content)), 4)).ShouldBe(4);
        Verify(Made(FileId(File3, 4, _content), 4, "other-key")).ShouldBe(4);
        byte[] second = [.. right];
        second[1] = 2;
        Verify(second, "KS4152").ShouldBe(4);
        File.AppendAllText(_content, "more");
        Verify(right, "KS4113").ShouldBe(4);
    }

    [SkippableFact]
    public void A_portable_EVM_value_is_over_the_structure_with_the_metadata_s_hash()
    {
        _bench.Certified(65);
        Succeed(["ima", "sign", _content, "--sidecar", .. Key(), "--evm", "--owner", "5:6", "--mode", "640", "--selinux", "label"]);

        byte[] ima = File.ReadAllBytes(_content + ".sig"), evm = File.ReadAllBytes(_content + ".evm.sig");
        evm[..3].ShouldBe([Evm5, 3, 6]);
        // security.selinux, security.ima, struct h_misc without inode number and generation.
        byte[] metadata = [.. "label\0"u8, .. ima, .. new byte[12], 5, 0, 0, 0, 6, 0, 0, 0, 0xA0, 0x81, 0, 0];
        Judged([Evm5, 6, .. SHA512.HashData(metadata)], evm).ShouldBeTrue();
        metadata[^3] ^= 1;
        Judged([Evm5, 6, .. SHA512.HashData(metadata)], evm).ShouldBeFalse();

        string[] verify = ["ima", "verify", _content, "--cert", _bench.At("cert"), "--evm", "--selinux", "label", "--mode", "640", "--owner"];
        Succeed([.. verify, "5:6"]);
        _bench.Run([.. verify, "5:7"]).Exit.ShouldBe(4);
    }

    [SkippableFact]
    public void Whoever_asks_for_version_2_is_refused_before_anything_is_written()
    {
        _bench.Certified(65);
        Refused(["ima", "sign", _content, "--sidecar", .. Key(), "--version", "2"]).ShouldBe(2);
        Refused(["evm", "sign", _content, "--sidecar", "--ima", "0404", .. Key(), "--version", "2"]).ShouldBe(2);
        Refused(["as", "evmctl", "ima_sign", "--v2", "--sigfile", "-n", "--key", _bench.At("key"), _content]).ShouldBe(1);
        Directory.GetFiles(_bench.Folder.Path, "*.sig").ShouldBeEmpty();

        int Refused(string[] arguments)
        {
            Answer answer = _bench.Run(arguments);
            answer.Error.ShouldContain("KS3927");
            answer.Error.ShouldContain("-ENOPKG");
            answer.Error.ShouldContain("version 3");
            return answer.Exit;
        }
    }

    [SkippableTheory]
    [InlineData("--v3")]
    [InlineData("-v")]
    public void Evmctl_s_lines_sign_and_verify(string option)
    {
        _bench.Certified(44);
        string der = _bench.Folder.File("cert.der", X509CertificateLoader.LoadCertificateFromFile(_bench.At("cert")).RawData);
        Answer signed = Succeed("as", "evmctl", "ima_sign", option, "-a", "sha256", "-n", "--sigfile", "--key", _bench.At("key"), _content);
        byte[] value = File.ReadAllBytes(_content + ".sig");
        signed.Output.Trim().ShouldBe(Convert.ToHexStringLower(value));
        value[..3].ShouldBe([File3, 3, 4]);
        // Of the key alone, as evmctl computes it; OpenSSL's certificates have the same.
        value[3..7].ShouldBe(KeyId());
        Judged(FileId(File3, 4, _content), value).ShouldBeTrue();
        Succeed("as", "evmctl", "ima_verify", "--sigfile", "--key", der, _content);
        File.AppendAllText(_content, "more");
        _bench.Run("as", "evmctl", "ima_verify", "--sigfile", "--key", der, _content).Exit.ShouldBe(1);

        Answer evm = Succeed("as", "evmctl", "sign", "--portable", option, "-a", "sha256", "-n", "--ima", "0404", "--uid", "0", "--gid", "0", "--mode", "33188", "--key", _bench.At("key"), _content);
        byte[] metadata = [4, 4, .. new byte[20], 0xA4, 0x81, 0, 0];
        Judged([Evm5, 4, .. SHA256.HashData(metadata)], Convert.FromHexString(evm.Output.Trim())).ShouldBeTrue();
    }

    [SkippableFact]
    public void A_token_of_PKCS11_3_2_signs_for_IMA()
    {
        string module = _bench.Token(), profile = _bench.At("profile.json");
        File.WriteAllText(profile, $$"""{ "token": "pq", "module": "{{module}}", "keys": [ { "label": "cert", "role": "ima", "algorithm": "mldsa87", "subject": "CN=pq" } ] }""");
        Succeed("keys", "init", "--profile", profile, "--certificates", _bench.Folder.Path, "--pin-env", "PQ_PIN");
        File.Move(_bench.At("cert.pem"), _bench.At("cert"));
        Succeed("ima", "sign", _content, "--sidecar", "--key", $"pkcs11:token=pq;object=cert?module-path={module}", "--cert", _bench.At("cert"), "--pin-env", "PQ_PIN");
        byte[] value = File.ReadAllBytes(_content + ".sig");
        value[3..7].ShouldBe(KeyId());
        Judged(FileId(File3, 6, _content), value).ShouldBeTrue();
    }

    [SkippableFact]
    public void A_build_signs_for_the_kernels_that_take_it_and_verify_says_which_those_are()
    {
        _bench.Certified(65);
        string image = _bench.Folder.File("image", TestImage.Arm64().Bytes), built = _bench.At("built.efi");
        Answer answer = Succeed("build", "--image", image, "--ima-key", _bench.At("key"), "--ima-cert", _bench.At("cert"), "-o", built);
        answer.Output.ShouldContain("for Linux 7.2 and later");
        Judged(FileId(File3, 6, built), File.ReadAllBytes(built + ".sig")).ShouldBeTrue();

        string[] verify = ["verify", built, "--for", "ima", "--applied", "--ima-cert", _bench.At("cert"), "--kernel"];
        Succeed([.. verify, "7.2"]);
        foreach (string kernel in (string[])["7.1", "6.12"])
        {
            Answer refused = _bench.Run([.. verify, kernel]);
            refused.Exit.ShouldBe(4, refused.Error);
            refused.Output.ShouldContain("KS4153");
            refused.Output.ShouldContain("since 7.2 Linux has ML-DSA keys for IMA");
        }
        byte[] changed = File.ReadAllBytes(built);
        changed[^1] ^= 1;
        File.WriteAllBytes(built, changed);
        Answer wrong = _bench.Run([.. verify, "7.3"]);
        (wrong.Exit, wrong.Output.Contains("KS4113", StringComparison.Ordinal)).ShouldBe((4, true), wrong.Output);
    }

    [SkippableFact]
    public void The_files_of_a_package_are_signed_so_too()
    {
        _bench.Certified(44);
        string package = TestPackage.Build(_bench.Folder, [("t", File.ReadAllBytes(_content))]);
        Succeed(["rpm", "sign", package, "--in-place", .. Key()]);
        byte[] value = Convert.FromHexString(Tool.Run("rpm", "-qp", "--nosignature", "--qf", "%{FILESIGNATURES}", package).Trim());
        Judged(FileId(File3, 4, _content), value).ShouldBeTrue();
        Succeed("rpm", "verify", package, "--cert", _bench.At("cert"));
    }

    [SkippableFact]
    public void Where_the_file_system_has_no_room_for_it_both_numbers_are_told()
    {
        _bench.Certified(87);
        Answer answer = _bench.Run(["ima", "sign", _content, "--xattr", "user", .. Key()]);
        Skip.If(answer.Exit == 0, "this file system has room for 4636 bytes");
        Skip.If(answer.Error.Contains("no such attributes", StringComparison.Ordinal), "this file system has no user attributes");
        answer.Error.ShouldContain("KS3923");
        answer.Error.ShouldContain("its 4636 bytes do not fit");
        answer.Error.ShouldContain("4096");
    }

    [SkippableFact]
    public void Without_OpenSSL_3_5_a_value_is_neither_called_right_nor_wrong()
    {
        _bench.Certified(65);
        Succeed(["ima", "sign", _content, "--sidecar", .. Key()]);
        Skip.If(MLDsa.IsSupported, "this machine's own OpenSSL has ML-DSA");
        Answer answer = KexecSignProgram.Run("ima", "verify", _content, "--cert", _bench.At("cert"));
        answer.Exit.ShouldBe(1);
        answer.Output.ShouldContain("not decided");
        answer.Output.ShouldContain("KS4144");
    }

    private string[] Key() => ["--key", _bench.At("key"), "--cert", _bench.At("cert")];

    private Answer Succeed(params string[] arguments) => _bench.Succeed(arguments);

    private byte[] KeyId() => X509CertificateLoader.LoadCertificateFromFile(_bench.At("cert")).Extensions
        .OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray()[^4..];

    private static byte[] FileId(byte type, byte hash, string file)
    {
        byte[] content = File.ReadAllBytes(file);
        return [type, hash, .. hash switch { 4 => SHA256.HashData(content), 5 => SHA384.HashData(content), _ => SHA512.HashData(content) }];
    }

    private bool Judged(byte[] signed, byte[] value) => _bench.Holds(_bench.Folder.File("signed-bytes", signed), value.AsSpan(Header));

    // A value whose signature OpenSSL's program made.
    private byte[] Made(byte[] signed, byte hash, string key = "key")
    {
        _bench.OpenSsl.Run("pkeyutl", "-sign", "-rawin", "-inkey", _bench.At(key), "-in", _bench.Folder.File("to-sign", signed), "-out", _bench.At("raw"));
        byte[] signature = File.ReadAllBytes(_bench.At("raw"));
        byte[] length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)signature.Length);
        return [File3, 3, hash, .. KeyId(), .. length, .. signature];
    }

    private int Verify(byte[] value, string? code = null)
    {
        File.WriteAllBytes(_content + ".sig", value);
        Answer answer = _bench.Run("ima", "verify", _content, "--cert", _bench.At("cert"));
        (answer.Output + answer.Error).ShouldContain(code ?? "");
        return answer.Exit;
    }
}
