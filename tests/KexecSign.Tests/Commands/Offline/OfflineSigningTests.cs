using System.Security.Cryptography;
using KexecSign.Commands.Offline;
using KexecSign.Commands.Signatures;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Pe;
using KexecSign.Signing;
using KexecSign.Tests.Peers;

namespace KexecSign.Tests.Commands.Offline;

/// <summary>Bundles signed by openssl, pesign and osslsigncode as the signer, and files judged by sbverify and the kernel's model.</summary>
public sealed class OfflineSigningTests : IDisposable
{
    private readonly Bench _bench = new();
    private readonly string _bundle;
    private string? _certificate;

    public OfflineSigningTests() => _bundle = _bench.Folder.At("bundle");

    [SkippableTheory]
    [InlineData("rsa2048", "sha256", false)]
    [InlineData("rsa2048", "sha256", true)]
    [InlineData("rsa4096", "sha512", false)]
    [InlineData("p256", "sha256", false)]
    [InlineData("p384", "sha384", true)]
    public void What_openssl_pkeyutl_signs_is_what_signing_here_gives(string name, string digest, bool fit)
    {
        TestSigner signer = TestSigners.Named(name);
        string image = _bench.Folder.File("Image", TestImage.Arm64().Bytes);
        BundleStage stage = Prepare(signer, o => o with { Digest = digest, Fit = fit }, image).Stage;
        PkeyutlAnswer(signer, digest, stage, 0, "any-name");
        SignedImage attached = Attach(_bench.Folder.At("attached")).Signed.ShouldHaveSingleItem();
        attached.ImageDigest.ShouldBe(stage.Files[0].ImageDigest);
        if (name.StartsWith("rsa", StringComparison.Ordinal))
        {
            SignedImage online = _bench.Sign(image, signer, o => o with { Fit = fit, Signing = o.Signing with { Digest = digest } }).Signed[0];
            File.ReadAllBytes(attached.File).ShouldBe(File.ReadAllBytes(online.File));
        }
        Bench.KernelAccepts(attached.File, signer).ShouldBeTrue();
        if (digest == "sha256")
            Tool.Run("sbverify", "--cert", signer.CertificateFile(_bench.Folder), attached.File);
    }

    [Fact]
    public void The_command_that_prepare_ends_with_names_all_that_attach_requires() =>
        Prepare(TestSigners.Rsa2048, o => o, _bench.Folder.File("Image", TestImage.Arm64().Bytes)).View().Notes.ShouldHaveSingleItem()
            .ShouldContain($"'kexecsign attach --bundle {_bundle} --cert {_certificate} -o OUT'");

    [SkippableFact]
    public void Answers_are_found_by_what_they_sign_whatever_they_are_called()
    {
        TestSigner signer = TestSigners.Rsa3072;
        string[] images = [.. Enumerable.Range(1, 3).Select(i => _bench.Folder.File($"image{i}", TestImage.Arm64(i).Bytes))];
        BundleStage stage = Prepare(signer, o => o, images).Stage;
        string elsewhere = Directory.CreateDirectory(_bench.Folder.At("elsewhere")).FullName;
        string[] names = ["b", "c", "a"];
        for (int i = 0; i < 3; i++)
            PkeyutlAnswer(signer, "sha256", stage, i, names[i], i == 1 ? elsewhere : null);
        string output = Directory.CreateDirectory(_bench.Folder.At("out")).FullName;

        Refusal.Of("KS3715", () => Attach(output), "1 of 3", "image2");
        Directory.GetFiles(output).ShouldBeEmpty();
        Attach(output, o => o with { Answers = [elsewhere] }).Signed.Length.ShouldBe(3);
        foreach (string image in images)
            Tool.Run("sbverify", "--cert", signer.CertificateFile(_bench.Folder), Path.Combine(output, Path.GetFileName(image)));
    }

