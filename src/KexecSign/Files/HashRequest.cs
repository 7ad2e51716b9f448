using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;

namespace KexecSign.Files;

/// <summary>A hash over ranges of a layout, to be computed while the layout is read.</summary>
/// <param name="Algorithm">Hash algorithm.</param>
/// <param name="Ranges">Ranges in file order, not overlapping.</param>
internal sealed record HashRequest(HashAlgorithmName Algorithm, ImmutableArray<ByteRange> Ranges)
{
    /// <summary>A hash over everything.</summary>
    public static HashRequest Whole(HashAlgorithmName algorithm, Layout layout) => new(algorithm, [new(0, layout.Length)]);
}
