using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Sbat;

namespace KexecSign.Formats.Tests.Sbat;

public class SbatTableTests
{
    private const string Section = "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\nlinux,3,The Linux Developers,linux,6.16,https://linux.org\n";

    [Fact]
    public void Reads_a_section_with_its_padding() =>
        SbatTable.ReadSection([.. Encoding.UTF8.GetBytes(Section), .. new byte[100]]).Entries.ShouldBe([new("sbat", 1), new("linux", 3)]);

    [Theory]
    [InlineData("sbat,1,2024040900\nlinux,4\n", 4u)]
    [InlineData("sbat,1,2024040900\nshim,9\nlinux,5\n", 5u)]
    public void A_level_with_a_higher_generation_revokes(string level, uint wanted) =>
        SbatTable.ReadSection(Encoding.UTF8.GetBytes(Section)).RevokedBy(SbatTable.ReadLevel(Encoding.UTF8.GetBytes(level))).ShouldBe((new SbatEntry("linux", 3), wanted));

    [Theory]
    [InlineData("sbat,1,2024040900\nlinux,3\n")]
    [InlineData("sbat,1,2024040900\nshim,4\n")]
    public void An_equal_generation_and_other_components_do_not(string level) =>
        SbatTable.ReadSection(Encoding.UTF8.GetBytes(Section)).RevokedBy(SbatTable.ReadLevel(Encoding.UTF8.GetBytes(level))).ShouldBeNull();

    [Theory]
    [InlineData("sbat,1,a,b,c\n", "5 field(s)")]
    [InlineData("sbat\n", "0 field(s)")]
    [InlineData("sbat,1,a,b,c,d\n,1,a,b,c,d\n", "row 2")]
    [InlineData("sbat,1,a,b,c,\n", "field 6 is empty")]
    public void Refuses_what_shim_does_not_read(string text, string told) =>
        Refusal.Of("KS1701", () => SbatTable.ReadSection(Encoding.UTF8.GetBytes(text)), told);

    // Each is read so by shim's own code in the tests of consumers.
    [Theory]
    [InlineData("", null, "no row")]
    [InlineData("linux,1,a,b,c,d\n", 1u, "first row")]
    [InlineData("sbat,x,a,b,c,d\n", 0u, "'x'")]
    [InlineData("sbat,-1,a,b,c,d\n", 0u, "'-1'")]
    [InlineData("sbat,65538,a,b,c,d\n", 2u, "65538")]
    [InlineData("sbat,1,a,b,c,d\n\0x", 1u, "0xf")]
    [InlineData("sbat,1,a,b,c,d\rgrub,2,a,b,c,d\n", 1u, "carriage return")]
    public void Tells_of_what_shim_reads_in_its_own_way(string text, uint? generation, string told)
    {
        var table = SbatTable.ReadSection(Encoding.UTF8.GetBytes(text));
        table.Entries.FirstOrDefault()?.Generation.ShouldBe(generation!.Value);
        table.Oddities.ShouldHaveSingleItem().ShouldContain(told);
    }

    [Fact]
    public void Tells_of_nothing_where_nothing_is_odd() =>
        SbatTable.ReadSection([.. Encoding.UTF8.GetBytes(Section.Replace("\n", "\r\n", StringComparison.Ordinal)), .. new byte[7]]).Oddities.ShouldBeEmpty();
}
