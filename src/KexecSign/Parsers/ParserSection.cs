using KexecSign.Formats.Bpf;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Parsers;

/// <summary>The section of an image that holds a kexec BPF parser.</summary>
internal static class ParserSection
{
    /// <summary>Section name as the kernel series v3 to v6 look for it (strcmp on the 8-byte field).</summary>
    public const string Name = ".bpf";

    // A parser is a few KiB; this only keeps a wrong file from being read whole.
    private const long MaxParserLength = 64 << 20;

    /// <summary>The section's content without its zero padding: an ELF file ends where its last table or section ends.</summary>
    public static byte[] Extract(PeImage image, Layout file)
    {
        Layout section = PeEditor.SectionContent(image, file, Name);
        byte[] bytes = ReadAll(section);
        ParserObject.Parse(bytes);
        return bytes[..(int)Elf64File.Parse(bytes).End];
    }

    /// <summary>The bytes of a parser object.</summary>
    /// <exception cref="KexecSignException">KS1315.</exception>
    public static byte[] ReadAll(Layout parser) =>
        parser.Length <= MaxParserLength
            ? parser.ReadBytes(0, parser.Length)
            : throw FormatErrors.ParserTooLarge.With(parser.Length, MaxParserLength);
}
