using System.Security.Cryptography;
using KexecSign.Commands.Verify;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Images;
using KexecSign.Judging;

namespace KexecSign.Tests.Hostile;

/// <summary>
/// Files with damage, made before and after they were signed, judged by sbverify and here. What we accept, sbverify accepts and
/// pesign hashes as we do; what we refuse and sbverify accepts must be one of the differences that are known by field.
/// </summary>
public sealed class JudgedMutationTests : IDisposable
{
    private static readonly TestSigner Signer = TestSigners.Rsa2048;

    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData(0, 0x180, 120, 41)]
    [InlineData(0x180, 0x3600, 40, 42)]
    [InlineData(-1600, 0, 500, 43)]
    public void Small_images(int from, int to, int count, int seed) =>
        Judge(File.ReadAllBytes(_bench.SignedImage(Signer)), from, to, count, seed);

    [SkippableTheory]
    [InlineData(0, 0x400, 40, 51)]
    [InlineData(-1600, 0, 20, 52)]
    public void A_Debian_kernel(int from, int to, int count, int seed) =>
        Judge(File.ReadAllBytes(_bench.Sign(DebianKernels.Cloud().Path, Signer).Signed[0].File), from, to, count, seed);

    /// <summary>Each bit pattern falls on some byte of each part of the certificate table.</summary>
    [SkippableFact]
    public void Every_byte_of_the_signature()
    {
        byte[] sound = File.ReadAllBytes(_bench.SignedImage(Signer));
        var judge = new Judgement(_bench, new SignedImageFields(sound));
        for (int at = TestImage.Arm64().Bytes.Length; at < sound.Length; at++)
        {
            byte[] mutation = [.. sound];
            mutation[at] ^= (byte)(1 << (at % 8));
            judge.Of(mutation, judge.Fields.Changed(sound, mutation));
        }
        judge.Refused.ShouldBeGreaterThan(1000);
    }

    /// <summary>One header field at a time holds a value that breaks arithmetic or layout, and sbsign signs what it will.</summary>
    [SkippableFact]
    public void Every_field_of_the_headers_signed_by_sbsign()
    {
        byte[] sound = TestImage.Arm64().Bytes;
        var judge = new Judgement(_bench, new SignedImageFields(File.ReadAllBytes(_bench.SignedImage(Signer))));
        foreach ((string name, int start, int length) in judge.Fields.HeaderFields())
        {
            byte[] field = new byte[8];
            sound.AsSpan(start, Math.Min(length, 8)).CopyTo(field);
            ulong value = BitConverter.ToUInt64(field);
            foreach (ulong wild in unchecked((ulong[])[0, 7, value + 0x200, value - 0x200, 0xFFFFFFF8]))
            {
                byte[] mutation = [.. sound];
                BitConverter.GetBytes(wild).AsSpan(0, Math.Min(length, 8)).CopyTo(mutation.AsSpan(start));
                if (!mutation.AsSpan().SequenceEqual(sound) && SignedBySbsign(mutation) is { } signed)
                    judge.Of(signed, [name]);
            }
        }
        judge.Accepted.ShouldBeGreaterThan(50);
        judge.Refused.ShouldBeGreaterThan(25);
    }

    [SkippableTheory]
    [InlineData(0, 0x180, 100, 61)]
    [InlineData(0x100, 0x180, 60, 62)]
    public void Damaged_and_then_signed_by_sbsign(int from, int to, int count, int seed)
    {
        byte[] sound = TestImage.Arm64().Bytes;
        var judge = new Judgement(_bench, new SignedImageFields(File.ReadAllBytes(_bench.SignedImage(Signer))));
        foreach (byte[] mutation in Mutations.Of(sound, from, to, count, seed))
        {
            if (SignedBySbsign(mutation) is { } signed)
                judge.Of(signed, judge.Fields.Changed(sound, mutation));
        }
        judge.Accepted.ShouldBeGreaterThan(0);
    }

    /// <summary>Found by these mutations: the list of digests is covered by no signature, and only some verifiers look at it.</summary>
    [SkippableFact]
    public void A_list_of_digests_without_the_signers_is_refused_where_OpenSSL_verifies()
    {
        byte[] bytes = File.ReadAllBytes(_bench.SignedImage(Signer));
        bytes.AsSpan(TestImage.Arm64().Bytes.Length).IndexOf((ReadOnlySpan<byte>)[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]).ShouldBe(40);
        bytes[TestImage.Arm64().Bytes.Length + 40 + 8] = 2;
        RefusedByBothButNotByTheKernel(bytes, "KS4102");
    }

    /// <summary>Found by these mutations: parameters that OpenSSL cannot decode, which .NET and the kernel skip.</summary>
    [SkippableFact]
    public void Parameters_of_a_digest_algorithm_that_cannot_be_decoded_are_refused_where_OpenSSL_verifies()
    {
        byte[] bytes = File.ReadAllBytes(_bench.SignedImage(Signer));
        int at = bytes.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00]);
        // A BOOLEAN of no length in the place of NULL.
        bytes[at + 9] = 1;
        RefusedByBothButNotByTheKernel(bytes, "KS1506");
    }

    [Fact]
    public void Every_difference_is_named_once() =>
        SbverifyDifferences.Known.Select(d => (d.Code, d.Field)).ShouldBeUnique();

    public void Dispose() => _bench.Dispose();

    private void RefusedByBothButNotByTheKernel(byte[] bytes, string code)
    {
        string changed = _bench.Folder.File("changed", bytes);
        Judgement.Refusal(_bench, changed).ShouldBe(code);
        Tool.Ask("sbverify", "--cert", Signer.CertificateFile(_bench.Folder), changed).Exit.ShouldNotBe(0);
        Bench.KernelAccepts(changed, Signer).ShouldBeTrue();
    }

    private void Judge(byte[] sound, int from, int to, int count, int seed)
    {
        var judge = new Judgement(_bench, new SignedImageFields(sound));
        from = from < 0 ? sound.Length + from : from;
        foreach (byte[] mutation in Mutations.Of(sound, from, to <= 0 ? sound.Length : to, count, seed).Prepend(sound))
            judge.Of(mutation, judge.Fields.Changed(sound, mutation));
        judge.Accepted.ShouldBeGreaterThan(0);
        judge.Refused.ShouldBeGreaterThan(count / 4);
    }

    // It crashes and hangs on some.
    private byte[]? SignedBySbsign(byte[] image)
    {
        string signed = _bench.Folder.At("by-sbsign");
        File.Delete(signed);
        ToolAnswer answer = Tool.Ask(
            "timeout", "5", "sbsign", "--key", Signer.KeyFile(_bench.Folder), "--cert", Signer.CertificateFile(_bench.Folder), "--output", signed, _bench.Folder.File("damaged", image));
        return answer.Exit == 0 ? File.ReadAllBytes(signed) : null;
    }

    /// <summary>Compares the two answers to one file after the other.</summary>
    private sealed class Judgement
    {
        private readonly Bench _bench;

        public Judgement(Bench bench, SignedImageFields fields)
        {
            Tool.Require("sbverify", "sbsign", "pesign");
            _bench = bench;
            Fields = fields;
        }

        public SignedImageFields Fields { get; }

        public int Accepted { get; private set; }

        public int Refused { get; private set; }

        public void Of(byte[] mutation, IReadOnlyCollection<string> changed)
        {
            string file = _bench.Folder.File("mutation", mutation);
            string? code = Refusal(_bench, file);
            bool theirs = Tool.Ask("timeout", "10", "sbverify", "--cert", Signer.CertificateFile(_bench.Folder), file).Exit == 0;
            string where = $"file {Accepted + Refused}, changed {string.Join(", ", changed)}: {code ?? "accepted"} here";
            if (code is null)
            {
                Accepted++;
                if (!theirs)
                {
                    changed.ShouldContain(field => SbverifyDifferences.RefusedByPeer.Contains(field), $"{where}, refused by sbverify");
                    return;
                }
                (PeImage image, Layout layout) = Bench.Read(file);
                // Both accepted, so both found the digest that was signed; pesign must find it, too, where it can read the file.
                ReadDigests digests = ReadDigests.Of(image, layout, _bench.Context, []);
                // Of files with gaps peers compute other digests than firmware; the verdict warns of them.
                if (!digests.Violations.IsEmpty)
                    return;
                if (Tool.Ask("pesign", "-h", "-i", file).Exit == 0)
                    ToolDigests.Pesign(file).ShouldBe(digests.Hex(HashAlgorithmName.SHA256), where);
                else
                    changed.ShouldContain(field => SbverifyDifferences.Unreadable.Contains(field), $"{where}, not read by pesign");
                return;
            }
            Refused++;
            if (theirs)
                SbverifyDifferences.Explaining(code, changed).ShouldNotBeNull($"{where}, accepted by sbverify");
        }

        public static string? Refusal(Bench bench, string file)
        {
            try
            {
                return VerifyOperation.Definition.Run(
                    new() { File = file, Consumers = [Consumer.Firmware], Certificates = [Signer.CertificateFile(bench.Folder)] }, bench.Context).Verdicts[0].Code;
            }
            catch (KexecSignException refused)
            {
                return refused.Code.Id;
            }
        }
    }
}
