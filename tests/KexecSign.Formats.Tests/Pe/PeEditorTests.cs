using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Tests.Pe;

public class PeEditorTests
{
    [Fact]
    public void Adds_a_section_behind_the_others_and_moves_nothing()
    {
        TestImage built = TestImage.Arm64();
        byte[] content = [1, 2, 3];
        Layout edited = PeEditor.AddSection(Layout.Of(built.Bytes), ".bpf", Layout.Of(content), PeConstants.DiscardableData);
        PeImage image = PeReader.Read(edited);
        PeCanonical.Require(image, edited);
        image.Sections[2].ShouldBe(new PeSection(".bpf", 0x200, 0x20000, 0x200, 0x3600, 0x42000040));
        image.SizeOfImage.ShouldBe(0x21000u);
        image.SizeOfInitializedData.ShouldBe(PeReader.Read(Layout.Of(built.Bytes)).SizeOfInitializedData + 0x200);
        edited.ReadBytes(TestImage.SizeOfHeaders, built.Bytes.Length - TestImage.SizeOfHeaders).ShouldBe(built.Bytes[TestImage.SizeOfHeaders..]);
        PeEditor.SectionContent(image, edited, ".bpf").ReadBytes(0, 4).ShouldBe([1, 2, 3, 0]);
    }

