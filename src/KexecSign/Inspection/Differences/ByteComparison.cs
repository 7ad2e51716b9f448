using System.Globalization;
using KexecSign.Core;
using KexecSign.Formats.Layouts;

namespace KexecSign.Inspection.Differences;

/// <summary>How two ranges of bytes differ.</summary>
/// <param name="First">Offset of the first byte that differs, or where the shorter one ends.</param>
/// <param name="Count">How many bytes differ, those that only the longer one has among them.</param>
/// <param name="Says">The same in words.</param>
internal sealed record ByteComparison(long First, long Count, string Says)
{
    private const int ChunkSize = 1 << 20, MostShown = 8;

    /// <summary>Compares; null for the same bytes.</summary>
    /// <param name="before">The bytes before.</param>
    /// <param name="now">The bytes now.</param>
    /// <param name="place">Offset in their file of the first byte of <paramref name="now"/>, which is named beside that in the
    /// range.</param>
    /// <param name="context">Run context.</param>
    public static ByteComparison? Of(Layout before, Layout now, long place, RunContext context)
    {
        long common = Math.Min(before.Length, now.Length), first = -1, count = 0;
        byte[] left = new byte[Math.Min(common, ChunkSize)], right = new byte[left.Length];
        for (long at = 0; at < common; at += ChunkSize)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int length = (int)Math.Min(ChunkSize, common - at);
            before.Read(at, left.AsSpan(0, length));
            now.Read(at, right.AsSpan(0, length));
            int same = left.AsSpan(0, length).CommonPrefixLength(right.AsSpan(0, length));
            if (same == length)
                continue;
            first = first < 0 ? at + same : first;
            for (int i = same; i < length; i++)
                count += left[i] == right[i] ? 0 : 1;
        }
        if (first < 0 && before.Length == now.Length)
            return null;
        long beyond = Math.Abs(before.Length - now.Length);
        first = first < 0 ? common : first;
        return new(first, count + beyond, Words(before, now, first, count, place));
    }

    private static string Words(Layout before, Layout now, long first, long count, long place)
    {
        string where = place == 0 ? $"0x{first:x}" : $"0x{place + first:x} (0x{first:x} in it)";
        string length = before.Length == now.Length
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $"0x{before.Length:x} -> 0x{now.Length:x} bytes");
        if (count == 0)
            return length;
        // Few bytes that stand together are shown as they are.
        string what = count <= MostShown && Together(before, now, first, (int)count) is { } shown
            ? $"{Number(count)} at {where}: {shown}" : $"{Number(count)}, the first at {where}";
        return length.Length == 0 ? what : $"{length}; {what}";
    }

    private static string Number(long count) =>
        count == 1 ? "1 byte differs" : string.Create(CultureInfo.InvariantCulture, $"{count} bytes differ");

    private static string? Together(Layout before, Layout now, long first, int count)
    {
        if (first + count > Math.Min(before.Length, now.Length))
            return null;
        byte[] left = before.ReadBytes(first, count), right = now.ReadBytes(first, count);
        for (int i = 0; i < count; i++)
        {
            if (left[i] == right[i])
                return null;
        }
        return $"{Convert.ToHexStringLower(left)} -> {Convert.ToHexStringLower(right)}";
    }
}
