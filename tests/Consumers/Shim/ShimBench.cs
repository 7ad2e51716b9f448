using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Consumers.Tests.Chains;
using KexecSign.Consumers.Tests.Judges;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Consumers.Tests.Shim;

/// <summary>An image and what the machine's lists hold, for shim's own code and for the model.</summary>
internal sealed record BenchQuestion(byte[] Image)
{
    /// <summary>EFI_SIGNATURE_LISTs; null for none.</summary>
    public byte[]? Db { get; init; }

    public byte[]? Dbx { get; init; }

    public byte[]? MokListX { get; init; }

    public string? SbatLevel { get; init; }

    /// <summary>What is unusual about it, for messages.</summary>
    public string What { get; init; } = "";

    /// <summary>Whose shim is asked.</summary>
    public ushort Machine { get; init; } = PeConstants.MachineArm64;
}

/// <summary>Asks shim's own code and the model the same, and holds the answers against each other.</summary>
internal sealed class ShimBench : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly RunContext _context = new() { Keyring = new Keyring() };
    private int _files;

    public static TestSigner Signer => TestSigners.Rsa2048;

    /// <summary>An image with .sbat sections behind its others.</summary>
    public byte[] WithSbat(params byte[][] tables)
    {
        byte[] bytes = TestImage.Arm64().Bytes;
        PeImage image = PeReader.Read(Layout.Of(bytes));
        uint address = image.SizeOfImage;
        for (int i = 0; i < tables.Length; i++)
        {
            // Never empty, or there would be no section in the file.
            byte[] content = new byte[(tables[i].Length + 1 + 0x1FF) / 0x200 * 0x200];
            tables[i].CopyTo(content, 0);
            byte[] header = new byte[40];
            ".sbat"u8.CopyTo(header);
            Put(header, 8, (uint)Math.Max(tables[i].Length, 1));
            Put(header, 12, address);
            Put(header, 16, (uint)content.Length);
            Put(header, 20, (uint)bytes.Length);
            Put(header, 36, PeConstants.DiscardableData);
            header.CopyTo(bytes, image.SectionTableEnd + 40 * i);
            bytes = [.. bytes, .. content];
            address += 0x1000;
        }
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(image.SectionCountOffset), (ushort)(image.Sections.Length + tables.Length));
        Put(bytes, image.SizeOfImageOffset, address + 0x1000);
        return bytes;
    }

    /// <summary>Sets a field in the header of the .sbat section with this number.</summary>
    public static byte[] Field(byte[] image, int section, int offset, uint value)
    {
        PeImage headers = PeReader.Read(Layout.Of(image));
        int first = headers.Sections.ToList().FindIndex(s => s.Name == ".sbat");
        byte[] changed = [.. image];
        int at = headers.SectionTableOffset + 40 * (first + section) + offset;
        if (offset == 32)
            BinaryPrimitives.WriteUInt16LittleEndian(changed.AsSpan(at), (ushort)value);
        else
            Put(changed, at, value);
        return changed;
    }

    /// <summary>Signs an image as it stands, canonical or not, by the digest of its sections.</summary>
    public byte[] Signed(byte[] image, TestSigner? signer = null)
    {
        byte[] body = [.. image, .. new byte[(8 - image.Length % 8) % 8]];
        return Attached(body, [Pkcs7(Digest(body), signer ?? Signer)]);
    }

    /// <summary>The digest of an unsigned image's sections and of what lies behind them.</summary>
    public static byte[] Digest(byte[] image)
    {
        Layout file = Layout.Of(image);
        return AuthenticodeDigest.Compute(file, AuthenticodeDigest.SectionRanges(PeReader.Read(file)), HashAlgorithmName.SHA256);
    }

    /// <summary>The PKCS#7 of a signer for a digest.</summary>
    public static byte[] Pkcs7(byte[] digest, TestSigner signer)
    {
        X509Certificate2 certificate = signer.Certificate;
        return ForgedSignature.Make(digest, [certificate.RawData],
            [new(certificate.IssuerName.RawData, new(certificate.SerialNumberBytes.Span, isUnsigned: false, isBigEndian: true), (RSA)signer.Key)]);
    }

    /// <summary>An image with signatures behind it.</summary>
    public static byte[] Attached(byte[] body, IReadOnlyList<byte[]> signatures)
    {
        byte[] table = CertificateTable.Encode([.. signatures.Select(s => CertificateEntry.Encode(s, CertificateEntry.SizeFor(s.Length)))]);
        Layout file = Layout.Of(body);
        Layout attached = CertificateTable.Attach(PeReader.Read(file), file, table);
        return attached.ReadBytes(0, attached.Length);
    }

    /// <summary>A list of certificates, each in a list of its own.</summary>
    public static byte[] List(params TestSigner[] signers) => [.. signers.SelectMany(s => SignatureList.Of(s.Certificate, Guid.Empty).Encode())];

    /// <summary>Whether both accept; that they agree is demanded.</summary>
    public bool Compare(byte[] image, Func<BenchQuestion, BenchQuestion> change)
    {
        (ShimAnswer shim, Verdict ours) = Ask([change(new(image) { Db = List(Signer) })])[0];
        (ours.Answer == Answer.Accepts).ShouldBe(shim.Accepts, $"shim {(shim.Accepts ? "accepts" : "refuses: " + shim.Says)}, here {ours.Code}: {ours.Reason}");
        return shim.Accepts;
    }

    /// <summary>Demands that both agree about all, and that both ways were met.</summary>
    public (int Accepted, int Refused) CompareAll(IReadOnlyList<BenchQuestion> questions, int accepted = 1, int refused = 1)
    {
        BenchQuestion[] asked = [.. questions.Select(q => q.Db is null ? q with { Db = List(Signer) } : q)];
        List<(ShimAnswer Shim, Verdict Ours)> answers = Ask(asked);
        answers.Select((a, i) => (a, i)).Where(p => p.a.Shim.Accepts != (p.a.Ours.Answer == Answer.Accepts))
            .Select(p => $"{p.i} {asked[p.i].What}: shim {(p.a.Shim.Accepts ? "accepts" : "refuses: " + p.a.Shim.Says)}, here {p.a.Ours.Code}: {p.a.Ours.Reason}").ShouldBeEmpty();
        int yes = answers.Count(a => a.Shim.Accepts);
        yes.ShouldBeGreaterThanOrEqualTo(accepted);
        (answers.Count - yes).ShouldBeGreaterThanOrEqualTo(refused);
        return (yes, answers.Count - yes);
    }

    /// <summary>Both answers to each question; where the image cannot be read here, that counts as a refusal.</summary>
    public List<(ShimAnswer Shim, Verdict Ours)> Ask(IReadOnlyList<BenchQuestion> questions)
    {
        ShimQuestion[] written = [.. questions.Select(q => new ShimQuestion(Written(q.Image)!)
        {
            Db = Written(q.Db),
            Dbx = Written(q.Dbx),
            MokListX = Written(q.MokListX),
            SbatLevel = Written(q.SbatLevel is null ? null : Encoding.UTF8.GetBytes(q.SbatLevel)),
        })];
        List<ShimAnswer> shim = ShimJudge.Ask(written, questions[0].Machine);
        return [.. written.Select((w, i) => (shim[i], Ours(w)))];
    }

    public void Dispose() => _folder.Dispose();

    private Verdict Ours(ShimQuestion question)
    {
        try
        {
            var options = new VerifyOptions
            {
                File = question.Image,
                Consumers = [Consumer.Shim],
                Db = question.Db is null ? [] : [question.Db],
                Dbx = question.Dbx,
                OwnerDbx = question.MokListX,
                SbatLevel = question.SbatLevel,
            };
            using var file = JudgedFile.Open(question.Image, _context, null);
            return ImageVerification.Judge(file, options, TrustedRoles.Read(options, _context), _context).Verdicts.Single();
        }
        catch (Formats.Errors.KexecSignException refused)
        {
            return Verdict.Refused(Consumer.Shim, refused);
        }
    }

    private string? Written(byte[]? content) => content is null ? null : _folder.File($"{_files++}", content);

    private static void Put(byte[] bytes, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), value);
}
