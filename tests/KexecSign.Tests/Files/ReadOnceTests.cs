using System.Globalization;
using System.Security.Cryptography;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Inspect;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Verify;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;
using KexecSign.Keys.Keyrings;
using KexecSign.Signing;

namespace KexecSign.Tests.Files;

/// <summary>How often a large file is read, by the count that the kernel keeps for each thread (rchar of /proc/thread-self/io).</summary>
public sealed class ReadOnceTests : IDisposable
{
    private const string Counters = "/proc/thread-self/io";
    private const int Size = 24 << 20;

    // Headers, certificates, keys, lists and the counters themselves.
    private const long Rest = 256 * 1024;

    private readonly Bench _bench = new();

    [SkippableFact]
    public void All_consumers_are_served_by_one_read()
    {
        string file = _bench.Folder.At("signed"), other = _bench.Folder.At("twice");
        // shim takes no other digest than SHA-256.
        _bench.Sign(Large(), TestSigners.Rsa2048, o => o with { Output = file });
        _bench.Sign(file, TestSigners.Rsa2048, o => o with { Output = other, Existing = ExistingSignatures.Append, Signing = o.Signing with { Digest = "sha384" } });
        ImaSignOperation.Definition.Run(new() { Files = [other], Sidecar = true, Signing = _bench.Identity(TestSigners.Rsa2048) with { Digest = "sha512" } }, _bench.Context);
        string revoked = _bench.Folder.File("dbx.esl", new SignatureList(EfiGuids.CertSha256, [new(Guid.Empty, new byte[32])]).Encode());
        VerifyOptions options = new()
        {
            File = other,
            Db = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)],
            ImaCertificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)],
            Applied = true,
            Consumers = [Consumer.Ima, Consumer.Firmware, Consumer.Shim, Consumer.Kexec],
            Dbx = revoked,
        };
        VerifyOperation.Definition.Run(options with { File = _bench.SignedImage(TestSigners.Rsa2048) }, _bench.Context);

        long read = Read(() => VerifyOperation.Definition.Run(options, _bench.Context).Verdicts.ShouldAllBe(v => v.Answer == KexecSign.Judging.Answer.Accepts));
        read.ShouldBeInRange(Size, new FileInfo(other).Length + Rest);
    }

    [SkippableTheory]
    [InlineData(0u, 1)]
    // What was written is read once more, because the file's SHA-256 begins with headers that hold a sum of all that follows.
    [InlineData(7u, 2)]
    public void Signing_reads_the_input_once(uint checkSum, int reads)
    {
        string file = Large(checkSum);
        long read = Read(() => _bench.Sign(file, TestSigners.Rsa2048));
        read.ShouldBeInRange((long)reads * Size, reads * new FileInfo(_bench.Folder.At("signed")).Length + Rest);
    }

    // Nobody is told the file's SHA-256, so nothing is read for it: not even behind a sum.
    [SkippableTheory]
    [InlineData(0u)]
    [InlineData(7u)]
    public void Who_is_told_no_digest_of_the_file_has_none_computed(uint checkSum)
    {
        using var context = new RunContext { Keyring = new Keyring(), Answer = AnswerUse.Outcome };
        using var viewed = new RunContext { Keyring = new Keyring(), Answer = AnswerUse.View };
        string file = Large(checkSum), target = _bench.Folder.At("untold");
        SignOptions options = new() { Files = [file], Output = target, Signing = _bench.Identity(TestSigners.Rsa2048) };
        SignedImage signed = SignOperation.Definition.Run(options, context).Signed[0];
        signed.Sha256.ShouldBeEmpty();
        Read(() => SignOperation.Definition.Run(options, context)).ShouldBeInRange(Size, Size + 2 * Rest);

        VerifyOptions asked = new() { File = target, Db = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)], Consumers = [Consumer.Firmware] };
        VerifyResult judged = VerifyOperation.Definition.Run(asked, context);
        judged.Verdicts[0].Answer.ShouldBe(KexecSign.Judging.Answer.Accepts);
        judged.Sha256.ShouldBeEmpty();
        signed = SignOperation.Definition.Run(options, viewed).Signed[0];
        signed.Sha256.ShouldBeEmpty();
        judged.View().Tables.SelectMany(t => t.Rows).SelectMany(r => r).ShouldNotContain(cell => cell.Contains("sha256 ", StringComparison.Ordinal));
        // The same bytes and the same answer as for those who are told.
        SignedImage told = SignOperation.Definition.Run(options with { Output = _bench.Folder.At("told") }, _bench.Context).Signed[0];
        File.ReadAllBytes(told.File).ShouldBe(File.ReadAllBytes(target));
        told.Sha256.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(target))));
        // A policy and a page are about one file, and name it.
        VerifyOperation.Definition.Run(asked with { Html = _bench.Folder.At("page.html") }, context).Sha256.ShouldBe(told.Sha256);
        string policy = _bench.Folder.File("policy.json", """{ "consumers": ["firmware"] }"""u8);
        VerifyOperation.Definition.Run(asked with { Policy = policy }, context).Policy!.JudgedSha256.ShouldBe(told.Sha256);
        VerifyOperation.Definition.Run(asked, _bench.Context).Sha256.ShouldBe(told.Sha256);
        // What verify shows says which bytes it is about.
        VerifyOperation.Definition.Run(asked, viewed).View().Tables.SelectMany(t => t.Rows).SelectMany(r => r).ShouldContain($"sha256 {told.Sha256}");
    }

    // The version of Linux, which may stand anywhere, is looked for in the same read: here it stands nowhere.
    [SkippableFact]
    public void Inspecting_reads_it_once()
    {
        string file = _bench.Folder.At("signed");
        _bench.Sign(Large(), TestSigners.Rsa2048, o => o with { Output = file, Signing = o.Signing with { Digest = "sha512" } });
        Read(() => InspectOperation.Definition.Run(new() { File = file }, _bench.Context)).ShouldBeInRange(Size, Size + Rest + 8192);
    }

    [SkippableFact]
    public void A_page_about_a_verification_reads_nothing_again()
    {
        string file = _bench.Folder.At("signed");
        _bench.Sign(Large(), TestSigners.Rsa2048, o => o with { Output = file, Signing = o.Signing with { Digest = "sha512" } });
        VerifyOptions options = new() { File = file, Db = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)], Consumers = [Consumer.Firmware, Consumer.Kexec] };
        VerifyOperation.Definition.Run(options, _bench.Context);
        Read(() => VerifyOperation.Definition.Run(options with { Html = _bench.Folder.At("page.html") }, _bench.Context)).ShouldBeInRange(Size, Size + 2 * Rest);
    }

    // Once for its hash, and once beside the other.
    [SkippableFact]
    public void A_comparison_reads_each_file_twice_and_equal_ones_once()
    {
        string file = Large(), other = _bench.Folder.At("other");
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^100] ^= 1;
        File.WriteAllBytes(other, bytes);
        InspectOperation.Definition.Run(new() { File = file, Diff = file }, _bench.Context).Comparison!.Same.ShouldBeTrue();
        Read(() => InspectOperation.Definition.Run(new() { File = file, Diff = file }, _bench.Context)).ShouldBeInRange(2L * Size, 2L * Size + 2 * Rest);
        Read(() => InspectOperation.Definition.Run(new() { File = file, Diff = other }, _bench.Context).Comparison!.Differences.Length.ShouldBe(1))
            .ShouldBeInRange(4L * Size, 4L * Size + 2 * Rest);
    }

    [Theory]
    [InlineData(0u, "rsa2048")]
    [InlineData(7u, "rsa2048")]
    [InlineData(0u, "p384")]
    public void A_second_digest_comes_of_the_same_pass(uint checkSum, string name)
    {
        TestSigner signer = TestSigners.Named(name);
        var identity = SigningIdentity.Open("sign", _bench.Identity(signer), _bench.Context);
        string target = _bench.Folder.At("out");
        using FileSource source = FileSource.Open(Large(checkSum));
        using ImageSigning signing = ImageSigning.Begin(
            PendingSignature.Prepare(source.ToLayout(), identity, ExistingSignatures.Refuse, fit: false), identity, OutputFile.Create(target), _bench.Context,
            [HashAlgorithmName.SHA256, HashAlgorithmName.SHA512]);
        signing.Sign(_bench.Context);
        SignedImage signed = signing.Finish();
        byte[] written = File.ReadAllBytes(target);
        signing.FileDigests[1].ShouldBe(SHA512.HashData(written));
        signed.Sha256.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(written)));
        (PeImage image, Layout file) = Bench.Read(target);
        signed.ImageDigest.ShouldBe(Convert.ToHexStringLower(AuthenticodeDigest.Compute(file, AuthenticodeDigest.SectionRanges(image), identity.Hash)));
        image.CheckSum.ShouldBe(checkSum == 0 ? 0 : CheckSum(written, image.CheckSumOffset));
    }

    [Fact]
    public void A_sum_follows_bytes_that_change_afterwards()
    {
        byte[] bytes = new byte[1003];
        new Random(5).NextBytes(bytes);
        foreach (int at in (int[])[100, 101])
        {
            var sum = new FileSum();
            sum.Add(bytes.AsSpan(0, 512));
            sum.Add(bytes.AsSpan(512));
            byte[] was = bytes[at..(at + 4)];
            RandomNumberGenerator.Fill(bytes.AsSpan(at, 4));
            sum.Replace(at, was, bytes.AsSpan(at, 4));
            sum.Value().ShouldBe(CheckSum(bytes, -8));
        }
    }

    public void Dispose() => _bench.Dispose();

    // By the definition: words one by one, carries added back at once.
    private static uint CheckSum(byte[] file, int field)
    {
        uint sum = 0;
        for (int i = 0; i < file.Length; i += 2)
        {
            bool isField = i >= field && i < field + 4;
            sum += isField ? 0u : (uint)(file[i] | (i + 1 < file.Length ? file[i + 1] << 8 : 0));
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        return sum + (uint)file.Length;
    }

    private static long Read(Action work)
    {
        Skip.IfNot(File.Exists(Counters), "this kernel keeps no account of reads");
        long before = Count();
        work();
        return Count() - before;
    }

    private static long Count() =>
        long.Parse(File.ReadLines(Counters).First(l => l.StartsWith("rchar:", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);

    private string Large(uint checkSum = 0)
    {
        byte[] content = new byte[Size];
        new Random(3).NextBytes(content);
        TestImage image = TestImage.Zboot(content, "gzip").OptionalField(64, checkSum);
        // An arm64 Image of that size instead.
        image.U32(4, 0).U64(16, 2 * Size).U64(24, 0b1010);
        "ARM\x64"u8.CopyTo(image.Bytes.AsSpan(56));
        return _bench.Folder.File($"large-{checkSum}", image.Bytes);
    }
}
