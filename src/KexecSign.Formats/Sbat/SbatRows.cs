using System.Text;

namespace KexecSign.Formats.Sbat;

/// <summary>The rows and fields of a SBAT table as shim takes them apart (csv.c; strntoken() of include/str.h).</summary>
internal static class SbatRows
{
    private static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>
    /// The fields of each row, as many as are asked for; none in a row without a comma. Bytes are characters, since shim compares bytes.
    /// </summary>
    public static List<string[]> Of(ReadOnlySpan<byte> text, int fields)
    {
        var rows = new List<string[]>();
        // shim puts a zero behind what it reads.
        byte[] bytes = [.. text, 0];
        int last = bytes.Length - 1;
        int at = text.StartsWith(Mark) ? Mark.Length : 0;
        while (at <= last && bytes[at] != 0)
        {
            while (bytes[at] is (byte)'\r' or (byte)'\n')
                at++;
            int end = at;
            while (bytes[end] is not (0 or (byte)'\r' or (byte)'\n'))
                end++;
            // Behind empty rows a zero ends nothing: the next byte begins a row.
            if (at != last && end != at)
            {
                string line = Encoding.Latin1.GetString(bytes, at, end - at);
                rows.Add(line.Contains(',', StringComparison.Ordinal) ? [.. line.Split(',').Take(fields)] : []);
                if (bytes[end] == 0)
                    break;
            }
            at = end + 1;
        }
        return rows;
    }

    /// <summary>A number as shim's atoi() reads it: digits behind spaces, and no more of them than 64 bits hold.</summary>
    public static ulong Number(string text)
    {
        ulong number = 0;
        foreach (char c in text.TrimStart(' ', '\t'))
        {
            if (c is < '0' or > '9')
                break;
            number = unchecked(number * 10 + (ulong)(c - '0'));
        }
        return number;
    }
}
