using System.Globalization;
using KexecSign.Core.Errors;

namespace KexecSign.Commands.Bpf;

/// <summary>Numbers of bytes as people write them.</summary>
internal static class ByteCounts
{
    private const string Units = "KMG";

    /// <summary>A number from 1 on, with K, M or G behind it for KiB, MiB or GiB.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3603.</exception>
    public static long Parse(string option, string value)
    {
        int unit = value.Length > 1 ? Units.IndexOf(value[^1], StringComparison.Ordinal) : -1;
        ReadOnlySpan<char> digits = unit < 0 ? value : value.AsSpan(0, value.Length - 1);
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number is > 0 and <= 1L << 30
            ? number << (10 * (unit + 1))
            : throw OperationErrors.ByteCount.With(option, value);
    }
}
