using System.Security.Cryptography;
using KexecSign.Consumers.Tests.Chains;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;

namespace KexecSign.Consumers.Tests.Shim;

/// <summary>Images right, wrong and damaged, judged by shim's own code and by <c>verify --for shim</c>.</summary>
public sealed class ShimDifferenceTests : IDisposable
{
    private const string ModuleSigning = "1.3.6.1.4.1.2312.16.1.2";

    private static readonly byte[] Body = TestImage.Arm64().Bytes;

    private readonly ShimBench _bench = new();

    [SkippableFact]
    public void A_signature_counts_and_strangers_do_not()
    {
        byte[] signed = _bench.Signed(Body), foreign = _bench.Signed(Body, TestSigners.Other);
        byte[] changed = [.. signed];
        changed[TestImage.SizeOfHeaders] ^= 1;
        _bench.CompareAll([new(signed) { What = "signed" }, new(foreign) { What = "foreign" }, new(Body) { What = "unsigned" }, new(changed) { What = "changed" }], accepted: 1, refused: 3);
    }

    [SkippableFact]
    public void Lists_count_as_shim_reads_them()
    {
        byte[] signed = _bench.Signed(Body), digest = ShimBench.Digest(Body);
        byte[] both = ShimBench.Attached(Body, [ShimBench.Pkcs7(digest, TestSigners.Rsa2048), ShimBench.Pkcs7(digest, TestSigners.Rsa3072)]);
        byte[] hashed = new SignatureList(EfiGuids.CertX509Sha256, [new(Guid.Empty, (byte[])[.. ToBeSignedHash(TestSigners.Rsa2048), .. new byte[16]])]).Encode();
        byte[] sha256 = SignatureList.OfSha256([digest], Guid.Empty).Encode();
        byte[] sha1 = new SignatureList(EfiGuids.CertSha1, [new(Guid.Empty, Sha1(Body))]).Encode();
        byte[] one = TestSigners.Rsa2048.Certificate.RawData, two = TestSigners.Rsa3072.Certificate.RawData;
        (int accepted, int refused) = _bench.CompareAll(
        [
            new(signed) { Dbx = hashed, What = "certificate's hash in dbx: not read" },
            new(signed) { Dbx = ShimBench.List(TestSigners.Rsa2048), What = "certificate in dbx" },
            new(signed) { MokListX = ShimBench.List(TestSigners.Rsa2048), What = "certificate in MokListX" },
            new(both) { Dbx = ShimBench.List(TestSigners.Rsa3072), What = "the second signature's certificate in dbx" },
            new(both) { Dbx = ShimBench.List(TestSigners.Rsa2048), Db = ShimBench.List(TestSigners.Rsa3072), What = "the first signature's certificate in dbx" },
            new(both) { Dbx = ShimBench.List(TestSigners.Rsa2048, TestSigners.Rsa3072), What = "both in dbx" },
            new(signed) { Dbx = sha256, What = "SHA-256 in dbx" },
            new(signed) { MokListX = sha256, What = "SHA-256 in MokListX" },
            new(signed) { Dbx = sha1, What = "SHA-1 in dbx" },
            new(signed) { MokListX = sha1, What = "SHA-1 in MokListX: not read" },
            new(Body) { Db = sha256, What = "unsigned, SHA-256 in db" },
            new(Body) { Db = sha1, What = "unsigned, SHA-1 in db" },
            // Certificates of one size in one list: shim reads the first.
            new(signed) { Db = new SignatureList(EfiGuids.CertX509, [new(Guid.Empty, one), new(Guid.Empty, Padded(two, one.Length))]).Encode(), What = "first of a list" },
            new(signed) { Db = new SignatureList(EfiGuids.CertX509, [new(Guid.Empty, Alike(one.Length)), new(Guid.Empty, one)]).Encode(), What = "second of a list: not read" },
        ]);
        accepted.ShouldBe(7);
        refused.ShouldBe(7);
    }

