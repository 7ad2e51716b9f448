using System.Globalization;
using KexecSign.Core;

namespace KexecSign.Files;

/// <summary>
/// The time that goes into archives: SOURCE_DATE_EPOCH, or 1970 when it is not set, so that equal inputs give equal bytes.
/// </summary>
internal static class SourceDate
{
    public static DateTimeOffset Get(RunContext context) =>
        long.TryParse(context.Environment("SOURCE_DATE_EPOCH"), NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(Math.Min(seconds, DateTimeOffset.MaxValue.ToUnixTimeSeconds()))
            : DateTimeOffset.UnixEpoch;
}
