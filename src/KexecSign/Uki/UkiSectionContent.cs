using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using KexecSign.Core;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Sbat;
using KexecSign.Formats.Uki;
using KexecSign.Formats.Zboot;
using KexecSign.Images;

namespace KexecSign.Uki;

/// <summary>Tells in a few words what a section's content is.</summary>
internal static class UkiSectionContent
{
    private const int MaxShown = 200;
    private const int HeadSize = 4096;

    /// <summary>The words; null where nothing is to be said.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">The content is not what its readers take.</exception>
    public static string? Describe(UkiPart part, RunContext context) => part.Name switch
    {
        UkiSections.Linux => Kernel(part.Content, context),
        ".cmdline" or ".uname" or UkiSections.Magic => Text(part.Content),
        ".osrel" => Fields(part.Content, "PRETTY_NAME", "ID"),
        UkiSections.Profile => Fields(part.Content, "TITLE", "ID"),
        ".initrd" or ".ucode" => Archive(part.Content),
        ".splash" => SplashBitmap.Read(Head(part.Content), part.Content.Length) is var bitmap
            ? $"{bitmap.Width} x {bitmap.Height} pixels"
            : null,
        ".dtb" or ".dtbauto" => Tree(part.Content),
        ".hwids" => Machines(Small(part.Content, HardwareIds.MaxLength)),
        UkiSections.Sbat => string.Join(", ", SbatTable.ReadSection(Small(part.Content, 64 * 1024)).Entries.Select(e =>
            $"{e.Component} {e.Generation}")),
        UkiSections.PcrSignatures => Signatures(PcrSignatures.Read(Small(part.Content, PcrSignatures.MaxLength))),
        UkiSections.PcrKey => PcrPublicKey.Der(Small(part.Content, 64 * 1024)) is { } der
            ? $"fingerprint {PcrPublicKey.Fingerprint(der)}"
            : "no public key in PEM",
        ".bpf" => ParserObject.Parse(Small(part.Content, 64 << 20)).Abi.ToString(),
        _ => null,
    };

    private static string Kernel(Layout content, RunContext context)
    {
        byte[] head = Head(content);
        var known = KnownImage.Of(head);
        string kind = known.Kind switch
        {
            ImageKind.Zboot => "EFI zboot kernel (vmlinuz.efi)",
            ImageKind.KernelImage => $"{known.Kernel!.Architecture.ToString().ToLowerInvariant()} kernel Image",
            ImageKind.BzImage => "x86 bzImage",
            ImageKind.Efi or ImageKind.Unified => "EFI image",
            ImageKind.Elf or ImageKind.Gzip or ImageKind.Unknown => "no EFI image: the stub cannot start it",
        };
        string version = known.IsPe && UkiKernel.VersionOf(content, context) is { } found ? ", " + found : "";
        return kind + version;
    }

    private static string Text(Layout content)
    {
        string text = Encoding.UTF8.GetString(content.ReadBytes(0, Math.Min(MaxShown + 1, content.Length))).TrimEnd('\0', '\n');
        return text.Length > MaxShown ? text[..MaxShown] + " ..." : text;
    }

    private static string? Fields(Layout content, params ReadOnlySpan<string> wanted)
    {
        string[] lines = Encoding.UTF8.GetString(Head(content)).Split('\n');
        foreach (string name in wanted)
        {
            if (lines.FirstOrDefault(line => line.StartsWith(name + "=", StringComparison.Ordinal)) is { } found)
                return found.TrimEnd('\r', '\0');
        }
        return null;
    }

    private static string Archive(Layout content)
    {
        ReadOnlySpan<byte> head = Head(content);
        return head switch
        {
            _ when head.StartsWith("070701"u8) || head.StartsWith("070702"u8) => "cpio archive",
            _ when head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) => "cpio archive, gzip",
            _ when head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]) => "cpio archive, zstd",
            _ when head.StartsWith((ReadOnlySpan<byte>)[0xFD, 0x37, 0x7A, 0x58, 0x5A]) => "cpio archive, xz",
            _ when head.StartsWith((ReadOnlySpan<byte>)[0x02, 0x21, 0x4C, 0x18]) => "cpio archive, lz4",
            _ when head.StartsWith("BZh"u8) => "cpio archive, bzip2",
            _ => "neither cpio nor a compression that kernels know",
        };
    }

    private static string Tree(Layout content) => string.Join(' ', DeviceTree.Read(Small(content, DeviceTree.MaxLength)).Compatible);

    private static string Machines(byte[] table) => string.Join(", ", HardwareIds.Read(table).Select(id => $"{id.Id} {id.Target}"));

    private static string Signatures(ImmutableArray<PcrSignature> signatures) =>
        string.Join(", ", signatures.GroupBy(s => s.Bank).Select(bank => $"{bank.Count()} for {bank.Key}{Bound(bank)}"));

    private static string Bound(IEnumerable<PcrSignature> bank)
    {
        string[] references = [.. bank.Select(s => s.Reference).OfType<string>()];
        return references.Length == 0 ? "" : $" ({references.Length} bound to {string.Join(", ", references.Distinct())})";
    }

    private static byte[] Head(Layout content) => content.ReadBytes(0, Math.Min(HeadSize, content.Length));

    private static byte[] Small(Layout content, int most) => content.ReadBytes(0, Math.Min(most, content.Length));
}
