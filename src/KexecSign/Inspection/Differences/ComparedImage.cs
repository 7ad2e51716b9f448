using System.Collections.Immutable;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Formats.Zboot;
using KexecSign.Inspection.Parts;

namespace KexecSign.Inspection.Differences;

/// <summary>An image as it is compared: its headers, and ways to its parts.</summary>
internal sealed class ComparedImage
{
    private const int HeadSize = 4096, MostHeaders = 16 << 20;

    private readonly ImmutableArray<FilePart> _parts;

    private ComparedImage(PeImage image, Layout file)
    {
        Image = image;
        File = file;
        byte[] head = file.ReadBytes(0, Math.Min(file.Length, HeadSize));
        Zboot = ZbootHeader.IsZboot(head) ? Header(image, file) : null;
        Fields = HeaderField.Of(image, head);
        bool kernel = KernelImage.TryParse(head) is not null || BzImage.TryParse(head) is not null;
        LinuxVersion = kernel ? KernelVersionText.Find(file) : null;
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

    public string? LinuxVersion { get; }

    /// <summary>The sections by name, and their number where a name is there more than once.</summary>
    public IReadOnlyDictionary<(string Name, int Index), PeSection> Sections { get; }

    /// <summary>Where the payload lies; null for none.</summary>
    public (long Offset, long Size)? PayloadPlace => Zboot is null ? null : (Zboot.PayloadOffset, Zboot.UncompressedLengthOffset + 4 - Zboot.PayloadOffset);

    /// <summary>Reads an image; null for what is none.</summary>
    public static ComparedImage? Read(Layout file)
    {
        try
        {
            return PeReader.LooksLikePe(file.ReadBytes(0, Math.Min(file.Length, HeadSize))) ? new(PeReader.Read(file), file) : null;
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

    /// <summary>What of a section lies before and behind the payload, and where the latter begins; null where the payload is elsewhere.</summary>
    public (Layout Front, Layout Back, long BackOffset)? AroundPayload(PeSection section)
    {
        long end = Math.Min(section.RawEnd, File.Length);
        if (PayloadPlace is not var (offset, size) || offset < section.PointerToRawData || offset + size > end)
            return null;
        return (File.Slice(section.PointerToRawData, offset - section.PointerToRawData), File.Slice(offset + size, end - offset - size), offset + size);
    }

    /// <summary>The headers' bytes, with zeros where a field has a name and is compared by it, so that an offset in them is one in the file.</summary>
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
