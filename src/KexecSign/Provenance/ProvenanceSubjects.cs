using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Images;
using KexecSign.Judging;
using KexecSign.Parsers;

namespace KexecSign.Provenance;

/// <summary>A thing that provenance speaks of.</summary>
/// <param name="Name">A file's name without folder; a part of a file has <c>#part</c> behind it.</param>
/// <param name="Sha256">SHA-256, lower-case hex.</param>
public sealed record ProvenanceSubject(string Name, string Sha256);

/// <summary>
/// What a verifier may hold in its hands of an image: the file, what its signature covers, the Image that runs, the payload as
/// it is stored, and the parser.
/// </summary>
internal static class ProvenanceSubjects
{
    /// <summary>The subjects of an image.</summary>
    /// <param name="file">The image.</param>
    /// <param name="name">Its name.</param>
    /// <param name="context">Run context.</param>
    public static ImmutableArray<ProvenanceSubject> Of(Layout file, string name, RunContext context)
    {
        PeImage? image = KnownImage.Of(file).IsPe ? PeReader.Read(file) : null;
        var digests = new FileDigests(file, context);
        digests.AnnounceWhole(HashAlgorithmName.SHA256);
        using KernelInside? kernel = image is null ? null : new(image, file, context);
        return Of(file, name, image, digests, kernel, context);
    }

    /// <summary>The same of a file that is open already and read as seldom as can be.</summary>
    public static ImmutableArray<ProvenanceSubject> Of(JudgedFile file, string name, RunContext context)
    {
        bool isPe = KnownImage.Of(file.Content).IsPe;
        return Of(file.Content, name, isPe ? file.Image : null, file.Digests, isPe ? file.Kernel : null, context);
    }

    /// <summary>Says which digests of a file will be asked for.</summary>
    public static void Announce(JudgedFile file)
    {
        if (KnownImage.Of(file.Content).IsPe)
            _ = ReadDigests.Of(file.Image, file.Content, file.Digests, [HashAlgorithmName.SHA256.Name!]);
    }

    private static ImmutableArray<ProvenanceSubject> Of(Layout file, string name, PeImage? image, FileDigests digests,
        KernelInside? kernel, RunContext context)
    {
        var subjects = ImmutableArray.CreateBuilder<ProvenanceSubject>();
        ReadDigests? signed = image is null ? null : ReadDigests.Of(image, file, digests, [HashAlgorithmName.SHA256.Name!]);
        subjects.Add(new(name, Convert.ToHexStringLower(digests.OfWhole(HashAlgorithmName.SHA256))));
        if (image is null)
            return subjects.ToImmutable();
        if (signed!.Hex(HashAlgorithmName.SHA256) is { } authenticode)
            subjects.Add(new(name + "#authenticode", authenticode));
        if (KnownImage.Of(file).Kind == ImageKind.Zboot)
        {
            subjects.Add(new(name + "#Image", Hash(kernel!.Open(), context)));
            ZbootHeader header = ZbootHeader.Read(image, file);
            subjects.Add(new(name + "#payload", Hash(file.Slice(header.PayloadOffset, header.PayloadSize), context)));
        }
        if (image.FindSection(ParserSection.Name) is not null)
            subjects.Add(new(name + "#parser", Convert.ToHexStringLower(SHA256.HashData(ParserSection.Extract(image, file)))));
        return subjects.ToImmutable();
    }

    private static string Hash(Layout bytes, RunContext context) =>
        Convert.ToHexStringLower(LayoutPass.Hash(bytes, HashAlgorithmName.SHA256, context));
}