    [SkippableFact]
    public void Certificates_for_modules_are_passed_over()
    {
        byte[] digest = ShimBench.Digest(Body);
        var questions = new List<BenchQuestion>();
        foreach (string[] purposes in (string[][])[["1.3.6.1.5.5.7.3.3"], ["1.3.6.1.5.5.7.3.3", ModuleSigning], [ModuleSigning], ["1.3.6.1.5.5.7.3.1"]])
        {
            using RSA key = RSA.Create(2048);
            byte[] name = ChainCertificate.Name("owner", NameForm.Utf8);
            byte[] certificate = ChainCertificate.Issue(name, key, name, key, 1, [new("2.5.29.37", false, ChainCertificate.Purposes(purposes))]);
            byte[] image = ShimBench.Attached(Body, [ForgedSignature.Make(digest, [certificate], [new(name, 1, key)])]);
            questions.Add(new(image) { Db = new SignatureList(EfiGuids.CertX509, [new(Guid.Empty, certificate)]).Encode(), What = string.Join(' ', purposes) });
        }
        _bench.CompareAll(questions, accepted: 2, refused: 2);
    }

    /// <summary>The digest that counts for lists: of an unsigned file with bytes behind its sections, padded to 8.</summary>
    [SkippableTheory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(13)]
    public void The_digest_of_an_unsigned_file_is_padded(int tail)
    {
        byte[] image = [.. Body, .. Enumerable.Range(1, tail).Select(i => (byte)i)];
        byte[] padded = [.. image, .. new byte[(8 - image.Length % 8) % 8]];
        _bench.CompareAll(
        [
            new(image) { Db = SignatureList.OfSha256([ShimBench.Digest(padded)], Guid.Empty).Encode(), What = "padded digest" },
            new(image) { Db = SignatureList.OfSha256([ShimBench.Digest([.. image, 0])], Guid.Empty).Encode(), What = "another digest" },
        ], accepted: 1, refused: tail % 8 == 7 ? 0 : 1);
    }

    /// <summary>A byte between PKCS#7 and the end of dwLength, as pesign left it in Red Hat's grub; other lengths and types.</summary>
    [SkippableFact]
    public void The_certificate_table_is_walked_as_shim_walks_it()
    {
        byte[] pkcs7 = ShimBench.Pkcs7(ShimBench.Digest(Body), ShimBench.Signer);
        var questions = new List<BenchQuestion>();
        foreach ((string what, byte[] table) in Tables(pkcs7))
        {
            Layout file = Layout.Of(Body);
            Layout image = CertificateTable.Attach(PeReader.Read(file), file, table);
            questions.Add(new(image.ReadBytes(0, image.Length)) { What = what });
        }
        _bench.CompareAll(questions, accepted: 4, refused: 4);
    }

    [SkippableTheory]
    [InlineData(0, 0x200, 250, 11)]
    [InlineData(0x40, 0x1A0, 250, 12)]
    [InlineData(0x3600, 0x3C00, 250, 13)]
    public void Damaged_images_make_no_difference(int from, int to, int count, int seed)
    {
        byte[] sound = _bench.Signed(Body);
        BenchQuestion[] questions = [.. Mutations.Of(sound, from, Math.Min(to, sound.Length), count, seed).Prepend(sound).Select(m => new BenchQuestion(m) { What = Changed(sound, m) })];
        Differences(questions).ShouldBeEmpty();
    }

    [SkippableTheory]
    [InlineData(0x40, 0x1A0, 250, 21)]
    public void Images_damaged_and_then_signed_make_no_difference(int from, int to, int count, int seed)
    {
        var questions = new List<BenchQuestion>();
        foreach (byte[] mutation in Mutations.Of(Body, from, to, count, seed))
        {
            try
            {
                questions.Add(new(_bench.Signed(mutation)) { What = Changed(Body, mutation) });
            }
            catch (Formats.Errors.KexecSignException)
            {
                // Nobody can sign what cannot be read.
                continue;
            }
        }
        questions.Count.ShouldBeGreaterThan(count / 8);
        Differences(questions).ShouldBeEmpty();
    }

