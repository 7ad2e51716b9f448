using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Pe;
using KexecSign.Keys.References;

namespace KexecSign.Commands.Offline;

/// <summary>What an answer is.</summary>
internal enum AnswerKind
{
    /// <summary>A signature as the key made it.</summary>
    Bare,

    /// <summary>Signed attributes that the signer made itself, as pesign exports them; a bare signature goes with them.</summary>
    Attributes,

    /// <summary>A PKCS#7 or CMS SignedData.</summary>
    SignedData,
}

/// <summary>A file that came back from the signer.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Bytes">Its bytes, without PEM around them.</param>
internal sealed record SignerAnswer(string Path, AnswerKind Kind, byte[] Bytes)
{
    private const long MaxLength = 1 << 20;
    private const int LongestMember = 1 << 16;

    /// <summary>Whether it came together with others that may be for other stages and commands, and so need not be for this one.</summary>
    public bool IsOneOfMany { get; init; }

    /// <summary>Reads answers from files and folders; what they are called does not matter.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3719, KS3001, KS3002, KS3114.</exception>
    public static ImmutableArray<SignerAnswer> ReadAll(string answersFolder, ImmutableArray<string> named)
    {
        IEnumerable<string> places = Directory.Exists(answersFolder) ? named.Prepend(answersFolder) : named;
        ImmutableArray<SignerAnswer> answers =
        [
            .. places.SelectMany(FilesIn).SelectMany(ReadFile),
        ];
        return answers.IsEmpty ? throw OperationErrors.NoAnswers.With(answersFolder) : answers;
    }

    private static IEnumerable<string> FilesIn(string place) =>
        Directory.Exists(place) ? Directory.GetFiles(place).Order(StringComparer.Ordinal) : [place];

    private static IEnumerable<SignerAnswer> ReadFile(string path)
    {
        if (BundleReference.IsArchivePath(path))
            return InArchive(path);
        byte[] read = WholeFile.Read(path, MaxLength, "a signature");
        if (AnswerFile.IsLines(read))
            return AnswerFile.Lines(read, path)
                .Select(line => new SignerAnswer(path, KindOf(line.Bytes), line.Bytes) { IsOneOfMany = true });
        byte[] bytes = WithoutTableEntry(WithoutPem(read));
        return [new(path, KindOf(bytes), bytes)];
    }

    // An archive to be signed has the attributes that pesign exported, and one that came back the signatures over them.
    private static IEnumerable<SignerAnswer> InArchive(string path)
    {
        using var archive = FileSource.Open(path);
        return [.. ObsArchive.Members(archive.ToLayout(), path).Where(member => member.Content.Length <= LongestMember)
            .Select(member => member.Content.ReadBytes(0, member.Content.Length))
            .Select(bytes => new SignerAnswer(path, KindOf(bytes), bytes) { IsOneOfMany = true })
            .Where(answer => answer.Kind != AnswerKind.SignedData)];
    }

    private static byte[] WithoutPem(byte[] bytes)
    {
        string text = Encoding.ASCII.GetString(bytes);
        return PemEncoding.TryFind(text, out PemFields fields) ? Convert.FromBase64String(text[fields.Base64Data]) : bytes;
    }

    // What 'osslsigncode extract-signature' writes is the entry of the certificate table, header and padding included.
    private static byte[] WithoutTableEntry(byte[] bytes)
    {
        const int header = CertificateEntry.HeaderSize;
        if (bytes is not [_, _, _, _, 0, 2, 2, 0, 0x30, ..]
            || !AsnDecoder.TryReadEncodedValue(bytes.AsSpan(header), AsnEncodingRules.BER, out _, out _, out _, out int length))
        {
            return bytes;
        }
        return bytes.Length - header - length < 8 ? bytes[header..(header + length)] : bytes;
    }

    private static AnswerKind KindOf(byte[] bytes)
    {
        if (bytes is [0x31, ..] && IsWhole(bytes))
            return AnswerKind.Attributes;
        return bytes is [0x30, ..] && IsWhole(bytes)
            && new AsnReader(bytes, AsnEncodingRules.BER).ReadSequence() is { HasData: true } content
            && content.PeekTag() == Asn1Tag.ObjectIdentifier
                ? AnswerKind.SignedData
                : AnswerKind.Bare;
    }

    private static bool IsWhole(byte[] bytes) =>
        AsnDecoder.TryReadEncodedValue(bytes, AsnEncodingRules.BER, out _, out _, out _, out int consumed) && consumed == bytes.Length;
}
