using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Batches;
using KexecSign.Commands.Rpm;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Commands.Rpm;

/// <summary>What is signed of a package is what is in its payload, and nothing that is a signed thing of another kind.</summary>
public sealed class RpmContentsTests : IDisposable
{
    private static readonly byte[] Digest = SHA256.HashData("another file"u8);
    private readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    [SkippableTheory]
    [InlineData("w9.gzdio")]
    [InlineData("w7.xzdio")]
    [InlineData("w7T2.xzdio")]
    [InlineData("w9.lzdio")]
    [InlineData("w3.zstdio")]
    [InlineData("w.ufdio")]
    public void Files_are_seen_in_a_payload_of_whatever_compression_rpm_writes(string payload)
    {
        string package = Build(payload, ("kernel", "the kernel"u8.ToArray()), ("empty", []), ("large", RandomNumberGenerator.GetBytes(700_001)));
        FileOutcome outcome = Sign(package);
        outcome.Status.ShouldBe(FileStatus.Signed, outcome.Message);
    }

    [SkippableFact]
    public void A_payload_that_cannot_be_looked_into_is_refused_with_the_way_out()
    {
        FileOutcome outcome = Sign(Build("w9.bzdio", ("kernel", "the kernel"u8.ToArray())));
        outcome.Code.ShouldBe("KS3351", outcome.Message);
        outcome.Message.ShouldNotBeNull().ShouldContain("(bzip2)");
    }

    // Type, hash and digest of struct ima_file_id; EVM's; a set of attributes as a PE image's signature has.
    public static TheoryData<byte[]> Forms => new()
    {
        new byte[] { 3, 4 }.Concat(Digest).ToArray(),
        new byte[] { 5, 4 }.Concat(Digest).ToArray(),
        new byte[] { 3, 2 }.Concat(Digest[..20]).ToArray(),
        new byte[] { 0x31, 0x10, 0x30, 0x0E, 0x06, 0x03, 0x2A, 0x03, 0x04, 0x31, 0x07, 4, 5, 1, 2, 3, 4, 5 },
    };

    [SkippableTheory]
    [MemberData(nameof(Forms))]
    public void A_file_that_has_the_form_of_what_another_role_signs_is_refused_by_name(byte[] content)
    {
        string package = Build("w3.zstdio", ("kernel", "the kernel"u8.ToArray()), ("odd", content));
        byte[] before = File.ReadAllBytes(package);
        FileOutcome outcome = Sign(package);
        outcome.Code.ShouldBe(content[0] == 0x31 ? "KS3331" : "KS3334", outcome.Message);
        outcome.Message.ShouldNotBeNull().ShouldContain(package + ": ./boot/odd: ");
        File.ReadAllBytes(package).ShouldBe(before);
        // A byte more, and it is content as any other.
        Sign(Build("w3.zstdio", ("odd", [.. content, 0]))).Status.ShouldBe(FileStatus.Signed);
    }

