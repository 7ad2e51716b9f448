using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Images;

namespace KexecSign.Judging;

/// <summary>
/// A file that is judged: opened once, however many consumers and rules look at it, so that all of them speak of the same bytes. Its headers,
/// its digests and the kernel inside are read when the first asks for them.
/// </summary>
internal sealed class JudgedFile : IDisposable
{
    private readonly FileSource _source;
    private readonly RunContext _context;
    private PeImage? _image;
    private KernelInside? _kernel;
    private ImaValues? _ima;

    private JudgedFile(FileSource source, RunContext context)
    {
        _source = source;
        _context = context;
        Content = source.ToLayout();
        Digests = new(Content, context);
        Digests.AnnounceWhole(HashAlgorithmName.SHA256);
    }

    /// <summary>The path as it was given.</summary>
    public string Path => _source.Path;

    /// <summary>The bytes.</summary>
    public Layout Content { get; }

    /// <summary>Digests of the bytes, computed in one read.</summary>
    public FileDigests Digests { get; }

    /// <summary>SHA-256 of the bytes, lower-case hex.</summary>
    public string Sha256 => Convert.ToHexStringLower(Digests.OfWhole(HashAlgorithmName.SHA256));

    /// <summary>The headers.</summary>
    /// <exception cref="KexecSignException">KS10xx when it is no PE image.</exception>
    public PeImage Image => _image ??= PeReader.Read(Content);

    /// <summary>The kernel inside.</summary>
    public KernelInside Kernel => _kernel ??= new(Image, Content, _context);

    /// <summary>The IMA values beside and on the file, as they were when first looked at.</summary>
    public ImaValues Ima => _ima ??= ImaValues.Of(Path);

    /// <summary>Opens a file.</summary>
    /// <exception cref="KexecSignException">KS3001, KS3002.</exception>
    public static JudgedFile Open(string path, RunContext context) => new(FileSource.Open(path), context);

    /// <inheritdoc/>
    public void Dispose()
    {
        _kernel?.Dispose();
        _source.Dispose();
    }
}
