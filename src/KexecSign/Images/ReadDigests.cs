using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Images;

/// <summary>
/// The Authenticode digests of an image, each computed once however many signatures ask for it, and those that its signatures name
/// in one read.
/// </summary>
internal sealed class ReadDigests
{
    private readonly PeImage _image;
    private readonly Layout _layout;
    private readonly FileDigests _file;
    private readonly bool _hasDigest;
    private readonly Lazy<bool> _agree;

    private ReadDigests(PeImage image, Layout file, FileDigests digests)
    {
        _image = image;
        _layout = file;
        _file = digests;
        // Many sections over the same bytes would keep a hash busy for hours; no consumer takes such a file.
        _hasDigest = image.CanBeSigned && image.Sections.All(s => s.SizeOfRawData == 0 || s.RawEnd <= image.FileLength)
            && RawSize(image) <= image.FileLength;
        Violations = [.. PeCanonical.Violations(image, file)];
        bool canonical = Violations.IsEmpty;
        if (_hasDigest && !canonical)
        {
            Announce(HashAlgorithmName.SHA256);
            _file.Announce(HashAlgorithmName.SHA256, AuthenticodeDigest.FlatRanges(_image));
        }
        _agree = new(() => canonical || (_hasDigest && FlatIsTheSame()));
    }

    /// <summary>What is not canonical about the image; looked for once, because zeros behind the last section are read for it.</summary>
    public ImmutableArray<KexecSignException> Violations { get; }

    /// <summary>Whether the flat and the sectionwise hash are one.</summary>
    public bool Agree => _agree.Value;

    /// <summary>Prepares the digests of an image. Sections that overlap or lie outside the file leave none.</summary>
    /// <param name="image">Its headers.</param>
    /// <param name="file">Its bytes.</param>
    /// <param name="context">Run context.</param>
    /// <param name="wanted">Names of algorithms that will be asked for, beside those of the signatures.</param>
    public static ReadDigests Of(PeImage image, Layout file, RunContext context, IEnumerable<string> wanted) =>
        Of(image, file, new FileDigests(file, context), wanted);

    /// <summary>The same where other digests of the file are wanted, too.</summary>
    public static ReadDigests Of(PeImage image, Layout file, FileDigests digests, IEnumerable<string> wanted)
    {
        var read = new ReadDigests(image, file, digests);
        foreach (string algorithm in wanted.Concat(SignedAlgorithms(image, file)))
            read.Announce(new HashAlgorithmName(algorithm));
        return read;
    }

    /// <summary>The digest as firmware and kernel compute it.</summary>
    public byte[] Of(HashAlgorithmName algorithm) => _file.Of(AuthenticodeDigest.SectionRanges(_image), algorithm);

    /// <summary>The digest as shim computes it: it pads what it reads of an unsigned image.</summary>
    public byte[] AsShim(HashAlgorithmName algorithm) => Padded(algorithm, AuthenticodeDigest.ShimPadding(_image));

    /// <summary>The digest that a signature of an unsigned image will be over; that of the image where no padding is needed.</summary>
    public byte[] AsSigned(HashAlgorithmName algorithm) => Padded(algorithm, AuthenticodeDigest.SigningPadding(_image));

    /// <summary>Refuses images of which no digest is computed here.</summary>
    /// <exception cref="KexecSignException">KS1005, KS1012-KS1014.</exception>
    public void Require()
    {
        if (!_hasDigest)
            throw Violations[0];
    }

    /// <summary>Whether a signature's digest is the image's.</summary>
    public bool Match(HashAlgorithmName algorithm, ReadOnlySpan<byte> signed) => _hasDigest && Of(algorithm).AsSpan().SequenceEqual(signed);

    /// <summary>The digest in lower-case hex; null when there is none.</summary>
    public string? Hex(HashAlgorithmName algorithm) => _hasDigest ? Convert.ToHexStringLower(Of(algorithm)) : null;

    // Rare enough for a read of its own.
    private byte[] Padded(HashAlgorithmName algorithm, int zeros) => zeros == 0
        ? Of(algorithm)
        : AuthenticodeDigest.Compute(_layout.AppendZeros(zeros),
            [.. AuthenticodeDigest.SectionRanges(_image), new(_image.FileLength, zeros)], algorithm);

    private static long RawSize(PeImage image)
    {
        long size = 0;
        foreach (PeSection section in image.Sections)
            size += section.SizeOfRawData;
        return size;
    }

    private void Announce(HashAlgorithmName algorithm)
    {
        if (_hasDigest)
            _file.Announce(algorithm, AuthenticodeDigest.SectionRanges(_image));
    }

    private bool FlatIsTheSame() =>
        Match(HashAlgorithmName.SHA256, _file.Of(AuthenticodeDigest.FlatRanges(_image), HashAlgorithmName.SHA256));

    // What cannot be read says so to those who look at the signatures.
    private static List<string> SignedAlgorithms(PeImage image, Layout file)
    {
        var algorithms = new List<string>();
        try
        {
            foreach (CertificateEntry entry in CertificateTable.Read(image, file))
                Add(entry.Der(), algorithms, nested: true);
        }
        catch (KexecSignException)
        {
            return algorithms;
        }
        return algorithms;
    }

    private static void Add(ReadOnlyMemory<byte> pkcs7, List<string> algorithms, bool nested)
    {
        AuthenticodeSignature signature = AuthenticodeSignature.Decode(pkcs7);
        algorithms.Add(signature.IndirectData.Hash.Name!);
        if (!nested || signature.NestedSignatures.IsEmpty)
            return;
        foreach (ReadOnlyMemory<byte> inner in signature.NestedSignatures)
            Add(inner, algorithms, nested: false);
    }
}
