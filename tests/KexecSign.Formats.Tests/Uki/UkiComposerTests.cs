using System.Collections.Immutable;
using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;

namespace KexecSign.Formats.Tests.Uki;

/// <summary>Sections put behind a stub: canonical, contiguous, the stub's own at the addresses where its code expects them.</summary>
public sealed class UkiComposerTests
{
    [Fact]
    public void What_comes_out_is_canonical_and_holds_each_section_byte_for_byte()
    {
        TestImage stub = TestImage.Arm64();
        Layout image = Compose(stub, Part(".linux", 0x1234), Part(".cmdline", 5), Part(".initrd", 0x200));
        PeImage headers = PeReader.Read(image);

        PeCanonical.Require(headers, image);
        headers.Sections.Select(s => s.Name).ShouldBe([".text", ".data", ".linux", ".cmdline", ".initrd"]);
        foreach ((string name, int length) in ((string, int)[])[(".linux", 0x1234), (".cmdline", 5), (".initrd", 0x200)])
        {
            PeSection section = headers.FindSection(name)!;
            (section.VirtualSize, section.SizeOfRawData).ShouldBe(((uint)length, (uint)Alignment.Up(length, 0x200)));
            UkiImage.ContentOf(section, image).ReadBytes(0, length).ShouldBe(Bytes(name, length));
        }
        headers.Sections.Zip(headers.Sections.Skip(1)).ShouldAllBe(pair => pair.Second.VirtualAddress % 0x1000 == 0 && pair.Second.VirtualAddress >= pair.First.VirtualEnd);
        headers.SizeOfImage.ShouldBe((uint)Alignment.Up(headers.Sections[^1].VirtualEnd, headers.SectionAlignment));
    }

    [Fact]
    public void The_stubs_sections_keep_their_bytes_and_addresses()
    {
        TestImage stub = TestImage.Arm64();
        PeImage before = PeReader.Read(Layout.Of(stub.Bytes));
        Layout image = Compose(stub, Part(".linux", 100));
        PeImage after = PeReader.Read(image);
        foreach ((PeSection old, PeSection now) in before.Sections.Zip(after.Sections))
        {
            (now with { PointerToRawData = old.PointerToRawData }).ShouldBe(old);
            image.ReadBytes(now.PointerToRawData, now.SizeOfRawData).ShouldBe(stub.Bytes[(int)old.PointerToRawData..(int)old.RawEnd]);
        }
    }

    [Fact]
    public void Headers_grow_and_move_the_file_content_but_no_address()
    {
        TestImage stub = NarrowHeaders();
        PeImage before = PeReader.Read(Layout.Of(stub.Bytes));
        before.SizeOfHeaders.ShouldBe(0x200u);
        UkiPart[] parts = [.. Enumerable.Range(0, 12).Select(i => Part($".s{i}", 10))];
        Layout image = Compose(stub, parts);
        PeImage after = PeReader.Read(image);
        PeCanonical.Require(after, image);
        after.SizeOfHeaders.ShouldBe(0x400u);
        after.Sections[0].VirtualAddress.ShouldBe(before.Sections[0].VirtualAddress);
        image.ReadBytes(after.Sections[0].PointerToRawData, 64).ShouldBe(stub.Bytes[(int)before.Sections[0].PointerToRawData..][..64]);
    }

    [Fact]
    public void Refuses_more_sections_than_fit_below_the_first_address_with_both_numbers() =>
        Refusal.Of("KS1710", () => Compose(NarrowHeaders(), [.. Enumerable.Range(0, 100).Select(i => Part($".s{i}", 10))]), "102 sections", "0x10e8", "0x1000");

    [Fact]
    public void Refuses_to_move_the_content_of_a_stub_whose_debug_records_say_where_it_is()
    {
        TestImage stub = NarrowHeaders(directories: 16);
        int debugDirectory = stub.Optional + 112 + 8 * 6;
        stub.U32(debugDirectory, 0x1000).U32(debugDirectory + 4, 28);
        UkiPart[] parts = [.. Enumerable.Range(0, 12).Select(i => Part($".s{i}", 10))];
        Refusal.Of(
            "KS1711", () => Compose(stub, parts), "14 sections need 0x400 bytes", "there are 0x200", "1 debug record(s)",
            "without debug records");
        Compose(stub, parts[..1]).Length.ShouldBeGreaterThan(stub.Bytes.Length, "as long as the headers do not grow");
    }

    [Fact]
    public void Refuses_to_overwrite_bytes_behind_the_section_table()
    {
        TestImage stub = TestImage.Arm64();
        stub.U32(stub.SectionTable + 84, 0x40);
        Refusal.Of("KS1022", () => Compose(stub, Part(".linux", 1)), "0x14c");
    }

    [Fact]
    public void Takes_instructions_that_do_nothing_behind_the_section_table_for_padding()
    {
        TestImage stub = TestImage.Arm64();
        for (int at = stub.SectionTable + 80; at < TestImage.SizeOfHeaders; at += 4)
            stub.U32(at, 0xD503201F);
        Layout image = Compose(stub, Part(".linux", 1));
        PeImage headers = PeReader.Read(image);
        image.ReadBytes(headers.SectionTableEnd, headers.SizeOfHeaders - headers.SectionTableEnd).ShouldAllBe(b => b == 0);
    }

