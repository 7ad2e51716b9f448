using System.Collections.Immutable;
using KexecSign.Batches;
using KexecSign.Commands.Sign;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Vocabulary;
using KexecSign.Signing;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Kexec;
using KexecSign.Tests.Signing;

namespace KexecSign.Tests.Commands.Sign;

/// <summary>Signatures judged by sbverify, osslsigncode, pesign and the model of the kernel.</summary>
public sealed class SignOperationTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData("rsa2048", "sha256", true)]
    [InlineData("rsa2048", "sha384", false)]
    [InlineData("rsa2048", "sha512", false)]
    [InlineData("rsa3072", "sha256", true)]
    [InlineData("rsa4096", "sha256", true)]
    [InlineData("p256", "sha256", true)]
    [InlineData("p384", "sha256", true)]
    [InlineData("p384", "sha384", false)]
    public void The_real_tools_accept_it(string name, string digest, bool sha256)
    {
        TestSigner signer = TestSigners.Named(name);
        string unsigned = _bench.Folder.File("image", TestImage.Arm64().Bytes);
        SignedImage signed = _bench.Sign(unsigned, signer, o => o with { Signing = o.Signing with { Digest = digest } }).Signed.ShouldHaveSingleItem();
        string certificate = signer.CertificateFile(_bench.Folder);

        // osslsigncode 2.5 reads no entry whose dwLength is not rounded up, and ours is not for ECDSA (nor is sbsign's).
        if (name.StartsWith("rsa", StringComparison.Ordinal))
        {
            (string embedded, string computed) = ToolDigests.Osslsigncode(signed.File);
            (embedded, computed).ShouldBe((signed.ImageDigest, signed.ImageDigest));
            ToolAnswer ossl = Tool.Ask("osslsigncode", "verify", "-CAfile", certificate, "-in", signed.File);
            ossl.Exit.ShouldBe(0, ossl.Output);
        }
        if (sha256)
        {
            ToolDigests.Pesign(signed.File).ShouldBe(signed.ImageDigest);
            ToolDigests.Pesign(unsigned).ShouldBe(signed.ImageDigest);
            // sbverify 0.9.4 computes SHA-256 whatever the signature says.
            ToolAnswer sbverify = Tool.Ask("sbverify", "--cert", certificate, signed.File);
            sbverify.Exit.ShouldBe(0, sbverify.Output);
        }
        KernelAccepts(signed.File, signer).ShouldBeTrue();
        KernelAccepts(signed.File, TestSigners.Other).ShouldBeFalse();
    }

    [Fact]
    public void What_is_signed_and_does_not_fit_is_not_done_where_it_is_to_fit()
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        SignResult Again(bool fit, string output) => SignOperation.Definition.Run(new()
        {
            Files = [signed],
            SkipSigned = true,
            Fit = fit,
            Existing = ExistingSignatures.Replace,
            Output = _bench.Folder.At(output),
            Signing = _bench.Identity(TestSigners.Rsa2048),
        }, _bench.Context);
        Again(fit: false, "same").Files[0].Status.ShouldBe(FileStatus.Skipped);
        Again(fit: true, "fitted").Files[0].Status.ShouldBe(FileStatus.Signed);
        new FileInfo(_bench.Folder.At("fitted")).Length.ShouldBe(TestImage.ImageSize);
        signed = _bench.Folder.At("fitted");
        Again(fit: true, "kept").Files[0].Status.ShouldBe(FileStatus.Skipped);
    }

    [Fact]
    public void An_output_that_is_another_input_of_the_batch_is_refused_before_anything_is_written()
    {
        string folder = _bench.Folder.At("tree");
        Directory.CreateDirectory(Path.Combine(folder, "a"));
        byte[] first = TestImage.Arm64(seed: 1).Bytes, second = TestImage.Arm64(seed: 2).Bytes;
        File.WriteAllBytes(Path.Combine(folder, "x.efi"), first);
        File.WriteAllBytes(Path.Combine(folder, "a", "x.efi"), second);
        Refusal.Of("KS3052", () => SignOperation.Definition.Run(new()
        {
            Files = [folder],
            Output = Path.Combine(folder, "a"),
            Signing = _bench.Identity(TestSigners.Rsa2048),
        }, _bench.Context), "x.efi");
        File.ReadAllBytes(Path.Combine(folder, "a", "x.efi")).ShouldBe(second);
    }

    [Theory]
    [InlineData("rsa2048")]
    [InlineData("rsa4096")]
    public void Two_runs_give_the_same_bytes(string name)
    {
        byte[] first = File.ReadAllBytes(_bench.SignedImage(TestSigners.Named(name)));
        using var again = new Bench();
        File.ReadAllBytes(again.SignedImage(TestSigners.Named(name))).ShouldBe(first);
    }

    [SkippableTheory]
    [InlineData("rsa2048", "sha256")]
    [InlineData("rsa3072", "sha512")]
    public void The_signature_is_what_openssl_makes_of_the_same_attributes(string name, string digest)
    {
        TestSigner signer = TestSigners.Named(name);
        string signed = _bench.Sign(_bench.Folder.File("image", TestImage.Arm64().Bytes), signer, o => o with { Signing = o.Signing with { Digest = digest } }).Signed[0].File;
        (PeImage image, Layout file) = Bench.Read(signed);
        (byte[] attributes, byte[] signature) = SignedAttributesOf.Pkcs7(CertificateTable.Read(image, file)[0].Pkcs7());
        string made = _bench.Folder.At("openssl.sig");
        Tool.Run("openssl", "dgst", "-" + digest, "-sign", signer.KeyFile(_bench.Folder), "-out", made, _bench.Folder.File("attributes", attributes));
        signature.ShouldBe(File.ReadAllBytes(made));
    }

    [SkippableTheory]
    [InlineData("rsa2048")]
    [InlineData("rsa4096")]
    [InlineData("p384")]
    public void Fitted_it_is_exactly_image_size_long(string name)
    {
        TestSigner signer = TestSigners.Named(name);
        SignedImage signed = _bench.Sign(_bench.Folder.File("image", TestImage.Arm64().Bytes), signer, o => o with { Fit = true, Signing = o.Signing with { Digest = "sha256" } }).Signed[0];
        new FileInfo(signed.File).Length.ShouldBe(TestImage.ImageSize);
        KernelAccepts(signed.File, signer).ShouldBeTrue();
        Tool.Ask("sbverify", "--cert", signer.CertificateFile(_bench.Folder), signed.File).Exit.ShouldBe(0);
        ToolDigests.Pesign(signed.File).ShouldBe(signed.ImageDigest);
    }

    [Fact]
    public void An_image_size_where_no_certificate_table_can_end_is_refused()
    {
        string image = _bench.Folder.File("image", TestImage.Arm64().U64(16, TestImage.ImageSize + 4).Bytes);
        Refusal.Of(
            "KS1105", () => _bench.Sign(image, TestSigners.Rsa2048, o => o with { Fit = true }),
            $"image_size 0x{TestImage.ImageSize + 4:x} is no multiple of 8", "aligned end");
    }

    [Fact]
    public void What_the_kernels_build_padded_can_be_fitted_too()
    {
        string padded = _bench.Folder.File("padded", [.. TestImage.Arm64().Bytes, .. new byte[TestImage.ImageSize - TestImage.Arm64().Bytes.Length]]);
        string plain = _bench.Folder.File("plain", TestImage.Arm64().Bytes);
        byte[] fromPadded = File.ReadAllBytes(_bench.Sign(padded, TestSigners.Rsa2048, o => o with { Fit = true }).Signed[0].File);
        File.ReadAllBytes(_bench.Sign(plain, TestSigners.Rsa2048, o => o with { Fit = true }).Signed[0].File).ShouldBe(fromPadded);
    }

    [SkippableFact]
    public void A_Debian_kernel_is_fitted()
    {
        SignedImage signed = _bench.Sign(DebianKernels.Cloud().Path, TestSigners.Rsa2048, o => o with { Fit = true }).Signed[0];
        (_, Layout file) = Bench.Read(signed.File);
        file.Length.ShouldBe((long)KexecSign.Formats.Kernel.KernelImage.Read(file).ImageSize);
        ToolAnswer sbverify = Tool.Ask("sbverify", "--cert", TestSigners.Rsa2048.CertificateFile(_bench.Folder), signed.File);
        sbverify.Exit.ShouldBe(0, sbverify.Output);
        KernelAccepts(signed.File, TestSigners.Rsa2048).ShouldBeTrue();
    }

    [SkippableFact]
    public void Raises_image_size_when_the_tail_is_too_small()
    {
        TestImage image = TestImage.Arm64();
        long length = image.Bytes.Length;
        string tight = _bench.Folder.File("image", image.U64(16, (ulong)length + 512).Bytes);
        (PeImage before, _) = Bench.Read(tight);
        SignedImage signed = _bench.Sign(tight, TestSigners.Rsa2048, o => o with { Fit = true }).Signed[0];

        (PeImage after, Layout file) = Bench.Read(signed.File);
        uint raised = signed.RaisedImageSize.ShouldNotBeNull();
        raised.ShouldBe((uint)Alignment.Up(length + signed.CertificateTableSize, 0x10000));
        file.Length.ShouldBe(raised);
        ((long)KexecSign.Formats.Kernel.KernelImage.Read(file).ImageSize).ShouldBe(raised);
        (after.SizeOfImage - before.SizeOfImage).ShouldBe(raised - (uint)length - 512);
        (after.Sections[^1].VirtualSize - before.Sections[^1].VirtualSize).ShouldBe(raised - (uint)length - 512);
        KernelAccepts(signed.File, TestSigners.Rsa2048).ShouldBeTrue();
        Tool.Ask("sbverify", "--cert", TestSigners.Rsa2048.CertificateFile(_bench.Folder), signed.File).Exit.ShouldBe(0);

        SignedImage again = _bench.Sign(signed.File, TestSigners.Rsa2048, o => o with { Fit = true, Existing = ExistingSignatures.Replace, Output = _bench.Folder.At("again") }).Signed[0];
        again.RaisedImageSize.ShouldBeNull();
        again.Sha256.ShouldBe(signed.Sha256);
    }

    [Fact]
    public void Refuses_to_raise_image_size_under_a_signature_that_stays()
    {
        string once = _bench.Sign(_bench.Folder.File("image", TestImage.Arm64().Bytes), TestSigners.Other, o => o with { Fit = true }).Signed[0].File;
        using FileSource source = FileSource.Open(once);
        var identity = SigningIdentity.Open("sign", _bench.Identity(TestSigners.Rsa2048), _bench.Context);
        Refusal.Of("KS1104", () => KexecSign.Zboot.InnerImage.Sign(source.ToLayout(), identity, ExistingSignatures.Append, _bench.Context), $"0x{TestImage.ImageSize:x}");
    }

    [Theory]
    [InlineData(ExistingSignatures.Append, "test other", "test rsa 2048")]
    [InlineData(ExistingSignatures.Prepend, "test rsa 2048", "test other")]
    [InlineData(ExistingSignatures.Replace, "test rsa 2048")]
    public void Signatures_stand_in_the_order_asked_for(ExistingSignatures existing, params string[] names)
    {
        string once = _bench.SignedImage(TestSigners.Other);
        string twice = _bench.Sign(once, TestSigners.Rsa2048, o => o with { Existing = existing }).Signed[0].File;
        (PeImage image, Layout file) = Bench.Read(twice);
        var entries = CertificateTable.Read(image, file);
        entries.Select(e => KexecSign.Formats.Authenticode.AuthenticodeSignature.Decode(e.Pkcs7()).Signer!.Subject).ShouldBe(names.Select(n => "CN=" + n));
        // The kernel reads the first entry only.
        KernelAccepts(twice, TestSigners.Rsa2048).ShouldBe(names[0] == "test rsa 2048");
        KernelAccepts(twice, TestSigners.Other).ShouldBe(names[0] == "test other");
    }

    [SkippableTheory]
    [InlineData(ExistingSignatures.Append)]
    [InlineData(ExistingSignatures.Prepend)]
    public void Sbverify_lists_both_signatures_and_takes_either(ExistingSignatures existing)
    {
        string twice = _bench.Sign(_bench.SignedImage(TestSigners.Other), TestSigners.Rsa2048, o => o with { Existing = existing }).Signed[0].File;
        string list = Tool.Run("sbverify", "--list", twice);
        list.ShouldContain("signature 1");
        list.ShouldContain("signature 2");
        foreach (TestSigner signer in (TestSigner[])[TestSigners.Other, TestSigners.Rsa2048])
            Tool.Ask("sbverify", "--cert", signer.CertificateFile(_bench.Folder), twice).Exit.ShouldBe(0);
    }

    [SkippableFact]
    public void Keeps_a_signature_that_sbsign_made()
    {
        string original = _bench.Folder.File("image", TestImage.Arm64().Bytes), theirs = _bench.Folder.At("theirs");
        Tool.Run("sbsign", "--key", TestSigners.Other.KeyFile(_bench.Folder), "--cert", TestSigners.Other.CertificateFile(_bench.Folder), "--output", theirs, original);
        string both = _bench.Sign(theirs, TestSigners.Rsa2048, o => o with { Existing = ExistingSignatures.Append }).Signed[0].File;
        foreach (TestSigner signer in (TestSigner[])[TestSigners.Other, TestSigners.Rsa2048])
            Tool.Ask("sbverify", "--cert", signer.CertificateFile(_bench.Folder), both).Exit.ShouldBe(0);
    }

    [Fact]
    public void Stripped_it_is_the_original()
    {
        byte[] original = TestImage.Arm64().Bytes;
        (PeImage image, Layout file) = Bench.Read(_bench.SignedImage(TestSigners.Rsa2048));
        Layout stripped = CertificateTable.Strip(image, file);
        stripped.ReadBytes(0, stripped.Length).ShouldBe(original);
    }

    [Fact]
    public void A_signature_of_its_own_is_shown_without_a_table_that_it_does_not_have()
    {
        string image = _bench.Folder.File("Image", TestImage.Arm64().Bytes);
        _bench.Sign(image, TestSigners.Rsa2048, o => o with { Detached = true }).View().Tables.Single().Rows.Single()[3].ShouldBe("none: a PKCS#7 alone");
        _bench.Sign(image, TestSigners.Rsa2048).View().Tables.Single().Rows.Single()[3].ShouldStartWith("0x");
    }

    [Fact]
    public void Refuses_a_signed_image_without_a_word_and_names_the_signer()
    {
        string once = _bench.SignedImage(TestSigners.Other);
        Refusal.Of("KS3021", () => _bench.Sign(once, TestSigners.Rsa2048), "1 signature", "CN=test other", once, "--replace");
        File.Exists(_bench.Folder.At("signed")).ShouldBeFalse();
    }

    [Theory]
    [InlineData(ExistingSignatures.Append)]
    [InlineData(ExistingSignatures.Prepend)]
    public void Refuses_to_fit_an_image_that_keeps_its_signatures(ExistingSignatures existing) =>
        Refusal.Of("KS3011", () => _bench.Sign(_bench.SignedImage(TestSigners.Other), TestSigners.Rsa2048, o => o with { Fit = true, Existing = existing }), "--fit");

    [Fact]
    public void A_checksum_of_zero_stays_zero()
    {
        (PeImage image, _) = Bench.Read(_bench.SignedImage(TestSigners.Rsa2048));
        image.CheckSum.ShouldBe(0u);
    }

    [SkippableFact]
    public void Another_checksum_is_made_right_as_osslsigncode_does()
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048, TestImage.Arm64().OptionalField(64, 1));
        (PeImage image, _) = Bench.Read(signed);
        image.CheckSum.ShouldNotBe(0u);
        // osslsigncode recomputes the checksum of whatever it writes: take a signature off and put it back.
        string detached = _bench.Folder.At("p7"), attached = _bench.Folder.At("attached");
        Tool.Run("osslsigncode", "extract-signature", "-in", signed, "-out", detached);
        Tool.Run("osslsigncode", "attach-signature", "-sigin", detached, "-CAfile", TestSigners.Rsa2048.CertificateFile(_bench.Folder), "-in", _bench.Folder.At("unsigned"), "-out", attached);
        File.ReadAllBytes(attached).ShouldBe(File.ReadAllBytes(signed));
        _bench.Sign(_bench.Folder.At("unsigned"), TestSigners.Rsa2048).Signed[0].Sha256
            .ShouldBe(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(signed))));
    }

    [Fact]
    public void A_batch_goes_on_behind_a_bad_file()
    {
        string target = _bench.Folder.Folder("out");
        string good = _bench.Folder.File("good.efi", TestImage.Arm64().Bytes), other = _bench.Folder.File("other.efi", TestImage.Arm64(seed: 2).Bytes);
        string bad = _bench.Folder.File("bad.efi", TestImage.Arm64().CutTo(0x1800).Bytes), missing = _bench.Folder.At("missing.efi");
        SignResult result = _bench.Sign(good, TestSigners.Rsa2048, o => o with { Files = [good, bad, missing, other], Output = target });
        result.Exit.ShouldBe(ExitCode.SomeFailed);
        result.Signed.Select(s => s.File).ShouldBe([Path.Combine(target, "good.efi"), Path.Combine(target, "other.efi")]);
        result.Files.Where(f => f.Status == FileStatus.Failed).Select(f => (f.File, f.Code)).ShouldBe([(bad, "KS1016"), (missing, "KS3001")]);
        Directory.GetFileSystemEntries(target).Length.ShouldBe(2);
        result.Signed.ShouldAllBe(s => KernelAccepts(s.File, TestSigners.Rsa2048));
    }

    [Fact]
    public void A_batch_of_bad_files_has_failed()
    {
        string bad = _bench.Folder.File("bad.efi", "MZ"u8), worse = _bench.Folder.File("worse.efi", []);
        _bench.Sign(bad, TestSigners.Rsa2048, o => o with { Files = [bad, worse], InPlace = true, Output = null }).Exit.ShouldBe(ExitCode.Failed);
        File.ReadAllText(bad).ShouldBe("MZ");
    }

    [Fact]
    public void Refuses_two_files_that_would_become_one()
    {
        string first = _bench.Folder.File("a.efi", TestImage.Arm64().Bytes), second = Path.Combine(_bench.Folder.Folder("sub"), "a.efi");
        File.Copy(first, second);
        string target = _bench.Folder.Folder("out");
        Refusal.Of("KS3013", () => _bench.Sign(first, TestSigners.Rsa2048, o => o with { Files = [first, second], Output = target }), first, second, Path.Combine(target, "a.efi"));
        _bench.Sign(first, TestSigners.Rsa2048, o => o with { Files = [first, first], InPlace = true, Output = null }).Files.ShouldHaveSingleItem("who is named twice is signed once");
        Directory.GetFileSystemEntries(target).ShouldBeEmpty();
    }

    [Fact]
    public void In_place_replaces_the_file_and_keeps_its_mode()
    {
        string file = _bench.Folder.File("image", TestImage.Arm64().Bytes);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _bench.Sign(file, TestSigners.Rsa2048, o => o with { InPlace = true, Output = null });
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        KernelAccepts(file, TestSigners.Rsa2048).ShouldBeTrue();
    }

    [Fact]
    public void Refuses_to_write_over_its_input_unasked()
    {
        string file = _bench.Folder.File("image", TestImage.Arm64().Bytes);
        Refusal.Of("KS3005", () => _bench.Sign(file, TestSigners.Rsa2048, o => o with { Output = file }), "--in-place");
        File.ReadAllBytes(file).ShouldBe(TestImage.Arm64().Bytes);
    }

    [Fact]
    public void Refuses_a_certificate_of_another_key() =>
        Refusal.Of("KS2062", () => _bench.Sign(_bench.Folder.File("image", TestImage.Arm64().Bytes), TestSigners.Rsa2048,
            o => o with { Signing = o.Signing with { Certificate = TestSigners.Other.CertificateFile(_bench.Folder) } }), "CN=test other");

    [Theory]
    [InlineData("gap")]
    [InlineData("tail")]
    public void Refuses_what_is_not_canonical_and_leaves_nothing(string kind)
    {
        const int textEnd = TestImage.SizeOfHeaders + TestImage.TextSize;
        TestImage image = kind == "gap"
            ? TestImage.Arm64().Insert(textEnd, 0x200).SectionField(1, 20, textEnd + 0x200)
            : TestImage.Arm64().Append("more"u8);
        KexecSignException refused = Refusal.Of(kind == "gap" ? "KS1012" : "KS1017", () => _bench.Sign(_bench.Folder.File("image", image.Bytes), TestSigners.Rsa2048));
        refused.File.ShouldBe(_bench.Folder.At("image"));
        Directory.GetFiles(_bench.Folder.Path, ".*").ShouldBeEmpty();
        File.Exists(_bench.Folder.At("signed")).ShouldBeFalse();
    }

    [SkippableFact]
    public void A_chain_travels_along_and_its_authority_is_enough()
    {
        string file = _bench.Folder.File("image", TestImage.Arm64().Bytes);
        string signed = _bench.Sign(file, TestSigners.Leaf, o => o with { Signing = _bench.Identity(TestSigners.Leaf, chain: true) }).Signed[0].File;
        KernelAccepts(signed, TestSigners.Authority).ShouldBeTrue();
        ToolAnswer sbverify = Tool.Ask("sbverify", "--cert", TestSigners.Authority.CertificateFile(_bench.Folder), signed);
        sbverify.Exit.ShouldBe(0, sbverify.Output);
    }

    [SkippableFact]
    public void A_full_disk_gives_one_line_and_harms_nothing()
    {
        using SmallDisk disk = SmallDisk.Writable(_bench.Folder);
        string target = disk.At("image");
        File.WriteAllText(target, "old");
        string large = _bench.Folder.File("image", [.. TestImage.Arm64().Bytes, .. new byte[2 << 20]]);
        Refusal.Of("KS3004", () => _bench.Sign(large, TestSigners.Rsa2048, o => o with { Output = target }), $"0x{(2 << 20) + TestImage.Arm64().Bytes.Length:x}");
        File.ReadAllText(target).ShouldBe("old");
        disk.Names().ShouldBe(["image"]);
    }

    [Fact]
    public void A_certificate_file_may_begin_with_the_issuer()
    {
        string chain = _bench.Folder.File("chain.pem", System.Text.Encoding.ASCII.GetBytes(
            TestSigners.Authority.Certificate.ExportCertificatePem() + "\n" + TestSigners.Leaf.Certificate.ExportCertificatePem() + "\n"));
        string signed = _bench.Sign(_bench.Folder.File("image", TestImage.Arm64().Bytes), TestSigners.Leaf,
            o => o with { Signing = o.Signing with { Certificate = chain } }).Signed[0].File;
        (PeImage image, Layout file) = Bench.Read(signed);
        AuthenticodeSignature.Decode(CertificateTable.Read(image, file)[0].Pkcs7()).Signer!.RawData.ShouldBe(TestSigners.Leaf.Certificate.RawData);
    }

    public void Dispose() => _bench.Dispose();

    private static bool KernelAccepts(string path, TestSigner trusted)
    {
        using var file = KexecSign.Files.FileSource.Open(path);
        return KexecFileLoad.Judge(file.ToLayout(), KernelArchitecture.Arm64, new KernelPolicy { Platform = ImmutableArray.Create(trusted.Certificate) }).Accepted;
    }
}
