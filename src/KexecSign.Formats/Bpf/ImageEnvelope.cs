using System.Collections.Immutable;
using System.Text;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Formats.Bpf;

/// <summary>
/// The file that a v7 kernel takes beside its parser: an ELF with a zboot image as .kernel, an initrd and a command line,
/// laid out as tools/kexec/build_zboot_envelop.c does it: the section table behind the header, then the contents without
/// padding, then the names.
/// </summary>
/// <param name="Kernel">The zboot image.</param>
/// <param name="Initrd">The initrd.</param>
/// <param name="CommandLine">The command line, its NUL included.</param>
public sealed record ImageEnvelope(Layout Kernel, Layout Initrd, Layout CommandLine)
{
    /// <summary>Name of the section with the zboot image.</summary>
    public const string KernelName = ".kernel";

    /// <summary>Name of the section with the initrd.</summary>
    public const string InitrdName = ".initrd";

    /// <summary>Name of the section with the command line.</summary>
    public const string CommandLineName = ".cmdline";

    /// <summary>The largest file that kexec_file_load reads (KEXEC_FILE_SIZE_MAX).</summary>
    public const long LargestFile = 1L << 32;

    private const ushort Executable = 2;
    private const int LastSectionSeen = 7;

    /// <summary>Whether a section table is an envelope's.</summary>
    public static bool Is(ElfSectionTable table) => table.Sections.Any(s => s.Name == KernelName);

    /// <summary>Writes an envelope. No reader of the series looks at the machine.</summary>
    /// <param name="machine">Machine of the PE image in it; the ELF header names the same one.</param>
    /// <exception cref="KexecSignException">KS1338.</exception>
    public Layout Write(ushort machine)
    {
        (byte[] names, ImmutableArray<int> nameAt) = ElfWriter.Names([KernelName, InitrdName, CommandLineName, ".shstrtab"]);
        ImmutableArray<Layout> contents = [Kernel, Initrd, CommandLine, Layout.Of(names)];
        Layout headers = Layout.Of(ElfWriter.Header(Executable, ArchitectureFacts.OfPe(machine)?.ElfMachine ?? 0, ElfWriter.HeaderSize,
            contents.Length + 1, contents.Length))
            .AppendZeros(ElfWriter.HeaderSize);
        long at = ElfWriter.HeaderSize * (contents.Length + 2);
        Layout body = Layout.Empty;
        for (int i = 0; i < contents.Length; i++)
        {
            bool isNames = i == contents.Length - 1;
            headers = headers.Append(ElfWriter.Section(nameAt[i], isNames ? 3u : 1u, isNames ? 0ul : 2ul, at, contents[i].Length, 0, 0, 1,
                0));
            at += contents[i].Length;
            body = body.Append(contents[i]);
        }
        return at <= LargestFile ? headers.Append(body) : throw FormatErrors.ContainerTooLarge.With("envelope", at, LargestFile);
    }

    /// <summary>Reads an envelope as the parsers of the series do: one section of each name, among the first seven.</summary>
    /// <exception cref="KexecSignException">KS1301-KS1303, KS1334, KS1335, KS1339, KS1340.</exception>
    public static ImageEnvelope Read(ElfSectionTable table) =>
        new(Content(table, KernelName), Content(table, InitrdName), Content(table, CommandLineName));

    /// <summary>A command line as the section holds it: the text and one NUL.</summary>
    public static Layout Section(string commandLine) => Layout.Of(Encoding.UTF8.GetBytes(commandLine + "\0"));

    private static Layout Content(ElfSectionTable table, string name)
    {
        ImmutableArray<ContainerSection> found = [.. table.Sections.Where(s => s.Name == name)];
        if (found.Length != 1)
            throw FormatErrors.NotAnEnvelope.With(found.Length, name);
        if (found[0].Index > LastSectionSeen)
            throw FormatErrors.EnvelopeSectionUnseen.With(name, found[0].Index, LastSectionSeen);
        return table.Content(found[0]);
    }
}
