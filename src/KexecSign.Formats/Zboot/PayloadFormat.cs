using System.Collections.Immutable;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Zboot;

/// <summary>How a zboot payload is compressed that this project writes; each has its row in <see cref="PayloadFormat"/>.</summary>
public enum ZbootCompression
{
    /// <summary>A single gzip member with a 10-byte header; its own last 4 bytes are the uncompressed length.</summary>
    Gzip,

    /// <summary>One zstd frame, followed by the uncompressed length as u32.</summary>
    Zstd,
}

/// <summary>
/// A compression of zboot payloads and what is true of it in a file: the one table that headers, options, plans, schemas, kits and
/// policies ask (drivers/firmware/efi/libstub/Makefile.zboot). What packs and unpacks it stands in KexecSign's PayloadCodec. The kernel's
/// own list, which its model has, is another (lib/decompress.c).
/// </summary>
/// <param name="Word">Its name in options, plans, reports and kits, and in the header that is written today.</param>
/// <param name="HasOwnLength">Whether the stream's own last 4 bytes are the uncompressed length; else a u32 follows it.</param>
public sealed record PayloadFormat(string Word, bool HasOwnLength)
{
    /// <summary>Null for one that only older kernels have: it is read and not written.</summary>
    public ZbootCompression? Compression { get; init; }

    /// <summary>Another name that headers of older kernels give it.</summary>
    public string? OlderName { get; init; }

    /// <summary>First bytes by which a stream is known without its header; empty where there are none to rely on.</summary>
    public ImmutableArray<byte> Magic { get; init; } = [];

    /// <summary>What people call a stream with that magic.</summary>
    public string? MagicName { get; init; }

    /// <summary>How its blocks tell their length, by which a stream is known where its magic alone is too short.</summary>
    public BlockLengths Blocks { get; init; }

    /// <summary>Offset of a u32 that may hold the time of packing; null where the format has none, or not at a place of its own.</summary>
    public int? TimeOffset { get; init; }

    /// <summary>Whether the kernel is known to refuse it when a parser takes its last 4 bytes for the length behind it.</summary>
    public bool BreaksWhenCut { get; init; }

    /// <summary>The kernel's option that chooses it, without <c>CONFIG_</c>.</summary>
    public string ConfigSymbol => "KERNEL_" + Word.ToUpperInvariant();

    /// <summary>All that there are: first those that are written, the default of the kernel's makefile first of all.</summary>
    public static ImmutableArray<PayloadFormat> All { get; } =
    [
        // Of gzip the ten bytes of "gzip -n" but its last two.
        new("gzip", HasOwnLength: true)
        {
            Compression = ZbootCompression.Gzip, Magic = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0], MagicName = "gzip", TimeOffset = 4,
        },
        new("zstd", HasOwnLength: false)
        {
            Compression = ZbootCompression.Zstd, OlderName = "zstd22", Magic = [0x28, 0xB5, 0x2F, 0xFD], MagicName = "zstd",
            Blocks = BlockLengths.Zstd, BreaksWhenCut = true,
        },
        // Kernels before 6.14 only; nobody has seen what cutting them does.
        new("lz4", HasOwnLength: false) { Magic = [0x02, 0x21, 0x4C, 0x18], MagicName = "lz4", Blocks = BlockLengths.Lz4Legacy },
        new("lzma", HasOwnLength: false),
        new("lzo", HasOwnLength: false) { Magic = [0x89, (byte)'L', (byte)'Z', (byte)'O', 0, 13, 10, 26, 10], MagicName = "lzop" },
        new("xzkern", HasOwnLength: false) { Magic = [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], MagicName = "xz" },
    ];

    /// <summary>Those that are written.</summary>
    public static ImmutableArray<PayloadFormat> Written { get; } = [.. All.Where(format => format.Compression is not null)];

    /// <summary>What the kernel's makefile takes where no other is chosen, and so do we.</summary>
    public static PayloadFormat Default => All[0];

    /// <summary>The words of those that are written.</summary>
    public static ImmutableArray<string> Words { get; } = [.. Written.Select(format => format.Word)];

    /// <summary>Of one that is written.</summary>
    public static PayloadFormat Of(ZbootCompression compression) => All.First(format => format.Compression == compression);

    /// <summary>By the name in a header.</summary>
    /// <exception cref="KexecSignException">KS1203.</exception>
    public static PayloadFormat Named(string headerName) =>
        All.FirstOrDefault(format => format.Word == headerName || format.OlderName == headerName) ?? throw Unknown(headerName);

    /// <summary>The error for a compression that is not known, or is not written.</summary>
    public static KexecSignException Unknown(string headerName) => FormatErrors.UnknownCompression.With(
        headerName, Listed([.. Words]), Listed([.. All.Where(format => format.Compression is null).Select(format => format.Word)]));

    private static string Listed(string[] words) => words.Length == 1 ? words[0] : $"{string.Join(", ", words[..^1])} and {words[^1]}";
}

/// <summary>How the blocks of a stream tell their length.</summary>
public enum BlockLengths
{
    /// <summary>Not in a way that need be followed.</summary>
    NotFollowed,

    /// <summary>Three bytes before each block (RFC 8878 3.1.1.2).</summary>
    Zstd,

    /// <summary>A u32 before each block of 8 MiB (lz4's legacy frames).</summary>
    Lz4Legacy,
}
