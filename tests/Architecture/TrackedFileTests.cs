using KexecSign.Architecture.Tests.Metadata;

namespace KexecSign.Architecture.Tests;

/// <summary>What is in the repository can be read: no program, library or archive, which nobody could review.</summary>
public sealed class TrackedFileTests
{
    // Pictures for people, and the images of a few hundred bytes at which other tools broke.
    private static bool MayBe(string file) => Path.GetExtension(file) == ".png" || file.StartsWith("tests/corpus/pe/", StringComparison.Ordinal);

    [Fact]
    public void No_file_is_binary_but_pictures_and_the_corpus() =>
        Repository.Files().Where(file => !MayBe(file) && IsBinary(Path.Combine(Repository.Root, file))).ShouldBeEmpty();

    [Fact]
    public void Would_see_one() => IsBinary(typeof(TrackedFileTests).Assembly.Location).ShouldBeTrue();

    private static bool IsBinary(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] head = new byte[8192];
        return head.AsSpan(0, file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)).Contains((byte)0);
    }
}
