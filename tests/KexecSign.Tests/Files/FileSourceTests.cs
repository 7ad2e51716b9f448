using KexecSign.Files;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Files;

public sealed class FileSourceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void A_missing_file_is_named() => Refusal.Of("KS3001", () => FileSource.Open(_folder.At("none")), _folder.At("none"));

    [Fact]
    public void A_missing_folder_counts_as_a_missing_file() => Refusal.Of("KS3001", () => FileSource.Open(_folder.At("none/file")));

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void A_path_that_names_nothing_is_a_missing_file(string path) => Refusal.Of("KS3001", () => FileSource.Open(path));

    [Fact]
    public void A_folder_is_no_input() => Refusal.Of("KS3002", () => FileSource.Open(_folder.Path), "folder");

    public void Dispose() => _folder.Dispose();
}