    [SkippableFact]
    public void Attributes_that_pesign_exported_are_taken_with_the_signature_over_them()
    {
        Tool.Require("pesign", "certutil", "pk12util");
        TestSigner signer = TestSigners.Rsa2048;
        string image = _bench.Folder.File("Image", TestImage.Arm64().Bytes), nss = NssDatabase.Of(signer, _bench.Folder);
        BundleStage stage = Prepare(signer, o => o with { Level = BundleLevel.Digest }, image).Stage;
        string answers = Path.Combine(_bundle, "stage-1", "answers");
        Tool.Run("pesign", "-n", nss, "-c", NssDatabase.Nickname, "-i", image, "-E", Path.Combine(answers, "sattrs"));
        Tool.Run("openssl", "dgst", "-sha256", "-sign", signer.KeyFile(_bench.Folder), "-out", Path.Combine(answers, "sattrs.sig"), Path.Combine(answers, "sattrs"));
        SignedImage attached = Attach(_bench.Folder.At("attached")).Signed[0];
        Tool.Run("sbverify", "--cert", signer.CertificateFile(_bench.Folder), attached.File);
        Bench.KernelAccepts(attached.File, signer).ShouldBeTrue();

        // pesign, given the same two files, makes a signature for the same digest.
        string theirs = _bench.Folder.At("pesigned");
        Tool.Run("pesign", "-n", nss, "-c", NssDatabase.Nickname, "-i", image, "-I", Path.Combine(answers, "sattrs"), "-R", Path.Combine(answers, "sattrs.sig"), "-o", theirs);
        Digest(theirs).ShouldBe(stage.Files[0].ImageDigest);
    }

    [SkippableTheory]
    [InlineData("-pem")]
    [InlineData("")]
    public void A_whole_PKCS7_made_by_osslsigncode_is_attached(string form)
    {
        TestSigner signer = TestSigners.Rsa2048;
        string image = _bench.Folder.File("Image", TestImage.Arm64().Bytes), there = _bench.Folder.At("there");
        Prepare(signer, o => o with { Level = BundleLevel.Digest }, image);
        Tool.Run("osslsigncode", "sign", "-h", "sha256", "-certs", signer.CertificateFile(_bench.Folder), "-key", signer.KeyFile(_bench.Folder), "-in", image, "-out", there);
        string[] extract = ["extract-signature", form, "-in", there, "-out", Path.Combine(_bundle, "stage-1", "answers", "x")];
        Tool.Run("osslsigncode", [.. extract.Where(argument => argument.Length != 0)]);
        SignedImage attached = Attach(_bench.Folder.At("attached")).Signed[0];
        Tool.Run("sbverify", "--cert", signer.CertificateFile(_bench.Folder), attached.File);
        Bench.KernelAccepts(attached.File, signer).ShouldBeTrue();
    }

    [SkippableFact]
    public void What_attach_leaves_beside_the_bundle_osslsigncode_and_sbattach_can_attach_too()
    {
        TestSigner signer = TestSigners.Rsa2048;
        string image = _bench.Folder.File("Image", TestImage.Arm64().Bytes);
        BundleStage stage = Prepare(signer, o => o, image).Stage;
        PkeyutlAnswer(signer, "sha256", stage, 0, "sig");
        string ours = Attach(_bench.Folder.At("attached")).Signed[0].File;
        string pkcs7 = Path.Combine(_bundle + ".attached", "stage-1", stage.Files[0].Request + ".p7");
        string certificate = signer.CertificateFile(_bench.Folder), theirs = _bench.Folder.At("theirs");
        Tool.Run("osslsigncode", "attach-signature", "-CAfile", certificate, "-sigin", Path.ChangeExtension(pkcs7, "pem"), "-in", image, "-out", theirs);
        Tool.Run("sbverify", "--cert", certificate, theirs);
        Tool.Run("sbattach", "--attach", pkcs7, _bench.Folder.File("sbattached", File.ReadAllBytes(image)));
        Tool.Run("sbverify", "--cert", certificate, _bench.Folder.At("sbattached"));
        Digest(theirs).ShouldBe(Digest(ours));
    }

