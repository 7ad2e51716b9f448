using System.Collections.Immutable;
using KexecSign.Commands.Bpf;
using KexecSign.Commands.Inspect;
using KexecSign.Core.Reports;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Inspection;
using KexecSign.Inspection.Differences;

namespace KexecSign.Tests.Inspection.Differences;

/// <summary>For each kind of change one place is named, and no other.</summary>
public sealed class ImageComparerTests : IDisposable
{
    private readonly Bench _bench = new();

    [Fact]
    public void The_same_bytes_differ_nowhere_and_end_with_0()
    {
        InspectResult same = Compare(TestImage.Arm64().Bytes, TestImage.Arm64().Bytes);
        same.Comparison!.Same.ShouldBeTrue();
        same.Exit.ShouldBe(ExitCode.Done);
        same.View().Title.ShouldContain("are the same");
    }

    [Theory]
    [InlineData(0x1234, ".text", "1 byte differs at 0x1234 (0x234 in it)")]
    [InlineData(0x3010, ".data", "1 byte differs at 0x3010 (0x10 in it)")]
    public void A_byte_of_a_section_is_named_with_section_and_offset(int offset, string section, string says)
    {
        FileDifference found = One(TestImage.Arm64().Bytes, Changed(TestImage.Arm64().Bytes, offset));
        found.Kind.ShouldBe(DifferenceKind.Section);
        found.What.ShouldBe(section);
        found.Offset.ShouldBe(offset);
        found.Bytes.ShouldBe(1);
        found.Says.ShouldStartWith(says);
    }

    [Theory]
    [InlineData("TimeDateStamp", 0x48, "0x0 -> 0x5")]
    [InlineData("MajorLinkerVersion", 0x40 + 24 + 2, "0x0 -> 0x5")]
    [InlineData("DllCharacteristics", 0x40 + 24 + 70, "0x0 -> 0x5")]
    [InlineData("SizeOfStackReserve", 0x40 + 24 + 72, "0x0 -> 0x5")]
    [InlineData("text_offset", 8, "0x0 -> 0x5")]
    [InlineData("CheckSum", 0x40 + 24 + 64, "0x0 -> 0x5")]
    [InlineData("Debug directory", 0x40 + 24 + 112 + 48, "0x0, 0x0 bytes -> 0x5, 0x0 bytes")]
    public void A_header_field_is_named_with_both_values(string name, int offset, string says)
    {
        TestImage before = TestImage.Arm64(directories: 7), now = TestImage.Arm64(directories: 7);
        now.Bytes[offset] = 5;
        FileDifference found = One(before.Bytes, now.Bytes);
        (found.Kind, found.What, found.Says).ShouldBe((DifferenceKind.HeaderField, name, says));
        found.Offset.ShouldBe(offset);
    }

    [Fact]
    public void Header_bytes_without_a_name_are_told_by_offset()
    {
        FileDifference found = One(TestImage.Arm64().Bytes, Changed(TestImage.Arm64().Bytes, 0x800));
        (found.Kind, found.Offset, found.Bytes).ShouldBe((DifferenceKind.HeaderBytes, 0x800, 1));
    }

    [Fact]
    public void A_sections_header_is_told_apart_from_its_content()
    {
        FileDifference found = One(TestImage.Arm64().Bytes, TestImage.Arm64().SectionField(0, 36, 0xE0000020).Bytes);
        (found.Kind, found.What, found.Says).ShouldBe((DifferenceKind.Section, ".text", "flags 0x60000020 -> 0xe0000020"));
    }

    [Fact]
    public void Bytes_behind_everything_are_told()
    {
        FileDifference found = One(TestImage.Arm64().Bytes, TestImage.Arm64().Append("surplus!"u8).Bytes);
        (found.Kind, found.What, found.Offset).ShouldBe((DifferenceKind.Bytes, "unclaimed", 0x3600));
    }

