using System.Globalization;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Bpf;

/// <summary>
/// A C string literal as bpftool's skeleton generator writes it: octal and hexadecimal escapes, plain characters, and lines
/// continued by a backslash. Anything else that C would allow is refused, because it would mean that someone edited it.
/// </summary>
internal static class CStringLiteral
{
    /// <summary>Reads one literal.</summary>
    /// <param name="text">The skeleton.</param>
    /// <param name="at">Index of the opening quote.</param>
    /// <param name="end">Index behind the closing quote.</param>
    /// <returns>The literal's bytes without the NUL that C adds.</returns>
    /// <exception cref="KexecSignException">KS1321.</exception>
    public static byte[] Read(ReadOnlySpan<char> text, int at, out int end)
    {
        var bytes = new List<byte>();
        int i = at + 1;
        while (i < text.Length && text[i] != '"')
        {
            char c = text[i];
            if (c == '\\')
                i = ReadEscape(text, i, bytes);
            else if (c is >= ' ' and <= '~')
            {
                bytes.Add((byte)c);
                i++;
            }
            else
                throw Wrong(text, i, $"the string literal has the character 0x{(int)c:x} outside an escape");
        }
        if (i >= text.Length)
            throw Wrong(text, at, "the string literal does not end");
        end = i + 1;
        return [.. bytes];
    }

    private static int ReadEscape(ReadOnlySpan<char> text, int at, List<byte> bytes)
    {
        if (at + 1 >= text.Length)
            throw Wrong(text, at, "the string literal does not end");
        char kind = text[at + 1];
        if (kind == '\n')
            return at + 2;
        if (kind == 'x')
            return ReadHex(text, at, bytes);
        if (kind is >= '0' and <= '7')
            return ReadOctal(text, at, bytes);
        if ("\\\"'?abfnrtv".IndexOf(kind, StringComparison.Ordinal) is var index and >= 0)
        {
            bytes.Add((byte)"\\\"'?\a\b\f\n\r\t\v"[index]);
            return at + 2;
        }
        throw Wrong(text, at, $"'\\{kind}' is no escape");
    }

    // C takes as many hexadecimal digits as follow; more than two cannot be a byte.
    private static int ReadHex(ReadOnlySpan<char> text, int at, List<byte> bytes)
    {
        int first = at + 2, i = first;
        while (i < text.Length && char.IsAsciiHexDigit(text[i]))
            i++;
        if (i - first is not (1 or 2))
            throw Wrong(text, at, $"'\\x' is followed by {i - first} hexadecimal digits, not by 1 or 2");
        bytes.Add(byte.Parse(text[first..i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        return i;
    }

    private static int ReadOctal(ReadOnlySpan<char> text, int at, List<byte> bytes)
    {
        int value = 0, i = at + 1;
        for (int digits = 0; digits < 3 && i < text.Length && text[i] is >= '0' and <= '7'; digits++, i++)
            value = value * 8 + (text[i] - '0');
        if (value > 255)
            throw Wrong(text, at, $"the octal escape is {value}, more than a byte");
        bytes.Add((byte)value);
        return i;
    }

    private static KexecSignException Wrong(ReadOnlySpan<char> text, int at, string what) =>
        FormatErrors.SkeletonLiteral.With(text[..at].Count('\n') + 1, what);
}
