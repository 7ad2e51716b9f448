using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Formats.Ima;

namespace KexecSign.Formats.Tests.Ima;

public sealed class VerityDigestTests
{
    // Both sides of a block, of a level of 128 (SHA-256) or 64 (SHA-512) hashes, and of two levels.
    public static TheoryData<string, int> Sizes()
    {
        var data = new TheoryData<string, int>();
        foreach (string hash in (string[])["sha256", "sha512"])
        {
            foreach (int size in (int[])[0, 1, 4095, 4096, 4097, 64 * 4096, 64 * 4096 + 1, 128 * 4096, 128 * 4096 + 1, 129 * 4096, 64 * 64 * 4096 + 5])
                data.Add(hash, size);
        }
        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Sizes))]
    public void Is_what_fsverity_computes(string hash, int size)
    {
        using var folder = new TempFolder();
        byte[] content = new byte[size];
        new Random(size).NextBytes(content);
        string said = Tool.Run("fsverity", "digest", "--compact", $"--hash-alg={hash}", folder.File("f", content)).Trim();

        using var digest = new VerityDigest(new HashAlgorithmName(hash.ToUpperInvariant()));
        for (int at = 0; at < size; at += 5000)
            digest.Append(content.AsSpan(at, Math.Min(5000, size - at)));
        Convert.ToHexStringLower(digest.Finish()).ShouldBe(said);
    }

    [Fact]
    public void Refuses_hashes_that_fsverity_has_not() => Refusal.Of("KS1405", () => new VerityDigest(HashAlgorithmName.SHA384).Dispose());
}
