using KexecSign.Files;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Files;

/// <summary>Outputs that appear together.</summary>
public sealed class StagedFilesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void Appear_together_and_leave_nothing_else()
    {
        string first = _folder.File("first", "old"u8), second = _folder.At("second");
        using (var files = new StagedFiles())
        {
            Fill(files, first, second);
            File.ReadAllText(first).ShouldBe("old");
            files.Place();
        }
        File.ReadAllText(first).ShouldBe("new");
        File.ReadAllText(second).ShouldBe("new");
        Left().ShouldBe(["first", "second"]);
    }

    [Fact]
    public void When_the_last_cannot_be_placed_those_before_it_are_as_they_were()
    {
        string first = _folder.File("first", "old"u8), second = _folder.At("second"), third = _folder.At("third");
        using (var files = new StagedFiles())
        {
            Fill(files, first, second, third);
            // Somebody makes a folder where a file was to be.
            Directory.CreateDirectory(third);
            Refusal.Of("KS3003", files.Place, third, "folder");
        }
        File.ReadAllText(first).ShouldBe("old");
        Left().ShouldBe(["first", "third"]);
    }

    [Fact]
    public void Without_placing_nothing_is_left()
    {
        using (var files = new StagedFiles())
            Fill(files, _folder.At("first"));
        Left().ShouldBeEmpty();
    }

    public void Dispose() => _folder.Dispose();

    private static void Fill(StagedFiles files, params string[] targets)
    {
        foreach (string target in targets)
        {
            using OutputFile output = OutputFile.Create(files.Add(target));
            output.Write("new"u8);
            output.Commit();
        }
    }

    private string[] Left() => [.. Directory.GetFileSystemEntries(_folder.Path).Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal)];
}