    [SkippableFact]
    public void A_digest_that_no_file_of_the_payload_has_is_not_signed()
    {
        byte[] kernel = "the kernel"u8.ToArray();
        byte[] bytes = File.ReadAllBytes(Build("w3.zstdio", ("kernel", kernel), ("other", [1])));
        byte[] old = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(kernel)));
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(Digest)).CopyTo(bytes.AsSpan(bytes.AsSpan().IndexOf(old)));
        string changed = _bench.Folder.File("changed.rpm", WithItsHeaderDigest(bytes));
        Tool.Ask("rpm", "-K", "--nosignature", changed).Output.ShouldContain("digests OK", customMessage: "MD5 apart, the header is whole");
        FileOutcome outcome = Sign(changed);
        outcome.Code.ShouldBe("KS3352", outcome.Message);
        outcome.Message.ShouldNotBeNull().ShouldContain("1 file(s)");
        outcome.Message.ShouldContain("/boot/kernel");
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(4096)]
    public void Archives_are_read_in_pieces_of_whatever_size(int piece)
    {
        Tool.Require("cpio");
        string folder = _bench.Folder.Folder("tree");
        byte[][] contents = [.. Enumerable.Range(0, 9).Select(RandomNumberGenerator.GetBytes)];
        for (int i = 0; i < contents.Length; i++)
            File.WriteAllBytes(Path.Combine(folder, $"file{new string('n', i)}"), contents[i]);
        File.CreateSymbolicLink(Path.Combine(folder, "link"), "file");
        Tool.Run("sh", "-c", $"cd {folder} && find . | cpio --quiet -o -H newc > ../tree.cpio");
        byte[] archive = File.ReadAllBytes(_bench.Folder.At("tree.cpio"));
        var seen = new List<(string Name, string Head, long Size)>();
        using var files = new CpioFiles(HashAlgorithmName.SHA256, (name, head, size) => seen.Add((name, Convert.ToHexString(head), size)));
        for (int at = 0; at < archive.Length; at += piece)
            files.Take(archive.AsSpan(at, Math.Min(piece, archive.Length - at)));
        files.End();
        files.Digests.ShouldBe(contents.Select(c => Convert.ToHexString(SHA256.HashData(c))), ignoreOrder: true);
        seen.Select(s => (s.Head, s.Size)).ShouldBe(contents.Select(c => (Convert.ToHexString(c), (long)c.Length)), ignoreOrder: true);
        seen.Select(s => s.Name).ShouldContain(name => name.EndsWith("filennn", StringComparison.Ordinal));
    }

    [Fact]
    public void A_cut_archive_and_one_of_another_format_are_refused()
    {
        using var cut = new CpioFiles(HashAlgorithmName.SHA256, (_, _, _) => { });
        cut.Take("070701"u8);
        Refusal.Of("KS1901", cut.End).Message.ShouldContain("at 0x6");
        using var other = new CpioFiles(HashAlgorithmName.SHA256, (_, _, _) => { });
        Refusal.Of("KS1901", () => other.Take(Encoding.ASCII.GetBytes("07070X" + new string('0', 200)))).Message.ShouldContain("newc");
    }

    // The main header's SHA-256 in the signature header made anew, as whoever changes a package does.
    private static byte[] WithItsHeaderDigest(byte[] package)
    {
        const int signatures = 96;
        ReadOnlySpan<byte> magic = [0x8E, 0xAD, 0xE8, 0x01];
        int main = package.AsSpan(signatures + 4).IndexOf(magic) + signatures + 4;
        int length = 16 + (16 * BinaryPrimitives.ReadInt32BigEndian(package.AsSpan(main + 8))) + BinaryPrimitives.ReadInt32BigEndian(package.AsSpan(main + 12));
        int count = BinaryPrimitives.ReadInt32BigEndian(package.AsSpan(signatures + 8)), store = signatures + 16 + (16 * count);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = package.AsSpan(signatures + 16 + (16 * i), 16);
            int tag = BinaryPrimitives.ReadInt32BigEndian(entry), offset = BinaryPrimitives.ReadInt32BigEndian(entry[8..]);
#pragma warning disable CA5350, CA5351 // What the format has.
            byte[]? value = tag switch
            {
                273 => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(package.AsSpan(main, length)))),
                269 => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA1.HashData(package.AsSpan(main, length)))),
                1004 => MD5.HashData(package.AsSpan(main)),
                _ => null,
            };
#pragma warning restore CA5350, CA5351
            value?.CopyTo(package.AsSpan(store + offset));
        }
        return package;
    }

    private FileOutcome Sign(string package) => RpmSignOperation.Definition.Run(
        new() { Files = [package], InPlace = true, Signing = _bench.Identity(TestSigners.Rsa2048) }, _bench.Context).Files.ShouldHaveSingleItem();

    private string Build(string payload, params (string Name, byte[] Content)[] files) =>
        TestPackage.Build(_bench.Folder, files, $"_binary_payload {payload}");
}
