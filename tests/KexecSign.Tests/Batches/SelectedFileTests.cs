using KexecSign.Batches;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Batches;

public sealed class SelectedFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public SelectedFileTests()
    {
        foreach (string name in (string[])["b/2.ko", "b/10.ko", "a/1.ko", "a/readme", "a/sub/9.ko", ".hidden.ko"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.At(name))!);
            File.WriteAllText(_folder.At(name), name);
        }
        File.CreateSymbolicLink(_folder.At("a/link.ko"), _folder.At("b/2.ko"));
    }

    [Fact]
    public void A_folder_gives_its_files_in_one_order_without_links() =>
        Names([_folder.Path]).ShouldBe([".hidden.ko", "a/1.ko", "a/sub/9.ko", "b/10.ko", "b/2.ko"]);

    [Theory]
    [InlineData("b/*.ko", "10.ko 2.ko")]
    [InlineData("*/1*.ko", "1.ko 10.ko")]
    [InlineData("?/?.ko", "1.ko link.ko 2.ko")]
    [InlineData("a*", "1.ko sub/9.ko")]
    public void A_pattern_gives_what_it_matches(string pattern, string names) =>
        Names([_folder.At(pattern)]).ShouldBe(names.Split(' ').Where(n => n != "link.ko"));

    [Fact]
    public void A_file_that_is_named_twice_is_taken_once() =>
        Names([_folder.At("a/1.ko"), _folder.At("a"), _folder.At("b/../a/1.ko")]).ShouldBe(["1.ko", "sub/9.ko"]);

    [Theory]
    [InlineData("\n")]
    [InlineData("\0")]
    [InlineData("\r\n")]
    public void A_list_names_more(string separator)
    {
        string list = _folder.File("list", System.Text.Encoding.UTF8.GetBytes(_folder.At("b/2.ko") + separator + _folder.At("a") + separator));
        Names([], list).ShouldBe(["2.ko", "1.ko", "sub/9.ko"]);
    }

    [Fact]
    public void A_file_that_is_called_like_a_pattern_is_taken_as_it_is()
    {
        File.WriteAllText(_folder.At("a/[*].ko"), "");
        Names([_folder.At("a/[*].ko")]).ShouldBe(["[*].ko"]);
    }

    [Fact]
    public void What_leads_to_nothing_is_refused()
    {
        Refusal.Of("KS3901", () => Names([_folder.At("c*")]));
        Refusal.Of("KS3901", () => Names([_folder.Folder("empty")]));
        Refusal.Of("KS3902", () => Names([], _folder.File("list", [])));
        Refusal.Of("KS3001", () => Names([], _folder.At("nowhere")));
    }

    public void Dispose() => _folder.Dispose();

    private static string[] Names(string[] arguments, string? list = null) =>
        [.. SelectedFile.Of(arguments, list, name => name.EndsWith(".ko", StringComparison.Ordinal), "module").Select(f => f.Name)];
}
