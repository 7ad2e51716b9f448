using KexecSign.Batches;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;

namespace KexecSign.Tests.Batches;

/// <summary>A byte that is another, and a byte too few, wherever they are and however the bytes are held.</summary>
public sealed class ReadBackTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(200_000)]
    public void Differences_are_found_in_memory_in_files_and_in_pieces(int length)
    {
        byte[] bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        foreach (int at in (int[])[0, length / 2, length - 1])
        {
            byte[] other = [.. bytes];
            other[at] ^= 1;
            foreach (Layout expected in Forms(bytes, "one"))
            {
                foreach (Layout found in Forms(other, "two"))
                    Refusal.Of("KS3753", () => ReadBack.RequireSame(expected, found, "it"), $"offset 0x{at:x} ");
                foreach (Layout same in Forms(bytes, "three"))
                    ReadBack.RequireSame(expected, same, "it");
            }
        }
        Refusal.Of("KS3753", () => ReadBack.RequireSame(Layout.Of(bytes), Layout.Of(bytes.AsMemory(0, length - 1)), "it"));
    }

    [Fact]
    public void What_was_written_otherwise_than_meant_is_found_before_it_is_in_place()
    {
        using OutputFile output = OutputFile.Create(_folder.At("out"));
        output.Write("written"u8);
        ReadBack.RequireWritten(Layout.Of("written"u8.ToArray()), output);
        Refusal.Of("KS3753", () => ReadBack.RequireWritten(Layout.Of("meant  "u8.ToArray()), output));
    }

    private Layout[] Forms(byte[] bytes, string name)
    {
        var file = FileSource.Open(_folder.File(name, bytes));
        return [Layout.Of(bytes), Layout.Of(bytes.AsMemory(0, bytes.Length / 2)).Append(bytes.AsMemory(bytes.Length / 2)), file.ToLayout()];
    }
}
