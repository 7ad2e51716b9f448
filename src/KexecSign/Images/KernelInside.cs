using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Formats.Vocabulary;
using KexecSign.Formats.Zboot;

namespace KexecSign.Images;

/// <summary>
/// The kernel that <c>kexec_file_load</c> is given: the file itself, that of a unified kernel image's .linux section, or the payload
/// of a zboot image, unpacked once.
/// </summary>
internal sealed class KernelInside : IDisposable
{
    private readonly Layout _file;
    private readonly RunContext _context;
    private readonly bool _isKernel;
    private TemporaryFile? _payload;
    private string? _version;
    private bool _versionIsKnown;
    private readonly UnpackedAhead? _ahead;
    private readonly FileDigests? _read;
    private readonly KernelVersionSearch? _search;

    /// <summary>The kernel of an image.</summary>
    /// <param name="image">Its headers.</param>
    /// <param name="file">Its bytes.</param>
    /// <param name="context">Run context.</param>
    /// <param name="digests">Digests that the bytes will be read for; the version is then found in the same read. Null without.</param>
    /// <param name="ahead">A payload that may be this image's, unpacked already; null for none.</param>
    public KernelInside(PeImage image, Layout file, RunContext context, FileDigests? digests = null, UnpackedAhead? ahead = null)
    {
        _context = context;
        _ahead = ahead;
        PeSection? linux = image.FindSection(UkiSections.Linux);
        // A kernel that is given a kernel judges that file, whatever sections it has: kexec_file_load() knows of none.
        // A zboot image is unpacked, and nobody who does that looks for .linux in it.
        IsUnified = KnownImage.Of(file).Kind == ImageKind.Efi && linux is not null && linux.RawEnd <= image.BodyLength;
        _file = IsUnified ? UkiImage.ContentOf(linux!, file) : file;
        var known = KnownImage.Of(_file);
        // Elsewhere nobody unpacks one: the kernel is given the file as it is. For which machine the inner header is, nobody asks either.
        IsUnpacked = !known.IsKernel && ZbootHeader.IsZboot(KnownImage.HeadOf(_file))
            && ArchitectureFacts.OfPe(image.Machine) is not { HasZboot: false };
        _isKernel = known.IsKernel || IsUnpacked;
        // A bzImage says in its first bytes where its version stands.
        if (!IsUnified && known.Kind == ImageKind.KernelImage && digests is not null)
        {
            var search = new KernelVersionSearch();
            (_read, _search) = digests.Watch(search.Add) ? (digests, search) : (null, null);
        }
    }

    /// <summary>Whether the kernel lies in a unified kernel image.</summary>
    public bool IsUnified { get; }

    /// <summary>Whether it is, or lies in, a zboot image.</summary>
    public bool IsUnpacked { get; }

    /// <summary>Whether its bytes are at hand without unpacking anything.</summary>
    public bool IsAtHand => !IsUnpacked || _payload is not null;

    /// <summary>
    /// What the kernel says that it is (<c>uname -r</c>); null when it says nothing, or is none. The banner may stand anywhere, so all
    /// bytes are looked through, once, and where they are read for digests, in that read.
    /// </summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS12xx.</exception>
    public string? Version()
    {
        if (_versionIsKnown || !_isKernel)
            return _version;
        _read?.RequireRead();
        _version = _search is null ? KernelVersionText.Find(Open()) : _search.Found;
        _versionIsKnown = true;
        return _version;
    }

    /// <summary>The kernel's bytes.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS12xx.</exception>
    public Layout Open()
    {
        if (!IsUnpacked)
            return _file;
        if (_payload is null)
        {
            ZbootHeader header = ZbootHeader.Read(PeReader.Read(_file), _file);
            _payload = _ahead?.Take(_file.Slice(header.PayloadOffset, header.PayloadSize), header.Format.Compression,
                header.UncompressedLength(_file)) ?? Decompressor.Payload(_file, header, _context);
        }
        return Layout.Of(_payload);
    }

    /// <inheritdoc/>
    public void Dispose() => _payload?.Dispose();
}
