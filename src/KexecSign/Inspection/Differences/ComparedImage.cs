using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Images;
using KexecSign.Inspection.Parts;

namespace KexecSign.Inspection.Differences;

/// <summary>An image as it is compared: its headers, and ways to its parts.</summary>
internal sealed class ComparedImage : IDisposable
{
    private const int MostHeaders = 16 << 20;

    private readonly ImmutableArray<FilePart> _parts;

    private readonly bool _isKernel;

    private ComparedImage(PeImage image, Layout file, byte[] head, KnownImage known, KernelInside inside)
    {
        Image = image;
        File = file;
        Inside = inside;
        _isKernel = known.IsKernel;
        Zboot = known.Kind == ImageKind.Zboot ? Header(image, file) : null;
        Fields = HeaderField.Of(image, head);
        _parts = ImageParts.Of(image, file, Zboot);
        var sections = new Dictionary<(string Name, int Index), PeSection>();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (PeSection section in image.Sections)
        {
            int index = seen.GetValueOrDefault(section.Name);
            seen[section.Name] = index + 1;
            sections.Add((section.Name, index), section);
        }
        Sections = sections;
    }

    public PeImage Image { get; }

    public Layout File { get; }

    /// <summary>The zboot header; null for what is none, or has a broken one.</summary>
    public ZbootHeader? Zboot { get; }

    public ImmutableArray<HeaderField> Fields { get; }

    /// <summary>The kernel that is in it, unpacked once.</summary>
    public KernelInside Inside { get; }

    public string? LinuxVersion => _isKernel ? Inside.Version() : null;

    /// <summary>The sections by name, and their number where a name is there more than once.</summary>
    public IReadOnlyDictionary<(string Name, int Index), PeSection> Sections { get; }

    /// <summary>Where the payload lies; null for none.</summary>
    public (long Offset, long Size)? PayloadPlace =>
        Zboot is null ? null : (Zboot.PayloadOffset, Zboot.UncompressedLengthOffset + 4 - Zboot.PayloadOffset);

    /// <summary>Reads an image; null for what is none.</summary>
    /// <param name="file">Its bytes.</param>
    /// <param name="context">Run context.</param>
    /// <param name="digests">Digests that the bytes will be read for; null for none.</param>
    public static ComparedImage? Read(Layout file, RunContext context, FileDigests? digests = null)
    {
        try
        {
            byte[] head = KnownImage.HeadOf(file);
            var known = KnownImage.Of(file);
            if (!known.IsPe)
                return null;
            PeImage image = PeReader.Read(file);
            return new(image, file, head, known, new(image, file, context, digests));
        }
        // Then the bytes are compared, and nothing is said of what they mean.
        catch (KexecSignException)
        {
            return null;
        }
    }

    /// <summary>The payload, with the length that may follow it.</summary>
    public Layout Payload() => File.Slice(Zboot!.PayloadOffset, PayloadPlace!.Value.Size);

    /// <summary>A section's bytes in the file; null where there are none.</summary>
    public Layout? ContentOf(PeSection section)
    {
        long end = Math.Min(section.RawEnd, File.Length);
        if (section.SizeOfRawData == 0 || section.PointerToRawData >= end)
            return null;
        return File.Slice(section.PointerToRawData, end - section.PointerToRawData);
    }

    /// <summary>
    /// What of a section lies before and behind the payload, and where the latter begins; null where the payload is elsewhere.
    /// </summary>
    public (Layout Front, Layout Back, long BackOffset)? AroundPayload(PeSection section)
    {
        long end = Math.Min(section.RawEnd, File.Length);
        if (PayloadPlace is not var (offset, size) || offset < section.PointerToRawData || offset + size > end)
            return null;
        return (File.Slice(section.PointerToRawData, offset - section.PointerToRawData), File.Slice(offset + size, end - offset - size),
            offset + size);
    }

    /// <summary>
    /// The headers' bytes, with zeros where a field has a name and is compared by it, so that an offset in them is one in the file.
    /// </summary>
    public Layout UnnamedHeaders()
    {
        Layout headers = File.Slice(0, Math.Min(Image.SizeOfHeaders, File.Length));
        int named = (int)Math.Min(Math.Min(headers.Length, Image.SectionTableEnd), MostHeaders);
        byte[] bytes = headers.ReadBytes(0, named);
        foreach (HeaderField field in Fields)
            Blank(bytes, field.Offset, field.Size);
        if (Image.CanBeSigned)
            Blank(bytes, Image.CertificateDirectoryOffset, 8);
        // Of a section header all but relocations and line numbers, which only objects have.
        for (int i = 0; i < Image.Sections.Length; i++)
        {
            int header = Image.SectionTableOffset + i * PeConstants.SectionHeaderSize;
            Blank(bytes, header, 24);
            Blank(bytes, header + 36, 4);
        }
        return Layout.Of(bytes).Append(headers.Slice(named, headers.Length - named));
    }

    /// <summary>What belongs to no section and no table.</summary>
    public IEnumerable<(string Name, long Offset, Layout Content)> Rest() =>
        _parts.Where(part => part.Kind is PartKind.Padding or PartKind.Unclaimed or PartKind.Symbols)
            .Select(part => (part.Name, part.Offset, File.Slice(part.Offset, part.Size)));

    /// <inheritdoc/>
    public void Dispose() => Inside.Dispose();

    private static void Blank(Span<byte> headers, int offset, int size)
    {
        if (offset < headers.Length)
            headers.Slice(offset, Math.Min(size, headers.Length - offset)).Clear();
    }

    private static ZbootHeader? Header(PeImage image, Layout file)
    {
        try
        {
            return ZbootHeader.Read(image, file);
        }
        catch (KexecSignException)
        {
            return null;
        }
    }
}