    [Fact]
    public void Refuses_when_records_stand_behind_the_section_table()
    {
        TestImage image = TestImage.Arm64();
        image.U32(image.SectionTable + 80, 0x40);
        Refusal.Of("KS1022", () => Add(image), "0x148", "0x170", "0x40");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Moves_debug_records_on_and_their_entries_with_them(bool loaded)
    {
        (TestImage image, byte[] codeView) = WithDebugRecords(loaded);
        Layout edited = Add(image);
        PeImage read = PeReader.Read(edited);
        PeCanonical.Require(read, edited);
        read.Sections.Select(s => s.Name).ShouldBe([".text", ".data", ".bpf"]);
        var entries = DebugDirectory.Read(read, edited);
        entries.Select(e => (e.Type, e.Pointer, e.Address)).ShouldBe(
            [(20u, (uint)read.SectionTableEnd, loaded ? (uint)read.SectionTableEnd : 0), (2u, (uint)read.SectionTableEnd + 4, loaded ? (uint)read.SectionTableEnd + 4 : 0)]);
        edited.ReadBytes(entries[0].Pointer, 4).ShouldBe([0x40, 0, 0, 0]);
        edited.ReadBytes(entries[1].Pointer, codeView.Length).ShouldBe(codeView);

        // Once more, into the image that has three sections already.
        Layout twice = PeEditor.AddSection(edited, ".sbat", Layout.Of(new byte[8]), PeConstants.DiscardableData);
        twice.ReadBytes(DebugDirectory.Read(PeReader.Read(twice), twice)[0].Pointer, 4).ShouldBe([0x40, 0, 0, 0]);
    }

    [Fact]
    public void Refuses_when_there_is_something_between_debug_records_that_no_entry_names()
    {
        (TestImage image, byte[] codeView) = WithDebugRecords(loaded: false);
        int behind = image.SectionTable + 80 + 4 + codeView.Length;
        image.Bytes[behind + 3] = 7;
        Refusal.Of("KS1022", () => Add(image), $"0x{behind + 3:x}", "0x7");
    }

    [Fact]
    public void Refuses_a_debug_directory_that_lies_nowhere()
    {
        (TestImage image, _) = WithDebugRecords(loaded: false);
        image.U32(image.Optional + 112 + 48, 0xFFFFFFF0);
        Refusal.Of("KS1028", () => Add(image), "0xfffffff0", "0x38");
    }

    [Fact]
    public void Refuses_when_the_headers_are_full()
    {
        // .text begins right behind the two section headers.
        TestImage image = TestImage.Arm64(fileAlignment: 8).OptionalField(60, 0x148).SectionField(0, 20, 0x148).SectionField(0, 16, 0x2EB8);
        Refusal.Of("KS1021", () => Add(image), "0x148");
    }

    [Fact]
    public void Refuses_a_signed_image() =>
        Refusal.Of("KS1023", () => Add(TestImage.Arm64().Certificates(0x3600, 0x10).Append(new byte[16])), "0x10", "0x3600");

    [Fact]
    public void Refuses_a_second_section_of_that_name()
    {
        Layout once = PeEditor.AddSection(Layout.Of(TestImage.Arm64().Bytes), ".bpf", Layout.Of(new byte[8]), PeConstants.DiscardableData);
        Refusal.Of("KS1024", () => PeEditor.AddSection(once, ".bpf", Layout.Of(new byte[8]), PeConstants.DiscardableData), ".bpf", "0x3600");
    }

    [Theory]
    [InlineData("")]
    [InlineData(".toolongx")]
    [InlineData(".b\u00e4f")]
    [InlineData(".b\0f")]
    public void Refuses_names_that_readers_could_not_compare(string name) =>
        Refusal.Of("KS1025", () => PeEditor.AddSection(Layout.Of(TestImage.Arm64().Bytes), name, Layout.Of(new byte[8]), 0));

    [Theory]
    [InlineData(0xFFFFF000u)]
    [InlineData(0xFFFFFFFFu)]
    public void Refuses_addresses_that_run_over_32_bits(uint virtualSize) =>
        Refusal.Of("KS1026", () => Add(TestImage.Arm64().SectionField(1, 8, virtualSize)), "0xffffffff");

    [Fact]
    public void Adds_to_an_image_whose_size_of_initialized_data_is_wild() =>
        // No consumer reads that field, so it is no reason to fail.
        PeReader.Read(PeEditor.AddSection(
            Layout.Of(TestImage.Arm64().OptionalField(8, 0xFFFFFFFF).Bytes), ".bpf", Layout.Of(new byte[8]), PeConstants.DiscardableData)).Sections.Length.ShouldBe(3);

    [Fact]
    public void Refuses_a_file_alignment_that_makes_the_image_too_large() =>
        Refusal.Of("KS1026", () => Add(TestImage.Arm64().OptionalField(32, 0x80000000).OptionalField(36, 0x80000000).CutTo(TestImage.SizeOfHeaders)
            .SectionField(0, 16, 0).SectionField(1, 16, 0)), "0xffffffff");

    [Fact]
    public void Refuses_a_section_more_than_can_be_counted()
    {
        TestImage image = TestImage.Arm64().Insert(TestImage.SizeOfHeaders, 0x300000);
        image.Bytes.AsSpan(image.SectionTable, 80).Clear();
        image.U16(image.Pe + 6, 0xFFFF).OptionalField(60, (uint)image.Bytes.Length);
        Refusal.Of("KS1021", () => Add(image));
    }

    [Fact]
    public void Adds_to_an_image_without_sections()
    {
        TestImage image = TestImage.Arm64().CutTo(TestImage.SizeOfHeaders);
        image.U16(image.Pe + 6, 0);
        image.Bytes.AsSpan(image.SectionTable, 80).Clear();
        PeReader.Read(Add(image)).Sections.Select(s => s.VirtualAddress).ShouldBe([0x1000u]);
    }

    [Fact]
    public void Names_the_sections_that_there_are_when_one_is_missing()
    {
        Layout file = Layout.Of(TestImage.Arm64().Bytes);
        Refusal.Of("KS1027", () => PeEditor.SectionContent(PeReader.Read(file), file, ".bpf"), ".bpf", ".text .data");
    }

    private static Layout Add(TestImage image) =>
        PeEditor.AddSection(Layout.Of(image.Bytes), ".bpf", Layout.Of(new byte[8]), PeConstants.DiscardableData);

    // What a kernel with BTI and CONFIG_DEBUG_EFI has: entries in .text, records behind the section table.
    private static (TestImage Image, byte[] CodeView) WithDebugRecords(bool loaded)
    {
        TestImage image = TestImage.Arm64(directories: 7);
        byte[] codeView = [.. "NB10"u8, .. new byte[12], .. "vmlinux.efi"u8, 0];
        int records = image.SectionTable + 80, entries = TestImage.SizeOfHeaders + 0x100;
        image.U32(image.Optional + 112 + 48, (uint)entries).U32(image.Optional + 112 + 52, 56);
        image.Bytes.AsSpan(entries, 56).Clear();
        image.U32(records, 0x40);
        codeView.CopyTo(image.Bytes, records + 4);
        image.U32(entries + 12, 20).U32(entries + 16, 4).U32(entries + 24, (uint)records);
        image.U32(entries + 40, 2).U32(entries + 44, (uint)codeView.Length).U32(entries + 52, (uint)records + 4);
        if (loaded)
            image.U32(entries + 20, (uint)records).U32(entries + 48, (uint)records + 4);
        return (image, codeView);
    }
}
