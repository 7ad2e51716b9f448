using System.Buffers.Binary;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Formats.Vocabulary;
using KexecSign.Formats.Zboot;

namespace KexecSign.Images;

/// <summary>What a file is, whoever asks. A switch over it has an arm for each, so that a new kind is decided everywhere.</summary>
internal enum ImageKind
{
    /// <summary>A vmlinuz.efi: a kernel Image, packed.</summary>
    Zboot,

    /// <summary>A kernel Image of arm64, riscv or loongarch, with or without a PE header of its own.</summary>
    KernelImage,

    /// <summary>An x86 bzImage, with or without a PE header of its own.</summary>
    BzImage,

    /// <summary>A PE image with a kernel in .linux. First bytes alone do not tell it from <see cref="Efi"/>.</summary>
    Unified,

    /// <summary>Any other PE image.</summary>
    Efi,

    /// <summary>A 64-bit ELF file: a vmlinux, a parser, a parser ELF or an envelope.</summary>
    Elf,

    /// <summary>gzip data.</summary>
    Gzip,

    /// <summary>None of these.</summary>
    Unknown,
}

/// <summary>The one decision what a file is.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="IsPe">Whether it has PE headers, whatever else it is.</param>
/// <param name="Kernel">Header of a kernel Image; null for all else.</param>
internal sealed record KnownImage(ImageKind Kind, bool IsPe, KernelImage? Kernel)
{
    /// <summary>Bytes of a file's beginning that the decision rests on.</summary>
    public const int HeadSize = 4096;

    private const ushort MachineI386 = 0x14C;

    /// <summary>Whether it is what a kernel loads as it is.</summary>
    public bool IsKernel => Kind switch
    {
        ImageKind.KernelImage or ImageKind.BzImage => true,
        ImageKind.Zboot or ImageKind.Unified or ImageKind.Efi or ImageKind.Elf or ImageKind.Gzip or ImageKind.Unknown => false,
    };

    /// <summary>Whether it unpacks itself, so that its headers do not say what memory the kernel takes.</summary>
    public bool IsPacked => Kind switch
    {
        ImageKind.Zboot or ImageKind.BzImage => true,
        ImageKind.KernelImage or ImageKind.Unified or ImageKind.Efi or ImageKind.Elf or ImageKind.Gzip or ImageKind.Unknown => false,
    };

    /// <summary>The beginning of a file.</summary>
    public static byte[] HeadOf(Layout file) => file.ReadBytes(0, Math.Min(file.Length, HeadSize));

    /// <summary>By a file's beginning; of PE images with .linux it takes the headers to tell.</summary>
    public static KnownImage Of(Layout file)
    {
        byte[] head = HeadOf(file);
        return Of(head, MachineOf(head) ?? FarMachine(head, file));
    }

    /// <summary>By a file's beginning.</summary>
    public static KnownImage Of(ReadOnlySpan<byte> head) => Of(head, MachineOf(head));

    private static KnownImage Of(ReadOnlySpan<byte> head, ushort? machine)
    {
        bool isPe = machine is not null || PeReader.LooksLikePe(head);
        ArchitectureFacts? facts = machine is { } known ? ArchitectureFacts.OfPe(known) : null;
        // The magics are for anyone to write into headers that do not use their places: in a PE image they count for the machine that it is
        // for and for no other, since no loader of another looks for them.
        KernelImage? kernel = KernelImage.TryParse(head) is { } parsed && (machine is null || facts?.Architecture == parsed.Kernel)
            ? parsed : null;
        return new(
            // A kernel's own magic first: kexec-tools probes for it before it looks for a zboot, and the kernel itself knows of no zboot.
            // 'zimg' at 0x4 lies in code of an Image and in the real-mode part of a bzImage, where anyone can write it.
            kernel is not null ? ImageKind.KernelImage
            : machine is null or PeConstants.MachineAmd64 or MachineI386 && BzImage.TryParse(head) is not null ? ImageKind.BzImage
            : facts is not { HasZboot: false } && ZbootHeader.IsZboot(head) ? ImageKind.Zboot
            : isPe ? ImageKind.Efi
            : Elf64File.LooksLikeElf64(head) ? ImageKind.Elf
            : head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]) ? ImageKind.Gzip
            : ImageKind.Unknown,
            isPe, kernel);
    }

    private static ushort? MachineOf(ReadOnlySpan<byte> head)
    {
        if (!PeReader.LooksLikePe(head))
            return null;
        int at = (int)BinaryPrimitives.ReadUInt32LittleEndian(head[PeConstants.PeOffsetField..]) + sizeof(uint);
        return at + sizeof(ushort) <= head.Length ? BinaryPrimitives.ReadUInt16LittleEndian(head[at..]) : null;
    }

    // Headers may begin behind what is read first, and firmware follows them there.
    private static ushort? FarMachine(ReadOnlySpan<byte> head, Layout file)
    {
        if (head.Length < HeadSize || head[0] != 'M' || head[1] != 'Z')
            return null;
        long at = BinaryPrimitives.ReadUInt32LittleEndian(head[PeConstants.PeOffsetField..]);
        if (at + 6 > file.Length || at + 6 <= head.Length)
            return null;
        byte[] far = file.ReadBytes(at, 6);
        return far.AsSpan().StartsWith("PE\0\0"u8) ? BinaryPrimitives.ReadUInt16LittleEndian(far.AsSpan(4)) : null;
    }

    /// <summary>By a file's beginning and its headers.</summary>
    public static KnownImage Of(PeImage image, ReadOnlySpan<byte> head)
    {
        KnownImage known = Of(head, image.Machine);
        return known.Kind == ImageKind.Efi && image.FindSection(UkiSections.Linux) is not null
            ? known with { Kind = ImageKind.Unified }
            : known;
    }
}
