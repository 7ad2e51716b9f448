using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;

namespace KexecSign.Compression;

/// <summary>What packs and unpacks a kind of payload: the second half of <see cref="PayloadFormat"/>, row by row.</summary>
/// <param name="Word">The format's word.</param>
/// <param name="Library">What a machine may lack for it.</param>
/// <param name="Unpack">Unpacks a stream piece by piece.</param>
internal sealed record PayloadCodec(string Word, MachineLibrary Library, Action<Layout, OlderPayloads.Taker> Unpack)
{
    /// <summary>How it is packed; null for one that is only read.</summary>
    public PayloadEncoder? Encoder { get; init; }

    /// <summary>One row for each row of <see cref="PayloadFormat"/>; a test says so.</summary>
    public static ImmutableArray<PayloadCodec> All { get; } =
    [
        // What is smaller than gzip -9 at a tenth of its time. The kernel's build has gzip -9, which libdeflate beats from level 6 on.
        new("gzip", MachineLibrary.Deflate, Decompressor.Gunzip)
        {
            Encoder = new("libdeflate", Least: 1, Most: 12, Default: 6, _ => LibDeflate.Name, GzipPieces.Compress)
            {
                Smallest = _ => new(12),
                Attempts = [new(6), new(9), new(10), new(12), new(12) { PieceLength = CompressionAttempt.Whole }],
            },
        },
        // What the kernel's build uses: zstd -22 --ultra, which leaves a signature no room. With zstd before 1.5.7 it counts where blocks
        // begin, by half a percent either way, so the input is cut in halves and in thirds. 1.5.7 looks for where they should: its
        // one part is 0.3 % smaller than its two, and a kernel that it packed itself seldom has room for more.
        new("zstd", MachineLibrary.Zstd, Decompressor.Unzstd)
        {
            Encoder = new(null, Least: 1, Most: 22, Default: 22, ZstdEncoder.NameOf, ZstdEncoder.Compress)
            {
                Smallest = zstd => zstd switch
                {
                    ZstdLibrary.Own => new(22) { Jobs = 1, LongMatches = true },
                    ZstdLibrary.System => new(22) { LongMatches = true },
                },
                Attempts = [new(22), new(22) { Jobs = 1, LongMatches = true }, new(22) { Jobs = 3, LongMatches = true }],
                ChecksumLength = 4,
                HasLibraries = true,
            },
        },
        new("lz4", MachineLibrary.Lz4, OlderPayloads.Lz4),
        new("lzma", MachineLibrary.Lzma, (payload, take) => OlderPayloads.Lzma(payload, xz: false, take)),
        new("lzo", MachineLibrary.Lzo, OlderPayloads.Lzo),
        new("xzkern", MachineLibrary.Lzma, (payload, take) => OlderPayloads.Lzma(payload, xz: true, take)),
    ];

    /// <summary>Of a format.</summary>
    public static PayloadCodec Of(PayloadFormat format) => All.First(codec => codec.Word == format.Word);

    /// <summary>The levels of all that are written, for people: <c>gzip 1-12 (libdeflate), zstd 1-22</c>.</summary>
    public static string Levels => string.Join(", ", All.Select(codec => codec is { Word: var word, Encoder: { } encoder }
        ? $"{word} {encoder.Least}-{encoder.Most}{(encoder.LevelsOf is { } library ? $" ({library})" : "")}" : null).OfType<string>());

    /// <summary>The levels that are used when none is asked for, for people: <c>6 for gzip, 22 for zstd</c>.</summary>
    public static string Defaults => string.Join(", ", All.Select(codec => codec is { Word: var word, Encoder: { } encoder }
        ? $"{encoder.Default} for {word}" : null).OfType<string>());
}

/// <summary>How a kind of payload is packed.</summary>
/// <param name="LevelsOf">The library whose levels they are, where they are not the format's own.</param>
/// <param name="Least">Lowest level.</param>
/// <param name="Most">Highest level.</param>
/// <param name="Default">The level when none is asked for.</param>
/// <param name="Name">Name and version of the library that packs.</param>
/// <param name="Pack">Packs a layout into a temporary file.</param>
internal sealed record PayloadEncoder(
    string? LevelsOf, int Least, int Most, int Default, Func<ZstdLibrary, string> Name,
    Func<Layout, CompressionAttempt, IRunStep, CancellationToken, TemporaryFile> Pack)
{
    /// <summary>The strongest setting; with zstd it depends on whose library packs.</summary>
    public required Func<ZstdLibrary, CompressionAttempt> Smallest { get; init; }

    /// <summary>The settings with which a payload is fitted into a room, those that usually fit first.</summary>
    public required ImmutableArray<CompressionAttempt> Attempts { get; init; }

    /// <summary>Bytes of a checksum that may be left out, which no boot loader asks for.</summary>
    public int ChecksumLength { get; init; }

    /// <summary>Whether one may say whose library packs.</summary>
    public bool HasLibraries { get; init; }

    /// <summary>Of a compression.</summary>
    public static PayloadEncoder For(ZbootCompression compression) =>
        PayloadCodec.Of(PayloadFormat.Of(compression)).Encoder ?? throw PayloadFormat.Unknown(PayloadFormat.Of(compression).Word);
}
