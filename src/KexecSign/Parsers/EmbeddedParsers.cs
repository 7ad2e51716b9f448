using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Parsers;

/// <summary>The parsers in an image: its own, and that of the image in its .linux section, as kernels of v5 and v6 meet them.</summary>
internal static class EmbeddedParsers
{
    private const string LinuxName = ".linux";

    // A UKI holds a zboot image, and that holds a kernel; no image is packed deeper.
    private const int DeepestImage = 4;

    /// <summary>The parsers, outermost first, and where they lie.</summary>
    /// <exception cref="KexecSignException">KS13xx for a section that is no parser.</exception>
    public static IEnumerable<(string Place, ParserObject Parser)> In(PeImage image, Layout file)
    {
        string prefix = "";
        for (int depth = 0; depth < DeepestImage; depth++)
        {
            if (image.FindSection(ParserSection.Name) is not null)
                yield return (prefix + ParserSection.Name, ParserObject.Parse(ParserSection.Extract(image, file)));
            if (Inner(image, file) is not { } inner)
                yield break;
            (image, file) = inner;
            prefix += LinuxName + "/";
        }
    }

    /// <summary>The image in .linux; null when there is none, or when it is no PE image.</summary>
    public static (PeImage Image, Layout File)? Inner(PeImage image, Layout file)
    {
        if (image.FindSection(LinuxName) is not { SizeOfRawData: > 0 } section)
            return null;
        Layout content = PeEditor.SectionContent(image, file, LinuxName);
        // VirtualSize is the content's length, except where it is the memory that the kernel takes.
        Layout inner = section.VirtualSize > 0 && section.VirtualSize < content.Length ? content.Slice(0, section.VirtualSize) : content;
        try
        {
            return (PeReader.Read(inner), inner);
        }
        catch (KexecSignException)
        {
            return null;
        }
    }
}
