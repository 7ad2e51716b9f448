using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
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
    private TemporaryFile? _payload;

    public KernelInside(PeImage image, Layout file, RunContext context)
    {
        _context = context;
        PeSection? linux = image.FindSection(UkiSections.Linux);
        // A kernel that is given a kernel judges that file, whatever sections it has: kexec_file_load() knows of none.
        IsUnified = !KnownImage.Of(file).IsKernel && linux is not null && linux.RawEnd <= image.BodyLength;
        _file = IsUnified ? UkiImage.ContentOf(linux!, file) : file;
        IsUnpacked = KnownImage.Of(_file).Kind == ImageKind.Zboot;
    }

    /// <summary>Whether the kernel lies in a unified kernel image.</summary>
    public bool IsUnified { get; }

    /// <summary>Whether it is, or lies in, a zboot image.</summary>
    public bool IsUnpacked { get; }

    /// <summary>The kernel's bytes.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS12xx.</exception>
    public Layout Open()
    {
        if (!IsUnpacked)
            return _file;
        if (_payload is null)
        {
            ZbootHeader header = ZbootHeader.Read(PeReader.Read(_file), _file);
            _payload = Decompressor.Decompress(
                _file.Slice(header.PayloadOffset, header.PayloadSize), header, header.UncompressedLength(_file), _context);
        }
        return Layout.Of(_payload);
    }

    /// <inheritdoc/>
    public void Dispose() => _payload?.Dispose();
}