    [SkippableTheory]
    [InlineData("rsa2048", "-nosmimecap")]
    [InlineData("rsa2048", "-keyid")]
    [InlineData("p256", "-nosmimecap")]
    public void A_CMS_made_by_openssl_is_written_anew_as_firmware_wants_it(string name, string option)
    {
        TestSigner signer = TestSigners.Named(name);
        BundleStage stage = Prepare(signer, o => o with { Level = BundleLevel.Digest }, _bench.Folder.File("Image", TestImage.Arm64().Bytes)).Stage;
        string content = Path.Combine(_bundle, "stage-1", "requests", stage.Files[0].Request + ".content");
        Tool.Run("openssl", "cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-econtent_type", "1.3.6.1.4.1.311.2.1.4", option, "-in", content,
            "-signer", signer.CertificateFile(_bench.Folder), "-inkey", signer.KeyFile(_bench.Folder), "-outform", "DER", "-out", Path.Combine(_bundle, "stage-1", "answers", "p7"));
        SignedImage attached = Attach(_bench.Folder.At("attached")).Signed[0];
        Tool.Run("sbverify", "--cert", signer.CertificateFile(_bench.Folder), attached.File);
        Bench.KernelAccepts(attached.File, signer).ShouldBeTrue();
    }

    [SkippableFact]
    public void A_longer_PKCS7_does_not_fit_an_image_that_was_padded_for_a_shorter_one()
    {
        TestSigner signer = TestSigners.Rsa2048;
        BundleStage stage = Prepare(signer, o => o with { Fit = true }, _bench.Folder.File("Image", TestImage.Arm64().Bytes)).Stage;
        byte[] signed = new SpcIndirectData(HashAlgorithmName.SHA256, Convert.FromHexString(stage.Files[0].ImageDigest)).Encode();
        string content = _bench.Folder.File("content", SpcIndirectData.HashedOctets(signed).Span);
        Tool.Run(
            "openssl", "cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-econtent_type", "1.3.6.1.4.1.311.2.1.4", "-in", content,
            "-signer", signer.CertificateFile(_bench.Folder), "-inkey", signer.KeyFile(_bench.Folder), "-outform", "DER",
            "-out", Path.Combine(_bundle, "stage-1", "answers", "p7"));
        Refusal.Of(
            "KS3711", () => Attach(_bench.Folder.At("attached")), "bytes and takes 0x", "was padded for 0x", "sign the attributes only");
        File.Exists(_bench.Folder.At("attached")).ShouldBeFalse();
    }

    [SkippableFact]
    public void A_token_style_ECDSA_signature_is_taken()
    {
        TestSigner signer = TestSigners.P256;
        BundleStage stage = Prepare(signer, o => o, _bench.Folder.File("Image", TestImage.Arm64().Bytes)).Stage;
        var key = (System.Security.Cryptography.ECDsa)signer.Key;
        File.WriteAllBytes(Path.Combine(_bundle, "stage-1", "answers", "raw"), key.SignHash(Convert.FromHexString(stage.Files[0].ToBeSigned!)));
        Tool.Run("sbverify", "--cert", signer.CertificateFile(_bench.Folder), Attach(_bench.Folder.At("attached")).Signed[0].File);
    }

    [Fact]
    public void The_second_round_knows_the_kernel_of_the_first()
    {
        TestSigner inner = TestSigners.Rsa2048, outer = TestSigners.Leaf;
        Sign(inner, Prepare(inner, o => o with { Fit = true }, _bench.Folder.File("Image", TestImage.Arm64().Bytes)).Stage);
        string zboot = _bench.Folder.File("vmlinuz.efi", TestZboot.Gzip(File.ReadAllBytes(_bench.Folder.At("round-1"))).Bytes);

        Refusal.Of("KS3714", () => Attach(_bench.Folder.At("again")), "1 stage");
        BundleStage second = Prepare(outer, o => o, zboot).Stage;
        (second.Number, second.Files[0].Inner!.SignedInStage).ShouldBe((2, 1));
        _bench.Warnings.ShouldBeEmpty();
        File.ReadAllText(Path.Combine(_bundle, "stage-2", "review.txt")).ShouldContain("signed in stage 1");
        Refusal.Of("KS3713", () => Prepare(outer, o => o, zboot), "stage 2", "1 signature");
        Sign(outer, second);
        Bundle.Open(_bundle).Manifest.Stages.ShouldAllBe(s => s.Attached);
        Bench.KernelAccepts(_bench.Folder.At("round-1"), inner).ShouldBeTrue();
    }

