using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;

namespace KexecSign.Documents;

/// <summary>
/// A JSON file that people write: plans, policies, keys. Comments and trailing commas are allowed; a name given twice is not.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Sha256">Its SHA-256, lower-case hex.</param>
/// <param name="Root">The value.</param>
internal sealed record PlacedDocument(string Path, long Size, string Sha256, PlacedValue Root)
{
    private const long MaxLength = 1 << 20;
    private const int MaxDepth = 16;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">What it should be, for messages.</param>
    /// <param name="limit">Most bytes that such a document has.</param>
    /// <exception cref="KexecSignException">KS3301 with line and column.</exception>
    public static PlacedDocument Read(string path, string kind, long limit = MaxLength)
    {
        byte[] bytes = WholeFile.Read(path, limit, kind);
        try
        {
            return new(path, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)), Parse(bytes));
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    /// <summary>Reads the one value that a text holds.</summary>
    /// <exception cref="KexecSignException">KS3301 with line and column.</exception>
    public static PlacedValue Parse(ReadOnlySpan<byte> json)
    {
        if (json.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]))
            json = json[3..];
        var reader = new Utf8JsonReader(json, new JsonReaderOptions
        {
            CommentHandling = JsonCommentHandling.Skip,
            AllowTrailingCommas = true,
            MaxDepth = MaxDepth,
        });
        var places = new TextPlaces();
        try
        {
            reader.Read();
            PlacedValue root = Value(ref reader, json, ref places);
            reader.Read();
            return root;
        }
        catch (JsonException malformed)
        {
            // Its numbers count from 0, and the column in bytes.
            throw OperationErrors.DocumentSyntax.Because(malformed, Reason(malformed))
                .At((int)(malformed.LineNumber ?? 0) + 1, (int)(malformed.BytePositionInLine ?? 0) + 1);
        }
    }

    private static PlacedValue Value(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref TextPlaces places)
    {
        (int line, int column) = places.Of(json, reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return new(JsonValueKind.Object, "", line, column) { Properties = Properties(ref reader, json, ref places) };
            case JsonTokenType.StartArray:
                var items = ImmutableArray.CreateBuilder<PlacedValue>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    items.Add(Value(ref reader, json, ref places));
                return new(JsonValueKind.Array, "", line, column) { Items = items.ToImmutable() };
            case JsonTokenType.String:
                return new(JsonValueKind.String, Text(ref reader, line, column), line, column);
            case JsonTokenType.Number:
                return new(JsonValueKind.Number, System.Text.Encoding.ASCII.GetString(reader.ValueSpan), line, column);
            case JsonTokenType.True:
                return new(JsonValueKind.True, "true", line, column);
            case JsonTokenType.False:
                return new(JsonValueKind.False, "false", line, column);
            default:
                return new(JsonValueKind.Null, "", line, column);
        }
    }

    private static ImmutableArray<PlacedProperty> Properties(ref Utf8JsonReader reader, ReadOnlySpan<byte> json, ref TextPlaces places)
    {
        var properties = ImmutableArray.CreateBuilder<PlacedProperty>();
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            (int line, int column) = places.Of(json, reader.TokenStartIndex);
            string name = Text(ref reader, line, column);
            if (!names.TryAdd(name, line))
                throw OperationErrors.DocumentSyntax.With($"'{name}' stands in line {names[name]} already").At(line, column);
            reader.Read();
            properties.Add(new(name, line, column, Value(ref reader, json, ref places)));
        }
        return properties.ToImmutable();
    }

    private static string Text(ref Utf8JsonReader reader, int line, int column)
    {
        string text;
        try
        {
            text = reader.GetString()!;
        }
        catch (InvalidOperationException broken)
        {
            throw OperationErrors.DocumentSyntax.Because(broken, "the text is not UTF-8").At(line, column);
        }
        // No path, name or URI has one, and what calls the system would end there.
        return text.Contains('\0', StringComparison.Ordinal)
            ? throw OperationErrors.DocumentSyntax.With("the text has a NUL in it").At(line, column)
            : text;
    }

    // "'x' is invalid after a value. Expected either ',', '}', or ']'. LineNumber: 2 | BytePositionInLine: 4."
    private static string Reason(JsonException malformed)
    {
        int end = malformed.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return (end < 0 ? malformed.Message : malformed.Message[..end]).TrimEnd('.', ' ');
    }

    /// <summary>Line and column of offsets that only grow, in one pass over the text.</summary>
    private struct TextPlaces
    {
        private int _at, _line, _column;

        public (int Line, int Column) Of(ReadOnlySpan<byte> text, long offset)
        {
            for (; _at < offset; _at++)
            {
                if (text[_at] == (byte)'\n')
                {
                    _line++;
                    _column = 0;
                }
                else if ((text[_at] & 0xc0) != 0x80)
                {
                    _column++;
                }
            }
            return (_line + 1, _column + 1);
        }
    }
}
