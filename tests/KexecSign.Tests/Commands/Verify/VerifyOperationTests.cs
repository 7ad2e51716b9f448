using System.Security.Cryptography;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Verify;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Tests.Commands.Verify;

public sealed class VerifyOperationTests : IDisposable
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData(Consumer.Firmware)]
    [InlineData(Consumer.Shim)]
    [InlineData(Consumer.Kexec)]
    public void A_signed_kernel_is_taken(Consumer consumer)
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        Judge(signed, consumer, TestSigners.Rsa2048).ShouldBe((Answer.Accepts, null));
        Judge(signed, consumer).ShouldBe((Answer.NotDecided, null));
    }

    [Theory]
    [InlineData(Consumer.Firmware, "KS4104")]
    [InlineData(Consumer.Shim, "KS4104")]
    [InlineData(Consumer.Kexec, "KS40")]
    public void Not_with_another_certificate(Consumer consumer, string code)
    {
        (Answer answer, string? found) = Judge(_bench.SignedImage(TestSigners.Rsa2048), consumer, TestSigners.Other);
        answer.ShouldBe(Answer.Refuses);
        found!.ShouldStartWith(code);
    }

    [Theory]
    [InlineData(Consumer.Firmware, "KS4102")]
    [InlineData(Consumer.Shim, "KS4102")]
    [InlineData(Consumer.Kexec, "KS40")]
    public void Not_with_a_flipped_byte(Consumer consumer, string code)
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        byte[] bytes = File.ReadAllBytes(signed);
        bytes[0x2345] ^= 1;
        (Answer answer, string? found) = Judge(_bench.Folder.File("flipped", bytes), consumer, TestSigners.Rsa2048);
        answer.ShouldBe(Answer.Refuses);
        found!.ShouldStartWith(code);
    }

    [Theory]
    [InlineData(Consumer.Firmware, "KS4103")]
    [InlineData(Consumer.Kexec, "KS40")]
    public void Not_with_a_changed_signature(Consumer consumer, string code)
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        byte[] bytes = File.ReadAllBytes(signed);
        bytes[^20] ^= 1;
        (Answer answer, string? found) = Judge(_bench.Folder.File("changed", bytes), consumer, TestSigners.Rsa2048);
        answer.ShouldBe(Answer.Refuses);
        found!.ShouldStartWith(code);
    }

    [Theory]
    [InlineData(Consumer.Firmware, "KS4101")]
    [InlineData(Consumer.Shim, "KS4101")]
    [InlineData(Consumer.Kexec, "KS40")]
    [InlineData(Consumer.Ima, "KS4111")]
    [InlineData(Consumer.Bpf, "KS4121")]
    public void Not_without_a_signature_or_parser(Consumer consumer, string code)
    {
        (Answer answer, string? found) = Judge(_bench.Folder.File("image", TestImage.Arm64().Bytes), consumer, TestSigners.Rsa2048);
        answer.ShouldBe(Answer.Refuses);
        found!.ShouldStartWith(code);
    }

    [Fact]
    public void Firmware_refuses_ECDSA_and_the_kernel_takes_it()
    {
        string signed = _bench.SignedImage(TestSigners.P256);
        Judge(signed, Consumer.Firmware, TestSigners.P256).ShouldBe((Answer.Refuses, "KS4105"));
        Judge(signed, Consumer.Kexec, TestSigners.P256).ShouldBe((Answer.Accepts, null));
    }

    [Fact]
    public void Firmware_looks_at_every_signature_and_the_kernel_at_the_first()
    {
        string twice = _bench.Sign(_bench.SignedImage(TestSigners.Other), TestSigners.Rsa2048, o => o with { Existing = ExistingSignatures.Append }).Signed[0].File;
        Judge(twice, Consumer.Firmware, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
        Judge(twice, Consumer.Kexec, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Refuses);
        Judge(twice, Consumer.Kexec, TestSigners.Other).Answer.ShouldBe(Answer.Accepts);
    }

    [Fact]
    public void An_authority_is_enough_when_the_signers_certificate_travels_along()
    {
        string signed = _bench.SignedImage(TestSigners.Leaf);
        Judge(signed, Consumer.Firmware, TestSigners.Authority).Answer.ShouldBe(Answer.Accepts);
        Judge(signed, Consumer.Kexec, TestSigners.Authority).Answer.ShouldBe(Answer.Accepts);
        Judge(signed, Consumer.Firmware, TestSigners.Leaf).Answer.ShouldBe(Answer.Accepts);
    }

    [SkippableFact]
    public void A_digest_in_dbx_revokes()
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        string list = _bench.Folder.At("dbx.esl");
        Tool.Run("hash-to-efi-sig-list", signed, list);
        foreach (Consumer consumer in (Consumer[])[Consumer.Firmware, Consumer.Shim])
            Judge(signed, consumer, list, TestSigners.Rsa2048).ShouldBe((Answer.Refuses, "KS4106"));
        Judge(_bench.SignedImage(TestSigners.Rsa2048, TestImage.Arm64(seed: 9)), Consumer.Firmware, list, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
    }

    [SkippableTheory]
    [InlineData(Consumer.Firmware)]
    [InlineData(Consumer.Shim)]
    [InlineData(Consumer.Kexec)]
    public void A_certificate_in_dbx_revokes(Consumer consumer)
    {
        string list = CertificateList(TestSigners.Leaf);
        Judge(_bench.SignedImage(TestSigners.Leaf), consumer, list, TestSigners.Authority).Answer.ShouldBe(Answer.Refuses);
        Judge(_bench.SignedImage(TestSigners.Rsa2048), consumer, list, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
    }

    [SkippableFact]
    public void An_authority_in_dbx_revokes_what_it_issued_though_it_does_not_travel_along()
    {
        string list = CertificateList(TestSigners.Authority);
        Judge(_bench.SignedImage(TestSigners.Leaf), Consumer.Firmware, list, TestSigners.Leaf).ShouldBe((Answer.Refuses, "KS4106"));
    }

    [SkippableFact]
    public void A_revoked_signature_spoils_a_good_one()
    {
        string twice = _bench.Sign(_bench.SignedImage(TestSigners.Rsa2048), TestSigners.Other, o => o with { Existing = ExistingSignatures.Append }).Signed[0].File;
        Judge(twice, Consumer.Firmware, CertificateList(TestSigners.Other), TestSigners.Rsa2048).ShouldBe((Answer.Refuses, "KS4106"));
    }

    [SkippableFact]
    public void A_certificate_in_dbx_that_nobody_can_read_does_not_stop_the_rest()
    {
        byte[] list = File.ReadAllBytes(CertificateList(TestSigners.Other));
        list[60] ^= 0xFF;
        Judge(_bench.SignedImage(TestSigners.Rsa2048), Consumer.Kexec, _bench.Folder.File("broken.esl", list), TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
    }

    [Fact]
    public void A_broken_list_is_an_error_that_names_it()
    {
        string list = _bench.Folder.File("broken.esl", new byte[30]);
        var refused = Should.Throw<KexecSignException>(() => Judge(_bench.SignedImage(TestSigners.Rsa2048), Consumer.Firmware, list, TestSigners.Rsa2048));
        refused.File.ShouldBe(list);
    }

    [Fact]
    public void Ima_takes_the_sidecar_until_it_or_the_file_is_changed()
    {
        string file = _bench.Folder.File("image", TestImage.Arm64().Bytes);
        ImaSignOperation.Definition.Run(new() { Files = [file], Signing = _bench.Identity(TestSigners.P384) }, _bench.Context);
        With(file, Consumer.Ima, o => o with { Applied = true, ImaCertificates = [TestSigners.P384.CertificateFile(_bench.Folder)] }).Says.ShouldBe("accepts once applied");
        Judge(file, Consumer.Ima, TestSigners.Other).ShouldBe((Answer.Refuses, "KS4112"));
        byte[] value = File.ReadAllBytes(file + ".sig");
        value[^1] ^= 1;
        File.WriteAllBytes(file + ".sig", value);
        Judge(file, Consumer.Ima, TestSigners.P384).ShouldBe((Answer.Refuses, "KS4113"));
    }

    [SkippableFact]
    public void Bpf_takes_a_parser_that_gives_the_kernel()
    {
        string embedded = _bench.Folder.At("embedded");
        Embed(_bench.Folder.File("zboot.o", ParserSources.Object("zboot", 6)));
        Judge(embedded, Consumer.Bpf).ShouldBe((Answer.Accepts, null));
        Embed(Parsers.Compile(_bench.Folder));
        Judge(embedded, Consumer.Bpf).ShouldBe((Answer.Refuses, "KS4563"));

        void Embed(string parser) => KexecSign.Commands.Bpf.BpfEmbedOperation.Definition.Run(
            new() { Image = _bench.Folder.File("zboot", TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes), Parser = parser, Output = embedded }, _bench.Context);
    }

    [Fact]
    public void Kexec_judges_the_kernel_inside_a_zboot_image()
    {
        string good = Zboot(TestSigners.Rsa2048), bad = Zboot(TestSigners.Other);
        Judge(good, Consumer.Kexec, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
        Judge(bad, Consumer.Kexec, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Refuses);
        Judge(bad, Consumer.Firmware, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);

        string Zboot(TestSigner inner) => _bench.SignedImage(TestSigners.Rsa2048, TestZboot.Gzip(File.ReadAllBytes(_bench.SignedImage(inner))));
    }

    [Fact]
    public void Without_a_word_each_consumer_that_has_something_is_asked()
    {
        string plain = _bench.SignedImage(TestSigners.Rsa2048, TestZboot.Gzip(TestImage.Arm64().Bytes));
        Verify(plain).Verdicts.Select(v => v.Consumer).ShouldBe([Consumer.Firmware]);
        string inner = _bench.SignedImage(TestSigners.Rsa2048, TestZboot.Gzip(File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048))));
        ImaSignOperation.Definition.Run(new() { Files = [inner], Signing = _bench.Identity(TestSigners.Rsa2048) }, _bench.Context);
        string certificate = TestSigners.Rsa2048.CertificateFile(_bench.Folder);
        VerifyResult result = VerifyOperation.Definition.Run(new() { File = inner, Db = [certificate], KexecCertificates = [certificate], ImaCertificates = [certificate] }, _bench.Context);
        result.Verdicts.Select(v => v.Consumer).ShouldBe([Consumer.Firmware, Consumer.Kexec, Consumer.Ima]);
        result.Exit.ShouldBe(ExitCode.Done);
        result.TrustChecked.ShouldBeTrue();
    }

    [Fact]
    public void A_broken_payload_is_kexecs_verdict_and_hides_nothing()
    {
        TestImage zboot = TestZboot.Gzip(TestImage.Arm64().Bytes);
        zboot.Bytes.AsSpan((int)zboot.U32(8) + 10, 64).Fill(0xAA);
        VerifyResult result = VerifyOperation.Definition.Run(
            new() { File = _bench.SignedImage(TestSigners.Rsa2048, zboot), Db = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] }, _bench.Context);
        result.Verdicts.Select(v => (v.Consumer, v.Answer)).ShouldBe([(Consumer.Firmware, Answer.Accepts), (Consumer.Kexec, Answer.Refuses)]);
        result.Verdicts[1].Code!.ShouldStartWith("KS120");
        result.Exit.ShouldBe(ExitCode.VerificationFailed);
    }

    [Fact]
    public void What_was_signed_and_then_padded_is_refused()
    {
        byte[] signed = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048));
        string padded = _bench.Folder.File("padded", [.. signed, .. new byte[TestImage.ImageSize - signed.Length]]);
        Judge(padded, Consumer.Firmware, TestSigners.Rsa2048).ShouldBe((Answer.Refuses, "KS4102"));
        Judge(padded, Consumer.Kexec, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Refuses);
    }

    [SkippableFact]
    public void Debians_own_signature_holds()
    {
        string kernel = DebianKernels.Signed().Path;
        VerifyResult result = VerifyOperation.Definition.Run(new() { File = kernel, NoTrust = true }, _bench.Context);
        result.Verdicts.Select(v => (v.Consumer, v.Answer, v.SignatureHolds)).ShouldBe([(Consumer.Firmware, Answer.NotDecided, true), (Consumer.Kexec, Answer.NotDecided, true)]);
        result.Exit.ShouldBe(ExitCode.Done);
        Verify(kernel, TestSigners.Rsa2048).Exit.ShouldBe(ExitCode.VerificationFailed);
    }

    [SkippableFact]
    public void A_digest_or_certificate_in_db_allows()
    {
        string unsigned = _bench.Folder.File("unsigned", TestImage.Arm64().Bytes), signed = _bench.SignedImage(TestSigners.Rsa2048), digests = _bench.Folder.At("digests.esl");
        Tool.Run("hash-to-efi-sig-list", unsigned, digests);
        With(unsigned, Consumer.Firmware, o => o with { Db = [digests] }).Answer.ShouldBe(Answer.Accepts);
        With(signed, Consumer.Firmware, o => o with { Db = [digests] }).Reason.ShouldContain("is in db");
        With(_bench.SignedImage(TestSigners.Rsa2048, TestImage.Arm64(seed: 9)), Consumer.Firmware, o => o with { Db = [digests] }).Code.ShouldBe("KS4104");
        string certificates = CertificateList(TestSigners.Rsa2048);
        foreach (Consumer consumer in (Consumer[])[Consumer.Firmware, Consumer.Shim, Consumer.Kexec])
            With(signed, consumer, o => o with { Db = [certificates] }).Answer.ShouldBe(Answer.Accepts);
        With(signed, Consumer.Firmware, o => o with { Db = [certificates], Dbx = digests }).Code.ShouldBe("KS4106");
    }

    [Fact]
    public void A_longer_digest_is_nothing_for_shim()
    {
        string signed = _bench.Folder.At("sha384"), unsigned = _bench.Folder.File("plain", TestImage.Arm64().Bytes);
        _bench.Sign(unsigned, TestSigners.Rsa2048, o => o with { Output = signed, Signing = o.Signing with { Digest = "sha384" } });
        Judge(signed, Consumer.Firmware, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
        Judge(signed, Consumer.Shim, TestSigners.Rsa2048).ShouldBe((Answer.Refuses, "KS4120"));

        (PeImage image, Layout file) = Bench.Read(unsigned);
        byte[] digest = AuthenticodeDigest.Compute(file, AuthenticodeDigest.SectionRanges(image), HashAlgorithmName.SHA384);
        string list = _bench.Folder.File("384.esl", new SignatureList(EfiGuids.CertSha384, [new(Guid.Empty, digest)]).Encode());
        With(unsigned, Consumer.Firmware, o => o with { Db = [list] }).Answer.ShouldBe(Answer.Accepts);
        With(unsigned, Consumer.Shim, o => o with { Db = [list] }).Code.ShouldBe("KS4101");
    }

    // DxeImageVerificationHandler() looks in dbx for the digest that the signature names, and for others only of images without signatures.
    [Fact]
    public void A_longer_digest_in_dbx_revokes_unsigned_images_and_those_signed_by_it()
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048), unsigned = _bench.Folder.File("plain", TestImage.Arm64().Bytes), longer = _bench.Folder.At("sha384");
        _bench.Sign(unsigned, TestSigners.Rsa2048, o => o with { Output = longer, Signing = o.Signing with { Digest = "sha384" } });
        string list = DigestList(unsigned, HashAlgorithmName.SHA384, EfiGuids.CertSha384), allowed = DigestList(unsigned, HashAlgorithmName.SHA256, EfiGuids.CertSha256);
        Judge(signed, Consumer.Firmware, list, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
        Judge(longer, Consumer.Firmware, list, TestSigners.Rsa2048).ShouldBe((Answer.Refuses, "KS4106"));
        With(unsigned, Consumer.Firmware, o => o with { Db = [allowed] }).Answer.ShouldBe(Answer.Accepts);
        With(unsigned, Consumer.Firmware, o => o with { Db = [allowed], Dbx = list }).Code.ShouldBe("KS4106");
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void Firmware_loads_drivers(ushort subsystem)
    {
        TestImage driver = TestImage.Arm64();
        string signed = _bench.SignedImage(TestSigners.Rsa2048, driver.U16(driver.Optional + 68, subsystem));
        Judge(signed, Consumer.Firmware, TestSigners.Rsa2048).ShouldBe((Answer.Accepts, null));
        Judge(_bench.SignedImage(TestSigners.Rsa2048, driver.U16(driver.Optional + 68, 9)), Consumer.Firmware, TestSigners.Rsa2048).ShouldBe((Answer.Refuses, "KS4107"));
    }

    [Fact]
    public void A_byte_that_pesign_left_behind_the_signature_is_a_warning_and_another_signature_can_be_added()
    {
        byte[] bytes = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048));
        PeDirectory table = PeReader.Read(Layout.Of(bytes)).CertificateTable;
        int length = BitConverter.ToInt32(bytes, (int)table.Address);
        byte[] longer = new byte[bytes.Length + 8];
        bytes.CopyTo(longer, 0);
        longer[table.Address + length] = 0x80;
        BitConverter.GetBytes(length + 1).CopyTo(longer, (int)table.Address);
        int size = TestImage.Arm64().CertificateDirectory + 4;
        BitConverter.GetBytes((int)Alignment.Up(length + 1, 8)).CopyTo(longer, size);
        string file = _bench.Folder.File("pesign", longer.AsSpan(0, (int)(table.Address + Alignment.Up(length + 1, 8))));
        foreach (Consumer consumer in (Consumer[])[Consumer.Firmware, Consumer.Shim])
        {
            Verdict verdict = With(file, consumer, o => o with { Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] });
            verdict.Answer.ShouldBe(Answer.Accepts);
            verdict.Warnings.ShouldHaveSingleItem().ShouldContain("not zero padding");
        }
        _bench.Sign(file, TestSigners.Other, o => o with { Existing = ExistingSignatures.Append, Output = _bench.Folder.At("twice") });
        Judge(_bench.Folder.At("twice"), Consumer.Firmware, TestSigners.Other).Answer.ShouldBe(Answer.Accepts);
    }

    [Fact]
    public void A_weak_key_is_a_warning_beside_the_verdict()
    {
        TestSigner weak = TestSigner.Rsa("weak", 1024);
        byte[] image = TestImage.Arm64().Bytes;
        Layout file = Layout.Of(image);
        byte[] digest = AuthenticodeDigest.Compute(file, AuthenticodeDigest.SectionRanges(PeReader.Read(file)), HashAlgorithmName.SHA256);
        byte[] content = new SpcIndirectData(HashAlgorithmName.SHA256, digest).Encode();
        SignedAttributes attributes = SignedAttributes.For(content, HashAlgorithmName.SHA256, "");
        byte[] signature = ((RSA)weak.Key).SignHash(attributes.Hash(HashAlgorithmName.SHA256), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        byte[] pkcs7 = AuthenticodeSignedData.Encode(content, attributes, HashAlgorithmName.SHA256, [weak.Certificate], SignatureScheme.RsaPkcs1, signature);
        Layout signed = CertificateTable.Attach(PeReader.Read(file), file, CertificateTable.Encode([CertificateEntry.Encode(pkcs7, CertificateEntry.SizeFor(pkcs7.Length))]));
        Verdict verdict = With(_bench.Folder.File("weak", signed.ReadBytes(0, signed.Length)), Consumer.Firmware, o => o with { Certificates = [weak.CertificateFile(_bench.Folder)] });
        verdict.Answer.ShouldBe(Answer.Accepts);
        verdict.Warnings.ShouldHaveSingleItem().ShouldContain("RSA-1024");
    }

    [SkippableFact]
    public void Lists_are_taken_as_signed_updates_and_files_of_efivarfs_too()
    {
        Tool.Require("sign-efi-sig-list");
        string signed = _bench.SignedImage(TestSigners.Rsa2048), list = CertificateList(TestSigners.Rsa2048), auth = _bench.Folder.At("db.auth");
        Tool.Run("sign-efi-sig-list", "-k", TestSigners.Other.KeyFile(_bench.Folder), "-c", TestSigners.Other.CertificateFile(_bench.Folder), "db", list, auth);
        string variable = _bench.Folder.File("db-d719b2cb", [0x27, 0, 0, 0, .. File.ReadAllBytes(list)]);
        foreach (string db in (string[])[list, auth, variable])
        {
            With(signed, Consumer.Firmware, o => o with { Db = [db] }).Answer.ShouldBe(Answer.Accepts, db);
            With(signed, Consumer.Firmware, o => o with { Db = [list], Dbx = db }).Code.ShouldBe("KS4106", db);
        }
    }

    // The kernel is given this file and reads no sections.
    [Fact]
    public void Kexec_judges_an_Image_itself_whatever_its_sections_hold()
    {
        byte[] inner = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048));
        Layout decoy = PeEditor.AddSection(Layout.Of(TestImage.Arm64().Bytes), ".linux", Layout.Of(inner), PeConstants.DiscardableData);
        string file = _bench.Folder.File("decoy", decoy.ReadBytes(0, decoy.Length));
        Judge(file, Consumer.Kexec, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Refuses);
    }

    // 'zimg' at 0x4 is for anyone to write. kexec-tools looks for the Image's magic first (kexec/arch/arm64/kexec-arm64.c, file_type[]), and
    // nobody on x86 unpacks a zboot: there the kernel is given the file.
    [Theory]
    [InlineData("an Image")]
    [InlineData("a bzImage")]
    [InlineData("a PE image for x86_64")]
    public void Kexec_judges_a_kernel_itself_whatever_stands_at_the_place_of_a_zboots_magic(string what)
    {
        TestImage decoy = TestZboot.Gzip(File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048)));
        Judge(_bench.Folder.File("zboot", decoy.Bytes), Consumer.Kexec, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts, "the payload is signed");
        switch (what)
        {
            case "an Image":
                "ARM\x64"u8.CopyTo(decoy.Bytes.AsSpan(56));
                break;
            case "a bzImage":
                decoy.U16(decoy.Pe + 4, 0x8664).U16(0x1FE, 0xAA55).U32(0x202, 0x53726448).U16(0x206, 0x20F);
                break;
            case "a PE image for x86_64":
                decoy.U16(decoy.Pe + 4, 0x8664);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(what), what, null);
        }
        Judge(_bench.Folder.File("decoy", decoy.Bytes), Consumer.Kexec, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Refuses, what);
    }

    [Fact]
    public void The_hash_of_a_certificates_signed_part_in_dbx_revokes()
    {
        byte[] signedPart = new System.Formats.Asn1.AsnReader(TestSigners.Authority.Certificate.RawData, System.Formats.Asn1.AsnEncodingRules.DER).ReadSequence().ReadEncodedValue().ToArray();
        string list = _bench.Folder.File("tbs.esl", new SignatureList(EfiGuids.CertX509Sha256, [new(Guid.Empty, (byte[])[.. SHA256.HashData(signedPart), .. new byte[16]])]).Encode());
        string chained = _bench.Sign(_bench.Folder.File("image", TestImage.Arm64().Bytes), TestSigners.Leaf, o => o with { Signing = _bench.Identity(TestSigners.Leaf, chain: true) }).Signed[0].File;
        Judge(chained, Consumer.Firmware, list, TestSigners.Authority).ShouldBe((Answer.Refuses, "KS4106"));
        Judge(_bench.SignedImage(TestSigners.Rsa2048), Consumer.Firmware, list, TestSigners.Rsa2048).Answer.ShouldBe(Answer.Accepts);
    }

    [SkippableFact]
    public void A_machine_owner_key_counts_for_shim_and_the_kernel_but_not_for_firmware()
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        string[] mok = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)], other = [TestSigners.Other.CertificateFile(_bench.Folder)];
        With(signed, Consumer.Shim, o => o with { OwnerCertificates = [.. mok], Certificates = [.. other] }).Answer.ShouldBe(Answer.Accepts);
        With(signed, Consumer.Kexec, o => o with { OwnerCertificates = [.. mok], Certificates = [.. other] }).Answer.ShouldBe(Answer.Accepts);
        With(signed, Consumer.Firmware, o => o with { OwnerCertificates = [.. mok], Certificates = [.. other] }).Code.ShouldBe("KS4104");
        string revoked = CertificateList(TestSigners.Rsa2048);
        With(signed, Consumer.Shim, o => o with { OwnerCertificates = [.. mok], OwnerDbx = revoked }).Code.ShouldBe("KS4106");
        With(signed, Consumer.Firmware, o => o with { Certificates = [.. mok], OwnerDbx = revoked }).Answer.ShouldBe(Answer.Accepts);
    }

    [Theory]
    [InlineData("sbat,1,a,b,c,d\nlinux,2,a,b,c,d\n", "sbat,1,2024040900\nlinux,2\n", null)]
    [InlineData("sbat,1,a,b,c,d\nlinux,2,a,b,c,d\n", "sbat,1,2024040900\nlinux,3\n", "KS4109")]
    [InlineData("sbat,1,a,b,c,d\nlinux,2,a\n", null, "KS1701")]
    public void Shim_reads_SBAT(string section, string? level, string? code)
    {
        Layout with = PeEditor.AddSection(Layout.Of(TestImage.Arm64().Bytes), ".sbat", Layout.Of(System.Text.Encoding.ASCII.GetBytes(section)), PeConstants.DiscardableData);
        string signed = _bench.Sign(_bench.Folder.File("image", with.ReadBytes(0, with.Length)), TestSigners.Rsa2048).Signed[0].File;
        string? file = level is null ? null : _bench.Folder.File("level.csv", System.Text.Encoding.ASCII.GetBytes(level));
        string[] certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)];
        Verdict verdict = With(signed, Consumer.Shim, o => o with { SbatLevel = file, Certificates = [.. certificates] });
        (verdict.Answer, verdict.Code).ShouldBe((code is null ? Answer.Accepts : Answer.Refuses, code));
        With(signed, Consumer.Firmware, o => o with { SbatLevel = file, Certificates = [.. certificates] }).Answer.ShouldBe(Answer.Accepts);
    }

    [Theory]
    [InlineData(Consumer.Firmware)]
    [InlineData(Consumer.Shim)]
    [InlineData(Consumer.Kexec)]
    public void An_expired_certificate_is_mentioned_and_refused_when_asked_for(Consumer consumer)
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        var later = new RunContext { Keyring = _bench.Context.Keyring, Clock = new Later() };
        string[] certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)];
        Verdict warned = VerifyOperation.Definition.Run(new() { File = signed, Consumers = [consumer], Certificates = [.. certificates] }, later).Verdicts[0];
        warned.Answer.ShouldBe(Answer.Accepts);
        warned.Reason.ShouldContain("does not count");
        VerifyOperation.Definition.Run(new() { File = signed, Consumers = [consumer], ExpiredFails = true }, later).Verdicts[0].Code.ShouldBe("KS4108");
        With(signed, consumer, o => o with { ExpiredFails = true, Certificates = [.. certificates] }).Answer.ShouldBe(Answer.Accepts);
    }

    [SkippableTheory]
    [InlineData("s390x")]
    [InlineData("powerpc64")]
    public void Kernels_that_read_appended_signatures_are_modelled(string architecture)
    {
        TestSigner signer = TestSigners.Rsa2048;
        string vmlinux = _bench.Folder.File("vmlinux", TestImage.Arm64().Bytes), p7 = _bench.Folder.At("p7");
        Tool.Run("openssl", "cms", "-sign", "-binary", "-noattr", "-nocerts", "-keyid", "-md", "sha256", "-in", vmlinux,
            "-signer", signer.CertificateFile(_bench.Folder), "-inkey", signer.KeyFile(_bench.Folder), "-outform", "DER", "-out", p7);
        byte[] pkcs7 = File.ReadAllBytes(p7), kernel = File.ReadAllBytes(vmlinux);
        byte[] appended = [.. kernel, .. pkcs7, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, (byte)(pkcs7.Length >> 8), (byte)(pkcs7.Length & 0xFF), .. "~Module signature appended~\n"u8];
        string signed = _bench.Folder.File("vmlinux.signed", appended);
        Ask(signed, signer).ShouldBe((Answer.Accepts, null));
        With(signed, Consumer.Kexec, o => o with { Architecture = architecture }).Answer.ShouldBe(Answer.NotDecided);
        Ask(signed, TestSigners.Other).ShouldBe((Answer.Refuses, "KS4142"));
        Ask(vmlinux, signer).ShouldBe((Answer.Refuses, "KS4132"));
        appended[100] ^= 1;
        Ask(_bench.Folder.File("flipped", appended), signer).ShouldBe((Answer.Refuses, "KS4143"));
        appended[100] ^= 1;
        appended[kernel.Length + pkcs7.Length + 8] = 0xFF;
        Ask(_bench.Folder.File("lies", appended), signer).ShouldBe((Answer.Refuses, "KS1422"));

        (Answer, string?) Ask(string file, TestSigner trusted)
        {
            Verdict verdict = With(file, Consumer.Kexec, o => o with { Architecture = architecture, Certificates = [trusted.CertificateFile(_bench.Folder)] });
            return (verdict.Answer, verdict.Code);
        }
    }

    [Fact]
    public void Loongarch_checks_no_signature_and_the_verdict_says_so() =>
        With(_bench.Folder.File("image", TestImage.Arm64().U16(TestImage.Arm64().Pe + 4, 0x6264).Bytes), Consumer.Kexec, o => o).Reason.ShouldContain("without a check of signatures");

    [Fact]
    public void Every_verdict_names_the_rules_it_follows() =>
        VerifyOperation.Definition.Run(new() { File = _bench.SignedImage(TestSigners.Rsa2048), Consumers = [.. Enum.GetValues<Consumer>()] }, _bench.Context)
            .Verdicts.Select(v => v.Rule).Distinct().Count().ShouldBe(5);

    public void Dispose() => _bench.Dispose();

    private Verdict With(string file, Consumer consumer, Func<VerifyOptions, VerifyOptions> change) =>
        VerifyOperation.Definition.Run(change(new() { File = file, Consumers = [consumer] }), _bench.Context).Verdicts.ShouldHaveSingleItem();

    private sealed class Later : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow.AddYears(50);
    }

    private string DigestList(string image, HashAlgorithmName algorithm, Guid type)
    {
        (PeImage headers, Layout file) = Bench.Read(image);
        byte[] digest = AuthenticodeDigest.Compute(file, AuthenticodeDigest.SectionRanges(headers), algorithm);
        return _bench.Folder.File($"{algorithm.Name}.esl", new SignatureList(type, [new(Guid.Empty, digest)]).Encode());
    }

    private string CertificateList(TestSigner signer)
    {
        string list = _bench.Folder.At("dbx.esl");
        Tool.Run("cert-to-efi-sig-list", signer.CertificateFile(_bench.Folder), list);
        return list;
    }

    private VerifyResult Verify(string file, params TestSigner[] trusted) =>
        VerifyOperation.Definition.Run(new() { File = file, Certificates = [.. trusted.Select(t => t.CertificateFile(_bench.Folder))] }, _bench.Context);

    private (Answer Answer, string? Code) Judge(string file, Consumer consumer, params TestSigner[] trusted) => Judge(file, consumer, null, trusted);

    private (Answer Answer, string? Code) Judge(string file, Consumer consumer, string? dbx, params TestSigner[] trusted)
    {
        VerifyResult result = VerifyOperation.Definition.Run(
            new() { File = file, Consumers = [consumer], Dbx = dbx, Certificates = [.. trusted.Select(t => t.CertificateFile(_bench.Folder))] }, _bench.Context);
        Verdict verdict = result.Verdicts.ShouldHaveSingleItem();
        result.Exit.ShouldBe(verdict.Answer == Answer.Accepts ? ExitCode.Done : ExitCode.VerificationFailed);
        verdict.Reason.ShouldNotBeEmpty();
        return (verdict.Answer, verdict.Code);
    }
}