    [Fact]
    public void A_kernel_of_unknown_origin_inside_is_warned_of()
    {
        Prepare(TestSigners.Leaf, o => o, _bench.Folder.File("vmlinuz.efi", TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes)).Stage.Files[0].Inner!.Signed.ShouldBeFalse();
        _bench.Warnings.ShouldHaveSingleItem().ShouldContain("carries no signature");
    }

    [Fact]
    public void Refuses_answers_by_another_key_and_for_another_file()
    {
        TestSigner signer = TestSigners.Rsa2048;
        BundleStage stage = Prepare(signer, o => o, _bench.Folder.File("Image", TestImage.Arm64().Bytes)).Stage;
        Answer("by-other", TestSigners.Other, stage.Files[0].ToBeSigned!);
        Refusal.Of("KS3716", () => Attach(_bench.Folder.At("out")), "by-other", "256 bytes", "CN=test rsa 2048");
        File.Delete(Path.Combine(_bundle, "stage-1", "answers", "by-other"));
        Answer("for-other", signer, new string('0', 64));
        Refusal.Of("KS3716", () => Attach(_bench.Folder.At("out")), "for-other");
        File.Delete(Path.Combine(_bundle, "stage-1", "answers", "for-other"));
        Refusal.Of("KS3719", () => Attach(_bench.Folder.At("out")));
        File.Exists(_bench.Folder.At("out")).ShouldBeFalse();
    }

    [Fact]
    public void Refuses_a_PKCS7_by_another_signer_and_one_that_does_not_hold()
    {
        TestSigner signer = TestSigners.Rsa2048;
        string image = _bench.Folder.File("Image", TestImage.Arm64().Bytes);
        Prepare(signer, o => o, image);
        File.WriteAllBytes(Path.Combine(_bundle, "stage-1", "answers", "p7"), Pkcs7Of(_bench.Sign(image, TestSigners.Other).Signed[0].File));
        Refusal.Of("KS3717", () => Attach(_bench.Folder.At("out")), "CN=test other", "CN=test rsa 2048");
        byte[] broken = Pkcs7Of(_bench.Sign(image, signer).Signed[0].File);
        broken[^1] ^= 1;
        File.WriteAllBytes(Path.Combine(_bundle, "stage-1", "answers", "p7"), broken);
        Refusal.Of("KS3717", () => Attach(_bench.Folder.At("out")), "does not hold");
    }

