using System.Text;

namespace KexecSign.Consumers.Tests.Shim;

/// <summary>.sbat sections and levels, odd and random, read by shim's own code and here.</summary>
public sealed class SbatDifferenceTests : IDisposable
{
    private const string Level = "sbat,1,2030010100\nshim,4\ngrub,3\nlinux,2\n";
    private const string Header = "sbat,1,SBAT Version,sbat,1,https://example.org\n";

    private readonly ShimBench _bench = new();

    public static TheoryData<string, bool> Tables => new()
    {
        { Header + "grub,3,a,b,c,d\n", true },
        { Header + "grub,2,a,b,c,d\n", false },
        { Header + "grub,3,a,b,c,d", true },
        { "grub,3,a,b,c,d\n", true },
        { "grub,2,a,b,c,d\n", false },
        { "", true },
        { "\n\n", true },
        { Header + "grub,3,a,b,c\n", false },
        { Header + "grub,3,a,b,c,d,e,f\n", true },
        { Header + "grub,3,a,b,,d\n", false },
        { Header + ",3,a,b,c,d\n", false },
        { Header + "grub\n", false },
        { Header + "grub,x,a,b,c,d\n", false },
        { Header + "grub, 3,a,b,c,d\n", true },
        { Header + "grub,\t03,a,b,c,d\n", true },
        { Header + "grub,3x,a,b,c,d\n", true },
        { Header + "grub,-3,a,b,c,d\n", false },
        { Header + "grub,65539,a,b,c,d\n", true },
        { Header + "grub,65536,a,b,c,d\n", false },
        { Header + "grub,18446744073709551619,a,b,c,d\n", true },
        { Header + "grub,3,a,b,c,d\rlinux,1,a,b,c,d\n", false },
        { Header + "grub,3,a,b,c,d\rlinux,2,a,b,c,d\n", true },
        { Header + "grub,3,a,b,c,d\0linux,1,a,b,c,d\n", true },
        { Header + "grub,3,a,b,c,d\n\0linux,1,a,b,c,d\n", true },
        { Header + "grub,3,a,b,c,d\n\n\0linux,1,a,b,c,d\n", false },
        { Header + "grub,3,a,b,c,d\n\n\0linux,2,a,b,c,d\n", true },
        { "\uFEFF" + Header + "grub,3,a,b,c,d\n", true },
        { Header + "GRUB,1,a,b,c,d\n", true },
        { Header + "grub ,1,a,b,c,d\n", true },
        { Header + "grub,3,a,b,c,d\ngrub,2,a,b,c,d\n", false },
        { "sbat,0,a,b,c,d\n", false },
        { "\0" + Header, true },
    };

    [SkippableTheory]
    [MemberData(nameof(Tables))]
    public void A_table_is_read_as_shim_reads_it(string table, bool accepted) =>
        _bench.Compare(_bench.Signed(_bench.WithSbat(Encoding.UTF8.GetBytes(table))), o => o with { SbatLevel = Level }).ShouldBe(accepted);

    [SkippableTheory]
    [InlineData("grub,3\n", true)]
    [InlineData("sbat,1,2030010100\ngrub,4\ngrub,3\n", false)]
    [InlineData("sbat,1,2030010100\ngrub,3\ngrub,4\n", true)]
    [InlineData("sbat,1,2030010100\ngrub,65538\n", true)]
    public void A_level_is_read_as_shim_reads_it(string level, bool accepted) =>
        _bench.Compare(_bench.Signed(_bench.WithSbat(Encoding.UTF8.GetBytes(Header + "grub,3,a,b,c,d\n"))), o => o with { SbatLevel = level }).ShouldBe(accepted);

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_tables_make_no_difference(int seed)
    {
        var random = new Random(seed);
        string[] pieces =
        [
            "sbat,1,a,b,c,d", "grub,3,a,b,c,d", "grub,2,a,b,c,d", "linux,65537,a,b,c,d", "shim,4", ",", ",,", "\n", "\r", "\r\n", "\0", " ", "\t",
            "0", "9", "x", "\uFEFF", "linux,2,a,b,c,d\n", "\n\n\0",
        ];
        BenchQuestion[] questions = [.. Enumerable.Range(0, 150).Select(_ =>
        {
            var text = new StringBuilder(random.Next(3) == 0 ? "" : Header);
            for (int i = random.Next(1, 8); i > 0; i--)
                text.Append(pieces[random.Next(pieces.Length)]).Append(random.Next(2) == 0 ? "\n" : "");
            return new BenchQuestion(_bench.Signed(_bench.WithSbat(Encoding.UTF8.GetBytes(text.ToString())))) { SbatLevel = Level, What = text.ToString() };
        })];
        _bench.CompareAll(questions, accepted: 10, refused: 10);
    }

    /// <summary>Fields of the section header: two sections, relocations, sizes, bytes behind the name.</summary>
    [SkippableTheory]
    [InlineData("two", false)]
    [InlineData("relocations", false)]
    [InlineData("relocation count", false)]
    [InlineData("virtual size above raw size", true)]
    [InlineData("virtual size above raw size, then a low one", false)]
    [InlineData("rows behind virtual size", false)]
    [InlineData("bytes behind the name", true)]
    public void A_section_is_found_as_shim_finds_it(string what, bool accepted)
    {
        byte[] low = Encoding.ASCII.GetBytes(Header + "grub,2,a,b,c,d\n"), sound = Encoding.ASCII.GetBytes(Header + "grub,3,a,b,c,d\n");
        byte[] image = what switch
        {
            "two" => _bench.WithSbat(sound, sound),
            "relocations" => ShimBench.Field(_bench.WithSbat(sound), 0, 24, 0x1000),
            "relocation count" => ShimBench.Field(_bench.WithSbat(sound), 0, 32, 1),
            "virtual size above raw size" => ShimBench.Field(_bench.WithSbat(low), 0, 8, 0x1000),
            "virtual size above raw size, then a low one" => ShimBench.Field(_bench.WithSbat(sound, low), 0, 8, 0x1000),
            "rows behind virtual size" => ShimBench.Field(_bench.WithSbat(low), 0, 8, (uint)Header.Length),
            "bytes behind the name" => ShimBench.Field(_bench.WithSbat(low), 0, 4, 0x78007461),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, null),
        };
        // All of them are signed as they stand.
        _bench.Compare(_bench.Signed(image), o => o with { SbatLevel = Level }).ShouldBe(accepted);
    }

    public void Dispose() => _bench.Dispose();
}
