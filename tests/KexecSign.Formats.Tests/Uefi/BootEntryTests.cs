using System.Text;
using KexecSign.Formats.Uefi;

namespace KexecSign.Formats.Tests.Uefi;

public sealed class BootEntryTests
{
    [Fact]
    public void The_bytes_are_those_of_the_specification()
    {
        byte[] entry = new BootEntry("K", @"\a", "quiet").Encode();

        Convert.ToHexStringLower(entry).ShouldBe(
            "01000000" + "0e00" + "4b000000"
            + "04040a00" + "5c0061000000" + "7fff0400"
            + Convert.ToHexStringLower(Encoding.Unicode.GetBytes("quiet\0")));
    }

    [Fact]
    public void Without_arguments_the_entry_ends_with_its_path() =>
        Convert.ToHexStringLower(new BootEntry("K", @"\a").Encode()).ShouldEndWith("7fff0400");

    [Fact]
    public void The_entry_is_the_only_one_in_the_order_and_starts_at_once()
    {
        var variables = new BootEntry("K", @"\a").ToVariables(0x1AB);

        variables.Select(v => v.Name).ShouldBe(["Boot01AB", "BootOrder", "Timeout"]);
        variables[1].Value.ToArray().ShouldBe([0xAB, 0x01]);
        variables[2].Value.ToArray().ShouldBe([0, 0]);
        variables.ShouldAllBe(v => (uint)v.Attributes == 7 && v.Vendor == EfiGuids.GlobalVariable);
    }
}
