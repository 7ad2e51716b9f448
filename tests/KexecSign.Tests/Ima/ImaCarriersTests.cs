using KexecSign.Files;
using KexecSign.Commands.Inspect;
using KexecSign.Fixtures;
using KexecSign.Ima;

namespace KexecSign.Tests.Ima;

public sealed class ImaCarriersTests
{
    [Fact]
    public void Says_what_FAT_cannot_carry() => ImaCarriers.Notes("MZ"u8, 0x4d44).ShouldHaveSingleItem().ShouldContain("FILE.sig");

    [Fact]
    public void Finds_the_file_system_of_a_file()
    {
        FileSystemKind.Of("/proc/version").ShouldBe(0x9fa0);
        FileSystemKind.Of("/nowhere").ShouldBe(0);
    }

    [Fact]
    public void Inspect_says_it_of_cpio_and_zboot_and_of_nothing_else()
    {
        using var bench = new Bench();
        Notes(bench, "070701000000"u8).ShouldHaveSingleItem().ShouldContain("cpio");
        Notes(bench, TestImage.Zboot([1, 2, 3, 4], "gzip").Bytes).ShouldHaveSingleItem().ShouldContain("kexec-tools");
        Notes(bench, TestImage.Arm64().Bytes).ShouldBeEmpty();
        Notes(bench, []).ShouldBeEmpty();
    }

    private static System.Collections.Immutable.ImmutableArray<string> Notes(Bench bench, ReadOnlySpan<byte> content) =>
        InspectOperation.Definition.Run(new() { File = bench.Folder.File("f", content) }, bench.Context).ImaNotes;
}