    [Fact]
    public void Refuses_an_image_that_changed_and_a_bundle_that_names_paths()
    {
        TestSigner signer = TestSigners.Rsa2048;
        string image = _bench.Folder.File("Image", TestImage.Arm64().Bytes);
        BundleStage stage = Prepare(signer, o => o, image).Stage;
        Answer("sig", signer, stage.Files[0].ToBeSigned!);
        File.WriteAllBytes(image, TestImage.Arm64(2).Bytes);
        Refusal.Of("KS3718", () => Attach(_bench.Folder.At("out")), stage.Files[0].ImageDigest).File.ShouldBe(image);
        string manifest = Path.Combine(_bundle, "manifest.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"name\": \"Image\"", "\"name\": \"../Image\"", StringComparison.Ordinal));
        Refusal.Of("KS3712", () => Attach(_bench.Folder.At("out")), "../Image");
        File.WriteAllText(manifest, "{ \"format\": 1");
        Refusal.Of("KS3712", () => Attach(_bench.Folder.At("out")));
    }

    [Fact]
    public void Insists_on_a_certificate_and_finds_files_that_moved()
    {
        TestSigner signer = TestSigners.Rsa2048;
        string image = _bench.Folder.File("Image", TestImage.Arm64().Bytes);
        BundleStage stage = Prepare(signer, o => o, image).Stage;
        Answer("sig", signer, stage.Files[0].ToBeSigned!);
        Refusal.Of("KS3712", () => Attach(_bench.Folder.At("out"), o => o with { Certificate = TestSigners.Other.CertificateFile(_bench.Folder) }), "not for");
        string moved = Directory.CreateDirectory(_bench.Folder.At("moved")).FullName;
        File.Move(image, Path.Combine(moved, "Image"));
        Refusal.Of("KS3001", () => Attach(_bench.Folder.At("out")));
        Attach(_bench.Folder.At("out"), o => o with { From = moved, Certificate = signer.CertificateFile(_bench.Folder) }).Signed.Length.ShouldBe(1);
    }

    [Theory]
    [InlineData("signatures")]
    [InlineData("answers/sig")]
    [InlineData("certificates.pem")]
    [InlineData("review.txt")]
    public void Refuses_a_bundle_with_a_link_in_it_and_writes_nothing_there(string name)
    {
        TestSigner signer = TestSigners.Rsa2048;
        BundleStage stage = Prepare(signer, o => o, _bench.Folder.File("Image", TestImage.Arm64().Bytes)).Stage;
        Answer("sig", signer, stage.Files[0].ToBeSigned!);
        string place = Path.Combine(_bundle, "stage-1", name), target = _bench.Folder.At("profile");
        if (File.Exists(place))
            File.Move(place, target);
        else
            Directory.CreateDirectory(target);
        File.CreateSymbolicLink(place, target);
        Refusal.Of("KS3712", () => Attach(_bench.Folder.At("out")), "is a link", Path.GetFileName(name));
        File.Exists(_bench.Folder.At("out")).ShouldBeFalse();
    }

    [Fact]
    public void Nothing_is_written_into_a_bundle_that_was_away_and_its_certificate_is_not_believed()
    {
        TestSigner signer = TestSigners.Rsa2048;
        BundleStage stage = Prepare(signer, o => o, _bench.Folder.File("Image", TestImage.Arm64().Bytes)).Stage;
        Answer("sig", signer, stage.Files[0].ToBeSigned!);
        Refusal.Of("KS3010", () => Attach(_bench.Folder.At("out"), o => o with { Certificate = null }), "--cert");
        string[] before = Contents();
        Attach(_bench.Folder.At("out"));
        Contents().ShouldBe(before);

        string[] Contents() => [.. Directory.GetFiles(_bundle, "*", SearchOption.AllDirectories).Order().Select(f => f + Convert.ToHexString(File.ReadAllBytes(f)))];
    }

    [SkippableFact]
    public void What_a_far_side_added_to_a_PKCS7_is_left_out()
    {
        TestSigner signer = TestSigners.Rsa2048;
        string image = _bench.Folder.File("Image", TestImage.Arm64().Bytes), bag = _bench.Folder.At("bag.pem");
        BundleStage stage = Prepare(signer, o => o with { Level = BundleLevel.Digest }, image).Stage;
        File.WriteAllText(bag, File.ReadAllText(signer.CertificateFile(_bench.Folder)) + File.ReadAllText(TestSigners.Other.CertificateFile(_bench.Folder)));
        string there = _bench.Folder.At("there"), answer = Path.Combine(_bundle, "stage-1", "answers", "x");
        Tool.Run("osslsigncode", "sign", "-h", "sha256", "-certs", bag, "-key", signer.KeyFile(_bench.Folder), "-in", image, "-out", there);
        Tool.Run("osslsigncode", "extract-signature", "-in", there, "-out", answer);
        Formats.Authenticode.AuthenticodeSignature.Decode(Pkcs7Of(there)).Certificates.Length.ShouldBe(2);
        string attached = Attach(_bench.Folder.At("attached")).Signed[0].File;
        Formats.Authenticode.AuthenticodeSignature.Decode(Pkcs7Of(attached)).Certificates.ShouldHaveSingleItem();
        Tool.Run("sbverify", "--cert", signer.CertificateFile(_bench.Folder), attached);
        stage.Files.ShouldHaveSingleItem();
    }

    [Fact]
    public void Refuses_a_folder_that_holds_something_else()
    {
        Directory.CreateDirectory(_bundle);
        File.WriteAllText(Path.Combine(_bundle, "mine"), "mine");
        Refusal.Of("KS3712", () => Prepare(TestSigners.Rsa2048, o => o, _bench.Folder.File("Image", TestImage.Arm64().Bytes)), "not empty");
        File.Exists(Path.Combine(_bundle, "mine")).ShouldBeTrue();
    }

    [Theory]
    [InlineData("answers/one.sig")]
    [InlineData("notes.txt")]
    [InlineData("answers/requests/one.sig")]
    public void A_stage_without_a_manifest_that_holds_more_than_prepare_wrote_is_left_alone(string name)
    {
        string image = _bench.Folder.File("Image", TestImage.Arm64().Bytes);
        Prepare(TestSigners.Rsa2048, o => o, image);
        File.Delete(Path.Combine(_bundle, "manifest.json"));
        string theirs = Path.Combine(_bundle, "stage-1", name);
        Directory.CreateDirectory(Path.GetDirectoryName(theirs)!);
        File.WriteAllText(theirs, "theirs");
        Refusal.Of("KS3712", () => Prepare(TestSigners.Rsa2048, o => o, image), "not empty");
        File.ReadAllText(theirs).ShouldBe("theirs");
        File.Delete(theirs);
        Prepare(TestSigners.Rsa2048, o => o, image).Stage.Number.ShouldBe(1);
    }

    public void Dispose() => _bench.Dispose();

    private PrepareResult Prepare(TestSigner signer, Func<PrepareOptions, PrepareOptions> change, params string[] files) => PrepareOperation.Definition.Run(
        change(new() { Files = [.. files], Bundle = _bundle, Certificate = _certificate = signer.CertificateFile(_bench.Folder, chain: signer.Issuer is not null) }), _bench.Context);

    private AttachResult Attach(string output, Func<AttachOptions, AttachOptions>? change = null)
    {
        var options = new AttachOptions { Bundle = _bundle, Output = output, Certificate = _certificate };
        return AttachOperation.Definition.Run(change is null ? options : change(options), _bench.Context);
    }

    private void Sign(TestSigner signer, BundleStage stage)
    {
        string file = Path.Combine(_bundle, $"stage-{stage.Number}", "answers", "sig");
        File.WriteAllBytes(file, ((System.Security.Cryptography.RSA)signer.Key).SignHash(
            Convert.FromHexString(stage.Files[0].ToBeSigned!), System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1));
        Attach(_bench.Folder.At($"round-{stage.Number}"));
    }

    private void Answer(string name, TestSigner signer, string hash) => File.WriteAllBytes(
        Path.Combine(_bundle, "stage-1", "answers", name), ((System.Security.Cryptography.RSA)signer.Key).SignHash(
            Convert.FromHexString(hash), System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1));

    private void PkeyutlAnswer(TestSigner signer, string digest, BundleStage stage, int file, string name, string? folder = null)
    {
        string request = Path.Combine(_bundle, $"stage-{stage.Number}", "requests", stage.Files[file].Request + ".hash");
        Tool.Run("openssl", "pkeyutl", "-sign", "-inkey", signer.KeyFile(_bench.Folder), "-pkeyopt", "digest:" + digest, "-in", request,
            "-out", Path.Combine(folder ?? Path.Combine(_bundle, $"stage-{stage.Number}", "answers"), name));
    }

    private string Digest(string signed) =>
        SignaturesListOperation.Definition.Run(new() { File = signed }, _bench.Context).Signatures.ShouldHaveSingleItem().Digest!;

    private static byte[] Pkcs7Of(string signed)
    {
        (PeImage image, var file) = Bench.Read(signed);
        return CertificateTable.Read(image, file)[0].Pkcs7().ToArray();
    }
}
