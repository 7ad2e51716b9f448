using KexecSign.Commands.Inspect;
using KexecSign.Commands.Signatures;
using KexecSign.Fixtures;
using KexecSign.Formats.Pe;
using KexecSign.Signing;

namespace KexecSign.Tests.Commands.Signatures;

/// <summary>Signatures listed and taken off again, with sbverify and osslsigncode as judges of what is left.</summary>
public sealed class SignaturesOperationTests : IDisposable
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Signed_and_removed_it_is_the_original(bool summed)
    {
        byte[] original = TestImage.Arm64().Bytes;
        if (summed)
            original = WithCheckSum(original);
        string signed = _bench.Sign(_bench.Folder.File("image", original), TestSigners.Rsa2048).Signed[0].File;
        string? checkSum = summed ? "computed" : null;
        File.ReadAllBytes(Remove(signed, true, checkSum).File).ShouldBe(original);
        File.ReadAllBytes(Remove(signed, false, checkSum, 0).File).ShouldBe(original);
    }

    [SkippableTheory]
    [InlineData("kernel arm64")]
    [InlineData("kernel amd64")]
    [InlineData("shim arm64")]
    [InlineData("shim amd64")]
    public void What_Debian_signed_comes_off_to_the_bytes_that_Debian_signed(string name)
    {
        string signed = DebianFiles.Named(name.StartsWith("kernel", StringComparison.Ordinal) ? "signed " + name : name);
        byte[] original = File.ReadAllBytes(DebianFiles.Named("unsigned " + name));
        File.ReadAllBytes(Remove(signed, all: true).File).ShouldBe(original);
    }

    [Fact]
    public void An_image_that_was_padded_to_8_loses_the_padding_again()
    {
        TestImage image = TestImage.Arm64(fileAlignment: 4);
        image.SectionField(1, 16, TestImage.DataSize - 4);
        byte[] original = image.CutTo(image.Bytes.Length - 4).Bytes;
        string signed = _bench.Sign(_bench.Folder.File("image", original), TestSigners.Rsa2048).Signed[0].File;
        File.ReadAllBytes(Remove(signed, all: true).File).ShouldBe(original);
    }

    [SkippableFact]
    public void What_stays_keeps_its_bytes_and_still_holds()
    {
        string one = _bench.SignedImage(TestSigners.Rsa2048);
        string three = Again(Again(one, TestSigners.P256, ExistingSignatures.Append), TestSigners.Rsa4096, ExistingSignatures.Append);
        byte[][] before = Entries(three);
        before.Length.ShouldBe(3);

        string left = Remove(three, 1).File;
        Entries(left).ShouldBe([before[0], before[2]]);
        Remove(left, 1).Kept.ShouldBe(1);
        File.ReadAllBytes(_bench.Folder.At("removed-twice")).ShouldBe(File.ReadAllBytes(one));
        Tool.Run("sbverify", "--cert", TestSigners.Rsa4096.CertificateFile(_bench.Folder), left);
        Tool.Ask("sbverify", "--cert", TestSigners.P256.CertificateFile(_bench.Folder), left).Exit.ShouldNotBe(0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(-4)]
    [InlineData(0)]
    public void A_table_that_is_cut_comes_off_as_a_whole(int kept)
    {
        byte[] original = TestImage.Arm64().Bytes, signed = File.ReadAllBytes(_bench.Sign(_bench.Folder.File("image", original), TestSigners.Rsa2048).Signed[0].File);
        int length = kept > 0 ? original.Length + kept : signed.Length + kept;
        if (kept == 0)
            length = original.Length;
        string cut = _bench.Folder.File("cut", signed.AsSpan(0, length));
        File.ReadAllBytes(Remove(cut, all: true).File).ShouldBe(original);
    }

    [Fact]
    public void A_table_that_is_said_to_be_elsewhere_leaves_only_its_entry_to_clear()
    {
        byte[] original = TestImage.Arm64().Bytes;
        TestImage image = TestImage.Arm64();
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(image.Bytes.AsSpan(image.CertificateDirectory), 0x1000);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(image.Bytes.AsSpan(image.CertificateDirectory + 4), 0x100);
        File.ReadAllBytes(Remove(_bench.Folder.File("image", image.Bytes), all: true).File).ShouldBe(original);
    }

    [SkippableFact]
    public void Peers_signatures_come_off_to_the_byte_too()
    {
        string original = _bench.Folder.File("image", TestImage.Arm64().Bytes), signed = _bench.Folder.At("sbsigned");
        TestSigner signer = TestSigners.Rsa2048;
        Tool.Run("sbsign", "--key", signer.KeyFile(_bench.Folder), "--cert", signer.CertificateFile(_bench.Folder), "--output", signed, original);
        // sbsign writes a checksum where there was none.
        Bench.Read(signed).Image.CheckSum.ShouldNotBe(0u);
        File.ReadAllBytes(Remove(signed, all: true).File).ShouldBe(File.ReadAllBytes(original));
    }

    [SkippableFact]
    public void A_file_that_is_no_kernel_keeps_a_true_checksum_unless_it_is_said_that_it_had_none()
    {
        TestImage image = TestImage.Arm64();
        // Neither arm64's magic nor x86's: an EFI program.
        byte[] program = image.U32(56, 0).Bytes;
        string original = _bench.Folder.File("image", program), signed = _bench.Folder.At("sbsigned"), attached = _bench.Folder.At("attached");
        TestSigner signer = TestSigners.Rsa2048;
        Tool.Run("sbsign", "--key", signer.KeyFile(_bench.Folder), "--cert", signer.CertificateFile(_bench.Folder), "--output", signed, original);
        File.ReadAllBytes(Remove(signed, true, "zero").File).ShouldBe(program);
        string left = Remove(signed, all: true).File;
        File.Copy(signed, attached);
        Tool.Run("sbattach", "--remove", attached);
        File.ReadAllBytes(left).ShouldBe(File.ReadAllBytes(attached));
    }

    [Fact]
    public void Refuses_an_index_beyond_the_table_and_an_unsigned_image()
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        Refusal.Of("KS1510", () => Remove(signed, 1), "signature 1", "has 1");
        Refusal.Of("KS3701", () => Remove(_bench.Folder.File("plain", TestImage.Arm64().Bytes), all: true));
        Refusal.Of("KS3010", () => Remove(signed));
        Refusal.Of("KS3011", () => Remove(signed, all: true, 0), "--all", "--index");
        File.Exists(_bench.Folder.At("removed")).ShouldBeFalse();
    }

    [Fact]
    public void A_damaged_table_can_be_dropped_as_a_whole()
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048);
        (PeImage image, _) = Bench.Read(signed);
        byte[] bytes = File.ReadAllBytes(signed);
        bytes[image.CertificateTable.Address] = 3;
        bytes[image.CertificateTable.Address + 1] = 0;
        string damaged = _bench.Folder.File("damaged", bytes);
        Refusal.Of("KS1501", () => Remove(damaged, 0));
        Remove(damaged, all: true).Kept.ShouldBe(0);
    }

    [Fact]
    public void Lists_who_signed_and_who_will_look()
    {
        string both = Again(_bench.SignedImage(TestSigners.Rsa2048), TestSigners.P384, ExistingSignatures.Prepend);
        SignaturesListResult listed = List(both);
        listed.Signatures.Select(s => s.Index).ShouldBe(["0", "1"]);
        listed.Signatures[0].ReadBy.ShouldContain("kernel (kexec)");
        listed.Signatures[1].ReadBy.ShouldNotContain("kernel (kexec)");
        listed.Signatures[0].Signer!.Subject.ShouldBe(TestSigners.P384.Certificate.Subject);
        listed.Signatures[0].DigestAlgorithm.ShouldBe("SHA384");
        listed.Signatures.ShouldAllBe(s => s.DigestMatches == true && s.SignatureHolds == true && s.Problem == null);
        listed.Signatures[1].Signer!.NotAfter.ShouldBe(new DateTimeOffset(TestSigners.Rsa2048.Certificate.NotAfter.ToUniversalTime()));
    }

    [SkippableFact]
    public void Finds_signatures_nested_by_osslsigncode_and_says_that_only_Windows_reads_them()
    {
        string nested = _bench.Folder.At("nested");
        TestSigner signer = TestSigners.Leaf;
        Tool.Run("osslsigncode", "sign", "-nest", "-h", "sha256", "-certs", signer.CertificateFile(_bench.Folder), "-key", signer.KeyFile(_bench.Folder),
            "-in", _bench.SignedImage(TestSigners.Rsa2048), "-out", nested);
        SignaturesListResult listed = List(nested);
        listed.Signatures.Select(s => (s.Index, s.Signer!.Subject)).ShouldBe([("0", "CN=test rsa 2048"), ("0.0", "CN=test leaf")]);
        listed.Signatures[1].ReadBy.ShouldBe(["Windows only"]);
        listed.Signatures[1].DigestMatches.ShouldBe(true);
        InspectOperation.Definition.Run(new() { File = nested }, _bench.Context).Nested
            .Select(s => (s.Index, s.Signer, s.DigestMatches, s.SignatureHolds)).ShouldBe([("0.0", "CN=test leaf", true, (bool?)true)]);
    }

    [Fact]
    public void A_broken_entry_is_listed_with_what_is_wrong_with_it()
    {
        string both = Again(_bench.SignedImage(TestSigners.Rsa2048), TestSigners.Rsa4096, ExistingSignatures.Append);
        (PeImage image, var file) = Bench.Read(both);
        byte[] bytes = File.ReadAllBytes(both);
        bytes[CertificateTable.Read(image, file)[0].Offset + 4] = 9;
        SignaturesListResult listed = List(_bench.Folder.File("broken", bytes));
        listed.Signatures[0].Problem.ShouldNotBeNull().ShouldStartWith("KS1502");
        listed.Signatures[0].ReadBy.ShouldBe(["nobody"]);
        listed.Signatures[1].DigestMatches.ShouldBe(true);
    }

    [SkippableTheory]
    [InlineData(ExistingSignatures.Refuse, "leaf 4096 2048")]
    [InlineData(ExistingSignatures.Prepend, "2048 leaf 4096")]
    [InlineData(ExistingSignatures.Replace, "2048")]
    public void Two_files_of_one_image_become_one_with_the_signatures_of_both(ExistingSignatures existing, string expected)
    {
        string one = _bench.SignedImage(TestSigners.Rsa2048), two = Again(_bench.SignedImage(TestSigners.Leaf), TestSigners.Rsa4096, ExistingSignatures.Append);
        SignaturesCopyResult result = Copy(one, two, existing);
        result.Copied.ShouldBe(["CN=test rsa 2048"]);
        result.Kept.ShouldBe(existing == ExistingSignatures.Replace ? 0 : 2);
        string.Join(' ', List(result.File).Signatures.Select(s => s.Signer!.Subject.Split(' ')[^1])).ShouldBe(expected);
        foreach (TestSigner signer in new[] { TestSigners.Rsa2048, TestSigners.Rsa4096 })
            (Tool.Ask("sbverify", "--cert", signer.CertificateFile(_bench.Folder), result.File).Exit == 0).ShouldBe(signer == TestSigners.Rsa2048 || existing != ExistingSignatures.Replace);
        // Once more there is nothing to copy, and nothing changes.
        byte[] before = File.ReadAllBytes(result.File);
        if (existing != ExistingSignatures.Replace)
            Copy(one, _bench.Folder.File("joined", before), existing).Copied.ShouldBeEmpty();
        File.ReadAllBytes(result.File).ShouldBe(before);
    }

    [Fact]
    public void What_is_over_another_image_is_not_copied()
    {
        string one = _bench.SignedImage(TestSigners.Rsa2048), other = _bench.SignedImage(TestSigners.P256, TestImage.Arm64(7));
        Refusal.Of("KS3850", () => Copy(one, other), one, "signature 0");
        Refusal.Of("KS4724", () => Copy(_bench.Folder.File("plain", TestImage.Arm64().Bytes), one));
        Refusal.Of("KS1510", () => Copy(one, other, ExistingSignatures.Refuse, 1), "signature 1");
        File.Exists(_bench.Folder.At("copied")).ShouldBeFalse();
    }

    [Fact]
    public void A_signature_that_does_not_hold_is_not_copied()
    {
        string image = _bench.Folder.File("plain", TestImage.Arm64().Bytes);
        byte[] signed = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048));
        signed[^20] ^= 1;
        Refusal.Of(
            "KS3851", () => Copy(_bench.Folder.File("broken", signed), image), "the signature of CN=test rsa 2048 does not hold",
            "nothing was written");
        File.Exists(_bench.Folder.At("copied")).ShouldBeFalse();
    }

    [Fact]
    public void A_signature_that_is_not_there_is_not_taken_out()
    {
        string signed = _bench.SignedImage(TestSigners.Rsa2048), output = _bench.Folder.At("out.p7");
        Refusal.Of("KS3852", () => SignaturesExtractOperation.Definition.Run(new() { File = signed, Index = 1, Output = output }, _bench.Context),
            "carries 1 signature(s), and number 1 is wanted", "counts them from 0");
        File.Exists(output).ShouldBeFalse();
    }

    public void Dispose() => _bench.Dispose();

    private SignaturesCopyResult Copy(string from, string to, ExistingSignatures existing = ExistingSignatures.Refuse, params int[] indexes) => SignaturesCopyOperation.Definition.Run(
        new() { From = from, File = to, Existing = existing, Indexes = [.. indexes], Output = _bench.Folder.At("copied") }, _bench.Context);

    private string Again(string file, TestSigner signer, ExistingSignatures existing)
    {
        string path = _bench.Folder.At($"again-{Guid.NewGuid():N}");
        _bench.Sign(file, signer, o => o with { Output = path, Existing = existing });
        return path;
    }

    private byte[] WithCheckSum(byte[] bytes)
    {
        // The value that a linker would have written: found by removing a signature from an image with a wrong one.
        TestImage image = TestImage.Arm64();
        (PeImage headers, _) = Bench.Read(_bench.Folder.File("headers", bytes));
        string wrong = _bench.Folder.File("wrong", image.U32(headers.CheckSumOffset, 1).Bytes);
        return File.ReadAllBytes(Remove(_bench.Sign(wrong, TestSigners.Rsa2048).Signed[0].File, true, "computed").File);
    }

    private SignaturesRemoveResult Remove(string file, params int[] indexes) => Remove(file, false, indexes);

    private SignaturesRemoveResult Remove(string file, bool all, params int[] indexes) => Remove(file, all, null, indexes);

    private SignaturesRemoveResult Remove(string file, bool all, string? checkSum, params int[] indexes) => SignaturesRemoveOperation.Definition.Run(
        new() { File = file, Indexes = [.. indexes], All = all, CheckSum = checkSum, Output = _bench.Folder.At(file.EndsWith("removed", StringComparison.Ordinal) ? "removed-twice" : "removed") }, _bench.Context);

    private SignaturesListResult List(string file) => SignaturesListOperation.Definition.Run(new() { File = file }, _bench.Context);

    private static byte[][] Entries(string path)
    {
        (PeImage image, var file) = Bench.Read(path);
        return [.. CertificateTable.Read(image, file).Select(e => e.ToBytes())];
    }
}