    public void Dispose() => _bench.Dispose();

    // PeReader refuses more than any consumer does, and that is no verdict; so does what a parser of PKCS#7 cannot read.
    private List<string> Differences(IReadOnlyList<BenchQuestion> questions)
    {
        BenchQuestion[] asked = [.. questions.Select(q => q with { Db = ShimBench.List(ShimBench.Signer) })];
        return [.. _bench.Ask(asked).Select((a, i) => (a, i))
            .Where(p => !p.a.Shim.Dies && p.a.Shim.Accepts != (p.a.Ours.Answer == KexecSign.Judging.Answer.Accepts) && !(p.a.Shim.Accepts && p.a.Ours.Code!.StartsWith("KS1", StringComparison.Ordinal)))
            .Select(p => $"{p.i} {asked[p.i].What}: shim {(p.a.Shim.Accepts ? "accepts" : "refuses: " + p.a.Shim.Says)}, here {p.a.Ours.Code}: {p.a.Ours.Reason}")];
    }

    private static IEnumerable<(string, byte[])> Tables(byte[] pkcs7)
    {
        byte[] entry = CertificateEntry.Encode(pkcs7, CertificateEntry.SizeFor(pkcs7.Length));
        byte[] With(int length, params ReadOnlySpan<byte> behind) =>
            [.. BitConverter.GetBytes(length), 0, 2, 2, 0, .. pkcs7, .. behind, .. new byte[(8 - (8 + pkcs7.Length + behind.Length) % 8) % 8]];
        yield return ("sound", entry);
        yield return ("a byte behind the PKCS#7", With(9 + pkcs7.Length, 0x80));
        yield return ("twenty bytes behind the PKCS#7", With(28 + pkcs7.Length, [.. Enumerable.Repeat((byte)0x41, 20)]));
        yield return ("dwLength of the whole table", With(entry.Length));
        yield return ("dwLength too long", With(entry.Length + 8));
        yield return ("dwLength 0", With(0));
        yield return ("dwLength 7", With(7));
        yield return ("dwLength ends inside the PKCS#7", With(pkcs7.Length));
        yield return ("revision 1", [.. entry.AsSpan(0, 4), 0, 1, .. entry.AsSpan(6)]);
        yield return ("another type", [.. entry.AsSpan(0, 6), 1, 0, .. entry.AsSpan(8)]);
        yield return ("another type, then a sound one", [16, 0, 0, 0, 0, 2, 1, 0, .. new byte[8], .. entry]);
        yield return ("a sound one, then damage", [.. entry, 3, 0, 0, 0, 0, 2, 2, 0]);
    }

    private static string Changed(byte[] sound, byte[] mutation) => sound.Length != mutation.Length
        ? $"cut to 0x{mutation.Length:x}"
        : string.Join(' ', Enumerable.Range(0, sound.Length).Where(i => sound[i] != mutation[i]).Take(8).Select(i => $"0x{i:x}={mutation[i]:x2}"));

    private static byte[] ToBeSignedHash(TestSigner signer) =>
        SHA256.HashData(new System.Formats.Asn1.AsnReader(signer.Certificate.RawData, System.Formats.Asn1.AsnEncodingRules.DER).ReadSequence().ReadEncodedValue().Span);

    private static byte[] Sha1(byte[] image)
    {
        Layout file = Layout.Of(image);
        return AuthenticodeDigest.Compute(file, AuthenticodeDigest.SectionRanges(PeReader.Read(file)), HashAlgorithmName.SHA1);
    }

    private static byte[] Padded(byte[] certificate, int length) => certificate.Length == length ? certificate : Alike(length);

    // Bytes with the length of a certificate that are none.
    private static byte[] Alike(int length) => [0x30, 0x82, (byte)((length - 4) >> 8), (byte)((length - 4) & 0xFF), .. new byte[length - 4]];
}
