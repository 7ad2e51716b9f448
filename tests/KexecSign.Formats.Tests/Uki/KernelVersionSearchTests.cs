using System.Text;
using KexecSign.Formats.Uki;

namespace KexecSign.Formats.Tests.Uki;

/// <summary>A banner is found however the bytes are cut, as files are read in pieces whose seams lie anywhere.</summary>
public sealed class KernelVersionSearchTests
{
    // As in a kernel: the format string of /proc/version, and the banner elsewhere (init/version-timestamp.c).
    private static readonly byte[] Kernel = Encoding.ASCII.GetBytes(
        new string('.', 120) + "%s version %s (Linux version %s (\0" + new string('.', 90) + "Linux version 6.12.1+deb13-arm64 (builder@host) #1 SMP\n" + new string('.', 200));

    [Fact]
    public void Cut_in_two_anywhere()
    {
        for (int cut = 0; cut <= Kernel.Length; cut++)
            Found(Kernel[..cut], Kernel[cut..]).ShouldBe("6.12.1+deb13-arm64", $"cut at {cut}");
    }

    [Fact]
    public void In_pieces_of_any_length()
    {
        for (int length = 1; length <= Kernel.Length; length++)
            Found([.. Kernel.Chunk(length)]).ShouldBe("6.12.1+deb13-arm64", $"pieces of {length}");
    }

    [Fact]
    public void A_version_of_64_characters_is_the_longest()
    {
        byte[] Banner(int length) => Encoding.ASCII.GetBytes("Linux version 6" + new string('x', length - 1) + " (");
        for (int cut = 0; cut < 70; cut++)
        {
            Found(Banner(64)[..cut], Banner(64)[cut..]).ShouldBe("6" + new string('x', 63), $"cut at {cut}");
            Found(Banner(65)[..cut], Banner(65)[cut..]).ShouldBeNull();
        }
    }

    [Fact]
    public void The_first_one_stays()
    {
        Found("Linux version 6.1 ("u8.ToArray(), "Linux version 7.3 ("u8.ToArray()).ShouldBe("6.1");
        Found("Linux version "u8.ToArray()).ShouldBeNull();
        Found().ShouldBeNull();
    }

    private static string? Found(params byte[][] pieces)
    {
        var search = new KernelVersionSearch();
        foreach (byte[] piece in pieces)
            search.Add(piece);
        return search.Found;
    }
}