    [Fact]
    public void Checksum_signature_and_symbols_of_the_stub_do_not_survive()
    {
        TestImage stub = TestImage.Arm64(directories: 16).OptionalField(64, 0x1234);
        stub.Append(new byte[64]).Certificates((uint)(stub.Bytes.Length - 64), 64);
        PeImage headers = PeReader.Read(Compose(stub, Part(".linux", 1)));
        (headers.CheckSum, headers.IsSigned, headers.SymbolTable).ShouldBe((0u, false, 0u));
    }

    [Fact]
    public void Refuses_a_section_that_is_empty_or_there_twice()
    {
        Refusal.Of("KS1712", () => Compose(TestImage.Arm64(), Part(".cmdline", 0)), ".cmdline");
        Refusal.Of("KS1713", () => Compose(TestImage.Arm64(), Part(".cmdline", 1), Part(".cmdline", 2)), ".cmdline", "2 times");
    }

    [Fact]
    public void Allows_several_dtbauto_and_a_section_of_the_same_name_in_a_profile() =>
        PeReader.Read(Compose(TestImage.Arm64(), Part(".cmdline", 1), Part(".dtbauto", 1), Part(".dtbauto", 2), Part(".profile", 1), Part(".cmdline", 2)))
            .Sections.Length.ShouldBe(7);

    [Fact]
    public void Reads_back_base_and_profiles()
    {
        UkiImage uki = UkiImage.ReadWithKernel(Compose(TestImage.Arm64(), Part(".linux", 9), Part(".cmdline", 1), Part(".profile", 1), Part(".profile", 2), Part(".cmdline", 2)));
        uki.Own.Select(s => s.Name).ShouldBe([".text", ".data"]);
        uki.Base.Select(p => p.Name).ShouldBe([".linux", ".cmdline"]);
        uki.Profiles.Length.ShouldBe(2);
        Lengths(uki.Effective(0)).ShouldBe([(".profile", 1), (".linux", 9), (".cmdline", 1)]);
        Lengths(uki.Effective(1)).ShouldBe([(".profile", 2), (".cmdline", 2), (".linux", 9)]);
        Refusal.Of("KS1723", () => uki.Effective(2), "0 to 1");
    }

    [Fact]
    public void Content_of_a_section_with_a_larger_VirtualSize_is_what_the_file_has()
    {
        Layout file = Layout.Of(new byte[0x400]);
        UkiImage.ContentOf(new(".linux", 0x1000, 0x1000, 0x200, 0x200, 0), file).Length.ShouldBe(0x200);
        UkiImage.ContentOf(new(".linux", 0x123, 0x1000, 0x200, 0x200, 0), file).Length.ShouldBe(0x123);
        UkiImage.ContentOf(new(".linux", 0, 0x1000, 0x200, 0x200, 0), file).Length.ShouldBe(0x200);
    }

    [Fact]
    public void Refuses_to_read_sections_over_the_same_bytes_and_more_profiles_than_the_stub_counts()
    {
        Refusal.Of("KS1014", () => UkiImage.Read(Layout.Of(TestImage.Arm64().SectionField(1, 20, 0x2e00).Bytes)), ".data", "0x2e00", "0x3000");
        UkiPart[] profiles = [.. Enumerable.Range(0, 257).Select(_ => Part(".profile", 1))];
        Layout many = Compose(WideHeaders(), profiles);
        Refusal.Of("KS1725", () => UkiImage.Read(many), "257", "256");
    }

    [Fact]
    public void Refuses_an_image_without_kernel_where_one_is_needed() =>
        Refusal.Of("KS1715", () => UkiImage.ReadWithKernel(Layout.Of(TestImage.Arm64().Bytes)), ".text .data");

    private static IEnumerable<(string, long)> Lengths(ImmutableArray<UkiPart> parts) => parts.Select(p => (p.Name, p.Content.Length));

    private static Layout Compose(TestImage stub, params UkiPart[] parts)
    {
        Layout file = Layout.Of(stub.Bytes);
        PeImage image = PeReader.Read(file);
        return UkiComposer.Compose(image, file, image.Sections, [.. parts]);
    }

    private static UkiPart Part(string name, int length) => new(name, Layout.Of(Bytes(name, length)));

    private static byte[] Bytes(string name, int length)
    {
        byte[] bytes = new byte[length];
        new Random(Encoding.ASCII.GetBytes(name).Sum(b => b) + length).NextBytes(bytes);
        return bytes;
    }

    // Sections loaded so high that thousands of headers fit below.
    private static TestImage WideHeaders() =>
        TestImage.Arm64().SectionField(0, 12, 0x100000).SectionField(1, 12, 0x110000);

    // Headers of 0x200 bytes in the file, sections from RVA 0x1000 on, as systemd's stubs are linked.
    private static TestImage NarrowHeaders(int directories = 6)
    {
        TestImage image = TestImage.Arm64(directories: directories).OptionalField(60, 0x200);
        image.SectionField(0, 20, 0x200).SectionField(1, 20, 0x200 + TestImage.TextSize);
        byte[] bytes = [.. image.Bytes[..0x200], .. image.Bytes[TestImage.SizeOfHeaders..]];
        image.CutTo(bytes.Length);
        bytes.CopyTo(image.Bytes, 0);
        return image;
    }
}