    [Fact]
    public void Another_signer_is_named()
    {
        byte[] before = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048)), now = File.ReadAllBytes(_bench.SignedImage(TestSigners.Other));
        FileDifference found = One(before, now, d => d.Kind != DifferenceKind.CertificateTable);
        (found.Kind, found.What).ShouldBe((DifferenceKind.Signature, "signature 0"));
        found.Says.ShouldContain("CN=test rsa 2048");
        found.Says.ShouldContain("CN=test other");
        found.Because.ShouldBeNull();
    }

    [Fact]
    public void Another_signature_by_the_same_key_over_the_same_image_is_told_as_that()
    {
        byte[] before = File.ReadAllBytes(_bench.SignedImage(TestSigners.P256)), now = File.ReadAllBytes(_bench.SignedImage(TestSigners.P256));
        // Their lengths, and with them the table's, may differ by a few bytes.
        FileDifference found = One(before, now, d => d.Kind != DifferenceKind.CertificateTable);
        found.Kind.ShouldBe(DifferenceKind.Signature);
        found.Says.ShouldContain("value differs");
        found.Because.ShouldNotBeNull().ShouldContain("ECDSA");
    }

    [Fact]
    public void An_unsigned_image_and_the_signed_one_differ_in_table_and_signature_alone()
    {
        Found(TestImage.Arm64().Bytes, File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048)))
            .Select(d => d.Kind).ShouldBe([DifferenceKind.CertificateTable, DifferenceKind.Signature]);
    }

    [Fact]
    public void A_second_signature_is_told_as_new()
    {
        string one = _bench.SignedImage(TestSigners.Rsa2048), two = _bench.Folder.At("two");
        _bench.Sign(one, TestSigners.Other, o => o with { Output = two, Existing = KexecSign.Signing.ExistingSignatures.Append });
        FileDifference found = One(File.ReadAllBytes(one), File.ReadAllBytes(two), d => d.Kind != DifferenceKind.CertificateTable);
        (found.Kind, found.What).ShouldBe((DifferenceKind.Signature, "signature 1"));
        found.Says.ShouldContain("is new");
    }

    [Fact]
    public void A_table_that_cannot_be_read_is_told_as_bytes_of_the_table()
    {
        byte[] signed = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048)), broken = (byte[])signed.Clone();
        int table = (int)Bench.Read(_bench.Folder.File("signed-image", signed)).Image.CertificateTable.Address;
        broken[table] ^= 0xFF;
        FileDifference found = One(signed, broken);
        (found.Kind, found.Offset).ShouldBe((DifferenceKind.CertificateTable, table));
    }

    [Fact]
    public void A_payload_that_is_compressed_otherwise_is_told_from_another_kernel()
    {
        byte[] kernel = TestImage.Arm64().Bytes, zboot = TestZboot.Gzip(kernel).Bytes, other = (byte[])zboot.Clone();
        // RFC 1952: the byte that names the operating system decides nothing.
        other[0x1400 + 9] ^= 1;
        FileDifference same = One(zboot, other);
        (same.Kind, same.Bytes).ShouldBe((DifferenceKind.Payload, 1));
        same.Because.ShouldNotBeNull().ShouldContain("the kernel in it is the same");

        FileDifference[] found = [.. Found(zboot, TestZboot.Gzip(Changed(kernel, 0x1234)).Bytes).Where(d => d.What != "zboot payload size")];
        FileDifference payload = found.Single(d => d.Kind == DifferenceKind.Payload);
        payload.Because.ShouldBe("the kernel in it differs");
        FileDifference inner = found.Single(d => d.Level == "payload");
        (inner.Kind, inner.What, inner.Offset, inner.Bytes).ShouldBe((DifferenceKind.Section, ".text", 0x1234, 1));
    }

    // The length that follows all but gzip is not part of what is compressed.
    [SkippableFact]
    public void A_zstd_payload_is_looked_into_as_well()
    {
        byte[] kernel = TestImage.Arm64().Bytes, other = Changed(kernel, 0x1234);
        FileDifference[] found = [.. Found(TestZboot.Zstd(kernel, _bench.Folder).Bytes, TestZboot.Zstd(other, _bench.Folder).Bytes)];
        found.Single(d => d.Kind == DifferenceKind.Payload).Because.ShouldBe("the kernel in it differs");
        FileDifference inner = found.Single(d => d.Level == "payload");
        (inner.Kind, inner.What, inner.Offset, inner.Bytes).ShouldBe((DifferenceKind.Section, ".text", 0x1234, 1));
    }

    [Fact]
    public void What_the_stub_says_before_the_payload_is_the_sections()
    {
        byte[] zboot = TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes;
        FileDifference found = One(zboot, Changed(zboot, 0x1010));
        (found.Kind, found.What, found.Offset).ShouldBe((DifferenceKind.Section, ".text", 0x1010));
    }

    [SkippableFact]
    public void A_parser_is_told_with_its_ABI()
    {
        byte[] plain = TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes;
        byte[] one = Embedded(plain, Parsers.Compile(_bench.Folder)), two = Embedded(plain, Parsers.Compile(_bench.Folder, also: "x"));
        FileDifference[] found = [.. Found(one, two)];
        found.Where(d => d.Says.Contains("differs", StringComparison.Ordinal) || d.Says.Contains("differ,", StringComparison.Ordinal))
            .ShouldHaveSingleItem().Kind.ShouldBe(DifferenceKind.Parser);
        found.Single(d => d.Kind == DifferenceKind.Parser).Because.ShouldNotBeNull().ShouldStartWith("ABI ");

        Found(plain, one).ShouldContain(d => d.Kind == DifferenceKind.Section && d.What == ".bpf" && d.Says.StartsWith("is new", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_no_image_is_compared_as_bytes()
    {
        FileDifference found = One("hello"u8.ToArray(), "hallo"u8.ToArray());
        (found.Kind, found.Offset, found.Says).ShouldBe((DifferenceKind.Bytes, 1, "1 byte differs at 0x1: 65 -> 61"));
        One([], "x"u8.ToArray()).Says.ShouldBe("0x0 -> 0x1 bytes");
    }

    // Whatever is damaged: two files that differ are never the same, and the comparison ends.
    [Fact]
    public void A_difference_is_never_lost()
    {
        byte[] sound = File.ReadAllBytes(_bench.Sign(_bench.Folder.File("zboot", TestZboot.Gzip(File.ReadAllBytes(_bench.SignedImage(TestSigners.P256))).Bytes), TestSigners.Rsa2048).Signed[0].File);
        foreach (byte[] mutation in Mutations.Of(sound, 0, 0x180, 150, seed: 7).Concat(Mutations.Of(sound, sound.Length - 2000, sound.Length, 100, seed: 8)))
        {
            if (!mutation.AsSpan().SequenceEqual(sound))
                Found(sound, mutation).ShouldNotBeEmpty();
        }
    }

    [Fact]
    public void The_exit_code_says_that_they_differ()
    {
        InspectResult result = Compare(TestImage.Arm64().Bytes, TestImage.Arm64(seed: 2).Bytes);
        result.Exit.ShouldBe(ExitCode.Failed);
        ReportView view = result.View();
        view.Title.ShouldContain("differ in 2 places");
        view.Tables.SelectMany(t => t.Rows).ShouldContain(row => row[0] == "section .text");
    }

    public void Dispose() => _bench.Dispose();

    private FileDifference One(byte[] before, byte[] now, Func<FileDifference, bool>? which = null) =>
        Found(before, now).Where(which ?? (_ => true)).ShouldHaveSingleItem();

    private ImmutableArray<FileDifference> Found(byte[] before, byte[] now) => Compare(before, now).Comparison!.Differences;

    private InspectResult Compare(byte[] before, byte[] now) => InspectOperation.Definition.Run(
        new() { Diff = _bench.Folder.File("before", before), File = _bench.Folder.File("now", now) }, _bench.Context);

    private byte[] Embedded(byte[] image, string parser)
    {
        string output = _bench.Folder.At("embedded");
        File.Delete(output);
        BpfEmbedOperation.Definition.Run(new() { Image = _bench.Folder.File("plain", image), Parser = parser, Output = output }, _bench.Context);
        return File.ReadAllBytes(output);
    }

    private static byte[] Changed(byte[] image, int offset)
    {
        byte[] changed = (byte[])image.Clone();
        changed[offset] ^= 0x55;
        return changed;
    }
}
