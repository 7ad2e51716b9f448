using KexecSign.Fixtures;
using KexecSign.Formats.Elf;

namespace KexecSign.Formats.Tests.Elf;

public sealed class ElfHeadTests
{
    [Theory]
    [InlineData("7f454c46020101000000000000000000", "0100")]
    [InlineData("7f454c46010101000000000000000000", "0100")]
    [InlineData("7f454c46020201000000000000000000", "0001")]
    public void Takes_objects_of_each_class_and_byte_order(string identification, string type) =>
        Should.NotThrow(() => ElfHead.RequireRelocatable(Convert.FromHexString(identification + type), "the module"));

    [Theory]
    [InlineData("", "the magic of the module is 0x0 where 0x7f454c46 is wanted")]
    [InlineData("4d5a", "the magic of the module is 0x4d5a0000")]
    [InlineData("7f454c4602", "e_ident[EI_DATA] of the module is 0x0")]
    [InlineData("7f454c460203", "e_ident[EI_DATA] of the module is 0x3")]
    [InlineData("7f454c4602010100000000000000000002", "e_type of the module is 0x2 where 0x1 is wanted")]
    [InlineData("7f454c460202010000000000000000000100", "e_type of the module is 0x100")]
    public void Refuses_what_is_none(string head, string says) =>
        Refusal.Of("KS1303", () => ElfHead.RequireRelocatable(Convert.FromHexString(head), "the module"), says);
}
