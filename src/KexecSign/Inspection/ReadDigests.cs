using System.Security.Cryptography;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Inspection;

/// <summary>The Authenticode digests of an image, each computed once however many signatures ask for it.</summary>
internal sealed class ReadDigests
{
    private readonly PeImage _image;
    private readonly Layout _file;
    private readonly Dictionary<string, byte[]> _known = [];

    private ReadDigests(PeImage image, Layout file, bool agree)
    {
        _image = image;
        _file = file;
        Agree = agree;
    }

    /// <summary>Whether the flat and the sectionwise hash are one.</summary>
    public bool Agree { get; }

    /// <summary>Prepares the digests of an image. Sections outside the file leave no sectionwise hash.</summary>
    public static ReadDigests Of(PeImage image, Layout file)
    {
        bool canonical = !PeCanonical.Violations(image, file).Any();
        var digests = new ReadDigests(image, file, canonical);
        if (canonical)
            return digests;
        bool inside = image.Sections.All(s => s.RawEnd <= image.FileLength);
        bool agree = inside && image.CanBeSigned
            && digests.Of(HashAlgorithmName.SHA256).AsSpan().SequenceEqual(AuthenticodeDigest.Compute(file, AuthenticodeDigest.FlatRanges(image), HashAlgorithmName.SHA256));
        return new(image, file, agree);
    }

    /// <summary>The digest as firmware and kernel compute it.</summary>
    public byte[] Of(HashAlgorithmName algorithm)
    {
        if (!_known.TryGetValue(algorithm.Name!, out byte[]? digest))
            _known[algorithm.Name!] = digest = AuthenticodeDigest.Compute(_file, AuthenticodeDigest.SectionRanges(_image), algorithm);
        return digest;
    }

    /// <summary>The digest in lower-case hex; null when sections lie outside the file.</summary>
    public string? Hex(HashAlgorithmName algorithm) =>
        _image.CanBeSigned && _image.Sections.All(s => s.RawEnd <= _image.FileLength) ? Convert.ToHexStringLower(Of(algorithm)) : null;
}
