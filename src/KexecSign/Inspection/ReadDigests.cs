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
    private readonly bool _hasDigest;

    private ReadDigests(PeImage image, Layout file)
    {
        _image = image;
        _file = file;
        // Many sections over the same bytes would keep a hash busy for hours; no consumer takes such a file.
        _hasDigest = image.CanBeSigned && image.Sections.All(s => s.SizeOfRawData == 0 || s.RawEnd <= image.FileLength)
            && image.Sections.Sum(s => (long)s.SizeOfRawData) <= image.FileLength;
        Agree = !PeCanonical.Violations(image, file).Any() || (_hasDigest && FlatIsTheSame());
    }

    /// <summary>Whether the flat and the sectionwise hash are one.</summary>
    public bool Agree { get; }

    /// <summary>Prepares the digests of an image. Sections that overlap or lie outside the file leave none.</summary>
    public static ReadDigests Of(PeImage image, Layout file) => new(image, file);

    /// <summary>The digest as firmware and kernel compute it.</summary>
    public byte[] Of(HashAlgorithmName algorithm)
    {
        if (!_known.TryGetValue(algorithm.Name!, out byte[]? digest))
            _known[algorithm.Name!] = digest = AuthenticodeDigest.Compute(_file, AuthenticodeDigest.SectionRanges(_image), algorithm);
        return digest;
    }

    /// <summary>Whether a signature's digest is the image's.</summary>
    public bool Match(HashAlgorithmName algorithm, ReadOnlySpan<byte> signed) => _hasDigest && Of(algorithm).AsSpan().SequenceEqual(signed);

    /// <summary>The digest in lower-case hex; null when there is none.</summary>
    public string? Hex(HashAlgorithmName algorithm) => _hasDigest ? Convert.ToHexStringLower(Of(algorithm)) : null;

    private bool FlatIsTheSame() =>
        Match(HashAlgorithmName.SHA256, AuthenticodeDigest.Compute(_file, AuthenticodeDigest.FlatRanges(_image), HashAlgorithmName.SHA256));
}
