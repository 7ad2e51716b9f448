using System.Text;
using KexecSign.Keys.Errors;

namespace KexecSign.Keys.References;

/// <summary>The attribute syntax of RFC 7512 section 2.3. No error shows a value: it may be a PIN.</summary>
internal static class PercentCoding
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Splits <c>name=value</c> pairs and decodes the values.</summary>
    public static IEnumerable<(string Name, byte[] Value, int At)> Attributes(string text, int start, int end, char separator)
    {
        // "pkcs11:" alone and a bare "?" are allowed and restrict nothing.
        if (start == end)
            yield break;
        for (int at = start; at <= end;)
        {
            int stop = text.IndexOf(separator, at, end - at);
            if (stop < 0)
                stop = end;
            int equals = text.IndexOf('=', at, stop - at);
            if (equals < 0)
                throw KeyErrors.UriMalformed.With(at, "an attribute without '='");
            string name = text[at..equals];
            if (name.Length == 0 || !name.All(IsNameCharacter))
                throw KeyErrors.UriMalformed.With(at, "an attribute name that is not made of letters, digits, '-' and '_'");
            yield return (name, Decode(text, equals + 1, stop), at);
            at = stop + 1;
        }
    }

    /// <summary>Decoded bytes as text; they must be UTF-8.</summary>
    public static string Text(byte[] value, int at)
    {
        try
        {
            return Strict.GetString(value);
        }
        catch (DecoderFallbackException)
        {
            throw KeyErrors.UriMalformed.With(at, "a value that is not UTF-8");
        }
    }

    /// <summary>Encodes all but the unreserved characters of RFC 3986.</summary>
    public static string Encode(ReadOnlySpan<byte> value)
    {
        var text = new StringBuilder(value.Length);
        foreach (byte octet in value)
        {
            if (char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~')
                text.Append((char)octet);
            else
                text.Append('%').Append(octet.ToString("X2"));
        }
        return text.ToString();
    }

    /// <summary>
    /// Encodes a path for a query value: as <see cref="Encode"/>, but slashes and colons stay readable (pk11-qchar allows them).
    /// </summary>
    public static string EncodePath(string path) =>
        Encode(Encoding.UTF8.GetBytes(path)).Replace("%2F", "/", StringComparison.Ordinal).Replace("%3A", ":", StringComparison.Ordinal);

    private static byte[] Decode(string text, int start, int end)
    {
        var bytes = new List<byte>(end - start);
        Span<byte> encoded = stackalloc byte[4];
        for (int i = start; i < end;)
        {
            if (text[i] == '%')
            {
                if (i + 2 >= end || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                    throw KeyErrors.UriMalformed.With(i, "'%' without two hexadecimal digits");
                bytes.Add(byte.Parse(text.AsSpan(i + 1, 2), System.Globalization.NumberStyles.HexNumber));
                i += 3;
                continue;
            }
            if (char.IsWhiteSpace(text[i]) || char.IsControl(text[i]))
                throw KeyErrors.UriMalformed.With(i, "a blank or control character");
            if (Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int used) != System.Buffers.OperationStatus.Done)
                throw KeyErrors.UriMalformed.With(i, "a broken character");
            bytes.AddRange(encoded[..rune.EncodeToUtf8(encoded)]);
            i += used;
        }
        return [.. bytes];
    }

    private static bool IsNameCharacter(char character) => char.IsAsciiLetterOrDigit(character) || character is '-' or '_';
}
