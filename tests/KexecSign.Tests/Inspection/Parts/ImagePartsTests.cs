using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using KexecSign.Commands.Inspect;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Inspection;
using KexecSign.Inspection.Parts;
using KexecSign.Pictures;

namespace KexecSign.Tests.Inspection.Parts;

/// <summary>The parts of a file cover it from the first byte to the last, and lie where other tools see them.</summary>
public sealed partial class ImagePartsTests : IDisposable
{
    private readonly Bench _bench = new();

    [Fact]
    public void A_signed_image_is_headers_sections_and_certificates()
    {
        InspectResult image = Inspect(File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048)));
        Whole(image).Select(p => p.Kind).ShouldBe([PartKind.Headers, PartKind.Section, PartKind.Section, PartKind.Certificates]);
        image.Parts[^1].Offset.ShouldBe(image.Signatures[0].Offset);
        // What AuthenticodeDigest skips: checksum and directory entry where the specification has them.
        image.Uncovered.Select(u => (u.Offset, u.Size)).ShouldBe([(0x40 + 24 + 64, 4), (0x40 + 24 + 112 + 32, 8), (image.Parts[^1].Offset, image.Parts[^1].Size)]);
    }

    // Firmware and kernel hash section by section, so what lies between headers and sections may be changed at will.
    [Theory]
    [InlineData(TestImage.SizeOfHeaders, 0)]
    [InlineData(TestImage.SizeOfHeaders + TestImage.TextSize, 1)]
    public void A_gap_is_not_covered_and_every_picture_says_so(int at, int moved)
    {
        const int size = 0x200;
        byte[] signed = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048));
        (PeImage read, Layout file) = Bench.Read(_bench.Folder.File("sound", signed));
        byte[] table = file.ReadBytes(read.CertificateTable.Address, read.CertificateTable.Size);
        TestImage image = TestImage.Arm64().Insert(at, size);
        for (int section = moved; section < 2; section++)
            image.SectionField(section, 20, read.Sections[section].PointerToRawData + size);
        byte[] gapped = image.Certificates((uint)image.Bytes.Length, (uint)table.Length).Append(table).Bytes;
        InspectResult result = Inspect(gapped);
        result.Uncovered.Select(u => (u.Name, u.Offset, u.Size)).ShouldBe(
        [
            ("checksum", 0x40 + 24 + 64, 4), ("certificate directory", 0x40 + 24 + 112 + 32, 8), ("gap that no signature covers", at, size),
            ("certificate table", gapped.Length - table.Length, table.Length),
        ]);
        // The hash itself is the judge: a change in there does not change it.
        byte[] changed = (byte[])gapped.Clone();
        changed[at + 7] ^= 0xFF;
        Inspect(changed).AuthenticodeSha256.ShouldNotBeNull().ShouldBe(result.AuthenticodeSha256);
        FileMap map = FileMap.Of(result).ShouldNotBeNull();
        map.Covers.ShouldHaveSingleItem().Covered.ShouldNotContain(c => c.Offset <= at && c.Offset + c.Size > at);
        TextMap.Notes(map)[0].ShouldEndWith($"the checksum, the certificate directory, the certificate table and a gap of 0x200 bytes at 0x{at:x}.");
        TextMap.Of(map)[0].Rows.Single(row => row[0] == "signature 0")[3].TrimEnd('·').ShouldContain('·');
        SvgMap.File(map).ShouldContain($"covers 0x{at + size:x} to 0x");
    }

    [Fact]
    public void A_payload_lies_in_its_section()
    {
        InspectResult image = Inspect(TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes);
        Whole(image).Select(p => (p.Kind, p.Name)).ShouldBe(
            [(PartKind.Headers, "headers"), (PartKind.Section, ".text"), (PartKind.Payload, "payload (gzip)"), (PartKind.Section, ".text"), (PartKind.Section, ".data")]);
        (image.Parts[2].Offset, image.Parts[2].Size).ShouldBe((image.Payload!.Offset, image.Payload.Size));
    }

    [Theory]
    [InlineData(0, PartKind.Padding)]
    [InlineData(1, PartKind.Unclaimed)]
    public void What_no_header_speaks_of_is_padding_only_where_it_is_zeros(byte value, PartKind kind)
    {
        byte[] tail = new byte[0x100];
        tail[77] = value;
        FilePart last = Whole(Inspect(TestImage.Arm64().Append(tail).Bytes))[^1];
        (last.Kind, last.Offset, last.Size).ShouldBe((kind, 0x3600, 0x100));
    }

    [Fact]
    public void What_two_headers_claim_is_told()
    {
        // .data begins in the middle of .text.
        FilePart shared = Whole(Inspect(TestImage.Arm64().SectionField(1, 20, 0x2000).Bytes)).Single(p => p.Kind == PartKind.Shared);
        (shared.Name, shared.Offset, shared.Size).ShouldBe((".text, .data", 0x2000, 0x600));
    }

    // Many sections in one place, and mutations of headers: still one partition.
    [Fact]
    public void Whatever_headers_say_the_parts_add_up()
    {
        byte[] sound = File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048));
        int read = 0;
        foreach (byte[] mutation in Mutations.Of(sound, 0, 0x180, 300, seed: 3))
        {
            try
            {
                InspectResult image = Inspect(mutation);
                if (image.Parts.IsEmpty)
                    continue;
                Whole(image);
                read++;
            }
            catch (KexecSign.Formats.Errors.KexecSignException)
            {
                // Not read at all is an answer, too.
            }
        }
        read.ShouldBeGreaterThan(50);
    }

    [SkippableTheory]
    [InlineData("signed kernel arm64")]
    [InlineData("signed kernel amd64")]
    [InlineData("shim amd64")]
    [InlineData("newer stub amd64")]
    public void Sections_lie_where_objdump_sees_them(string name)
    {
        string file = DebianFiles.Named(name);
        InspectResult image = InspectOperation.Definition.Run(new() { File = file }, _bench.Context);
        Whole(image);
        string objdump = name.EndsWith("arm64", StringComparison.Ordinal) ? "aarch64-linux-gnu-objdump" : "objdump";
        MatchCollection seen = Row().Matches(Tool.Run(objdump, "-h", file));
        seen.Count.ShouldBeGreaterThan(1);
        // Names of more than eight letters stand in a string table, as /4.
        foreach (Match row in seen)
        {
            long offset = long.Parse(row.Groups["offset"].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (offset != 0)
                image.Parts.ShouldContain(p => p.Offset == offset && (p.Kind == PartKind.Shared || p.Name == row.Groups["name"].Value || p.Name.StartsWith('/')), row.Value);
        }
    }

    public void Dispose() => _bench.Dispose();

    private static ImmutableArray<FilePart> Whole(InspectResult image)
    {
        long at = 0;
        foreach (FilePart part in image.Parts)
        {
            part.Offset.ShouldBe(at);
            part.Size.ShouldBeGreaterThan(0);
            at += part.Size;
        }
        at.ShouldBe(image.Size);
        return image.Parts;
    }

    private InspectResult Inspect(byte[] bytes) => InspectOperation.Definition.Run(new() { File = _bench.Folder.File("image", bytes) }, _bench.Context);

    // "  0 .text  02150000  ffff800080010000  ffff800080010000  00010000  2**4"
    [GeneratedRegex(@"^ +\d+ (?<name>\S+) +[0-9a-f]{8} +[0-9a-f]+ +[0-9a-f]+ +(?<offset>[0-9a-f]{8}) +2\*\*", RegexOptions.Multiline)]
    private static partial Regex Row();
}
