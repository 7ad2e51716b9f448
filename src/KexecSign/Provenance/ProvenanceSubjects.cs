using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Images;
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
    /// <param name="sha256">SHA-256 of the whole file, where it is known.</param>
    /// <param name="context">Run context.</param>
    public static ImmutableArray<ProvenanceSubject> Of(Layout file, string name, string? sha256, RunContext context)
    {
        var subjects = ImmutableArray.CreateBuilder<ProvenanceSubject>();
        var digests = new FileDigests(file, context);
        PeImage? image = KnownImage.Of(file).IsPe ? PeReader.Read(file) : null;
        if (sha256 is null)
            digests.AnnounceWhole(HashAlgorithmName.SHA256);
        ReadDigests? signed = image is null ? null : ReadDigests.Of(image, file, digests, [HashAlgorithmName.SHA256.Name!]);
        subjects.Add(new(name, sha256 ?? Convert.ToHexStringLower(digests.OfWhole(HashAlgorithmName.SHA256))));
        if (image is null)
            return subjects.ToImmutable();
        if (signed!.Hex(HashAlgorithmName.SHA256) is { } authenticode)
            subjects.Add(new(name + "#authenticode", authenticode));
        if (KnownImage.Of(file).Kind == ImageKind.Zboot)
        {
            using var kernel = new KernelInside(image, file, context);
            subjects.Add(new(name + "#Image", Hash(kernel.Open(), context)));
            ZbootHeader header = ZbootHeader.Read(image, file);
            subjects.Add(new(name + "#payload", Hash(file.Slice(header.PayloadOffset, header.PayloadSize), context)));
        }
        if (image.FindSection(ParserSection.Name) is not null)
            subjects.Add(new(name + "#parser", Convert.ToHexStringLower(SHA256.HashData(ParserSection.Extract(image, file)))));
        return subjects.ToImmutable();
    }

    private static string Hash(Layout bytes, RunContext context) => Convert.ToHexStringLower(LayoutPass.Hash(bytes, HashAlgorithmName.SHA256, context));
}
