using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;

namespace KexecSign.Formats.Tests.Uki;

/// <summary>Stubs as Debian packages them, and what is left out of them.</summary>
public sealed class StubImageTests
{
    [SkippableTheory]
    [InlineData("stub amd64", 252)]
    [InlineData("stub arm64", 252)]
    [InlineData("newer stub amd64", 254)]
    [InlineData("newer stub arm64", 254)]
    public void Every_stub_tells_its_version_and_its_SBAT_rows_and_composes_canonically(string name, int version)
    {
        Layout file = Layout.Of(File.ReadAllBytes(DebianFiles.Named(name)));
        StubImage stub = StubImage.Read(file);
        stub.Version.ShouldBe(version);
        stub.Sbat.ShouldNotBeNull().ShouldContain($"systemd,1,The systemd Developers,systemd,{version},https://systemd.io/");
        stub.Own.ShouldNotContain(s => s.Name == ".sbat");
        Layout image = UkiComposer.Compose(stub.Image, file, stub.Own, [.. stub.LostMagic is { } magic ? [magic] : Array.Empty<UkiPart>(), new(".linux", Layout.Of(new byte[100]))]);
        PeImage headers = PeReader.Read(image);
        PeCanonical.Require(headers, image);
        StubImage.MagicOf(headers, image).ShouldBe(stub.Magic);
    }

    // objcopy wrote .dynsym, .sbat and .sdmagic behind what the hand-written headers cover.
    [SkippableFact]
    public void The_tail_of_the_arm64_stub_of_252_is_left_out_and_its_SBAT_and_name_are_found_there()
    {
        Layout file = Layout.Of(File.ReadAllBytes(DebianFiles.Named("stub arm64")));
        PeImage image = PeReader.Read(file);
        image.FindSection(".sbat").ShouldBeNull();
        Refusal.Of("KS1017", () => PeCanonical.Require(image, file));

        StubImage stub = StubImage.Read(file);
        stub.LostMagic.ShouldNotBeNull().Name.ShouldBe(".sdmagic");
        string told = $"0x{file.Length - image.SectionsEnd:x} bytes";
        stub.Notes.ShouldContain(note => note.Contains(told, StringComparison.Ordinal));
        stub.Notes.ShouldContain(note => note.Contains(".sbat", StringComparison.Ordinal));
    }

    [SkippableFact]
    public void The_symbol_table_of_the_amd64_stub_of_252_is_left_out() =>
        StubImage.Read(Layout.Of(File.ReadAllBytes(DebianFiles.Named("stub amd64")))).Notes.ShouldHaveSingleItem().ShouldContain("symbol table");

    [Fact]
    public void Refuses_a_finished_image_as_a_stub()
    {
        TestImage image = TestImage.Arm64();
        Encoding.ASCII.GetBytes(".linux\0\0").CopyTo(image.Bytes, image.SectionTable + 40);
        Refusal.Of("KS1714", () => StubImage.Read(Layout.Of(image.Bytes)), ".linux", "0x3000");
    }

    [Fact]
    public void Refuses_a_stub_that_could_never_be_signed() =>
        Refusal.Of("KS1006", () => StubImage.Read(Layout.Of(TestImage.Arm64(directories: 4).Bytes)), "4");

    [Theory]
    [InlineData("systemd-stub 252.39-1~deb12u2", 252)]
    [InlineData("systemd-stub 257", 257)]
    [InlineData("systemd-stub v257", null)]
    [InlineData("other", null)]
    [InlineData(null, null)]
    public void Reads_the_version_in_a_name(string? name, int? version) => StubImage.VersionOf(name).ShouldBe(version);

    [SkippableTheory]
    [InlineData(0x8664, "objdump", "i386:x86-64", "movabs $0x8000000000000003,%rax", "ret")]
    [InlineData(0xAA64, "aarch64-linux-gnu-objdump", "aarch64", "mov\tx0, #0x3", "movk\tx0, #0x8000, lsl #48")]
    public void The_built_in_addon_stub_returns_EFI_UNSUPPORTED(int machine, string objdump, string architecture, params string[] instructions)
    {
        using var folder = new TempFolder();
        Layout stub = AddonStub.For((ushort)machine);
        PeCanonical.Require(PeReader.Read(stub), stub);
        string listing = Tool.Run(objdump, "-d", "-f", folder.File("addon.efi", stub.ReadBytes(0, stub.Length)));
        listing.ShouldContain($"architecture: {architecture}");
        foreach (string instruction in instructions)
            listing.ShouldContain(instruction);
    }

    [Fact]
    public void Refuses_a_machine_without_built_in_addon_stub() => Refusal.Of("KS1724", () => AddonStub.For(0x6264), "loongarch64");
}
