using System.Security.Cryptography;
using KexecSign.Batches;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Images;
using KexecSign.Keys.Files;
using KexecSign.Parsers;
using KexecSign.Signing;

namespace KexecSign.Judging;

/// <summary>
/// A file that is judged: opened once, however many consumers and rules look at it, so that all of them speak of the same bytes. Its
/// headers, its digests and the kernel inside are read when the first asks for them.
/// </summary>
internal sealed class JudgedFile : IDisposable
{
    private readonly FileSource _source;
    private readonly RunContext _context;
    private readonly bool _replaceable;
    private readonly UnpackedAhead? _unpacked;
    private bool _tellsSha256;
    private PeImage? _image;
    private KernelInside? _kernel;
    private ImaValues? _ima;

    private JudgedFile(FileSource source, Layout content, RunContext context, bool replaceable, UnpackedAhead? unpacked = null)
    {
        _unpacked = unpacked;
        _source = source;
        _replaceable = replaceable;
        _context = context;
        Content = content;
        Digests = new(Content, context);
        if (context.Answer != AnswerUse.Outcome)
            WillTellSha256();
    }

    /// <summary>The path as it was given.</summary>
    public string Path => _source.Path;

    /// <summary>The bytes; with a detached signature the image as it would be with that one attached.</summary>
    public Layout Content { get; }

    /// <summary>Digests of the bytes, computed in one read.</summary>
    public FileDigests Digests { get; }

    /// <summary>SHA-256 of the bytes, lower-case hex.</summary>
    public string Sha256 => Convert.ToHexStringLower(Digests.OfWhole(HashAlgorithmName.SHA256));

    /// <summary>The same where the answer tells it; else empty, and nothing is read for it.</summary>
    public string ToldSha256 => _tellsSha256 ? Sha256 : "";

    /// <summary>The headers.</summary>
    /// <exception cref="KexecSignException">KS10xx when it is no PE image.</exception>
    public PeImage Image => _image ??= PeReader.Read(Content);

    /// <summary>The kernel inside.</summary>
    public KernelInside Kernel => _kernel ??= new(Image, Content, _context, Digests, _unpacked);

    /// <summary>
    /// Whether it is an addon: by its name, which is all that systemd-stub looks for, and by what is in it: no kernel, no parser, and
    /// something that an addon brings (UAPI specification, "PE Addons").
    /// </summary>
    /// <exception cref="KexecSignException">KS10xx when it is no PE image.</exception>
    public bool IsAddon => Path.EndsWith(UkiSections.AddonEnding, StringComparison.OrdinalIgnoreCase)
        && KnownImage.Of(Image, KnownImage.HeadOf(Content)).Kind == ImageKind.Efi
        && !Kernel.IsUnpacked && Image.FindSection(ParserSection.Name) is null
        && UkiSections.AddonPayloads.Any(name => Image.FindSection(name) is not null);

    /// <summary>The IMA values beside and on the file, as they were when first looked at.</summary>
    public ImaValues Ima => _ima ??= ReadIma();

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="context">Run context.</param>
    /// <param name="signature">A detached PKCS#7 that is judged in the place of the image's own signatures; null for those.</param>
    /// <param name="unpacked">A payload that was unpacked before, and may be the file's own; null for none.</param>
    /// <exception cref="KexecSignException">KS3001, KS3002; of a detached signature KS10xx, KS1505, KS1506.</exception>
    public static JudgedFile Open(string path, RunContext context, string? signature = null, UnpackedAhead? unpacked = null)
    {
        FileSource source = FileSource.Open(path);
        try
        {
            Layout file = source.ToLayout();
            return new(source, signature is null ? file : SignatureFile.Attached(file, signature), context, replaceable: false,
                unpacked);
        }
        catch (KexecSignException refused)
        {
            source.Dispose();
            throw refused.In(path);
        }
    }

    /// <summary>Opens a file of a batch: below a folder one that is reached without a link.</summary>
    /// <exception cref="KexecSignException">KS3001, KS3002, KS3051.</exception>
    public static JudgedFile Open(SelectedFile file, RunContext context)
    {
        FileSource source = file.Open();
        return new(source, source.ToLayout(), context, replaceable: false);
    }

    /// <summary>Opens a file that the run may write anew, with its sidecar.</summary>
    /// <exception cref="KexecSignException">KS3001, KS3002.</exception>
    public static JudgedFile OpenReplaceable(string path, RunContext context)
    {
        var source = FileSource.OpenReplaceable(path);
        return new(source, source.ToLayout(), context, replaceable: true);
    }

    /// <summary>Says that the answer tells the SHA-256 of the bytes: best before they are read for anything else.</summary>
    public void WillTellSha256()
    {
        _tellsSha256 = true;
        Digests.AnnounceWhole(HashAlgorithmName.SHA256);
    }

    private ImaValues ReadIma()
    {
        if (!_replaceable)
            ReadFiles.Note(ImaValues.SidecarOf(Path));
        return ImaValues.Of(Path);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _kernel?.Dispose();
        _source.Dispose();
    }
}
