using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace KexecSign.Core.Reports;

/// <summary>
/// A value as the JSON document that people and programs get: indented, ended by a newline, and with only those characters
/// escaped that JSON itself wants escaped or that no person sees, so that a URI or a kernel's version can be read and searched for.
/// </summary>
public static class ReportDocument
{
    /// <summary>How every document is written.</summary>
    public static JsonWriterOptions Writing { get; } = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The document's bytes, UTF-8.</summary>
    public static byte[] Of(object value, JsonTypeInfo type)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, Writing))
            JsonSerializer.Serialize(writer, value, type);
        bytes.WriteByte((byte)'\n');
        return Ascii.IsValid(bytes.GetBuffer().AsSpan(0, (int)bytes.Length))
            ? bytes.ToArray()
            : Encoding.UTF8.GetBytes(Printable.Json(Encoding.UTF8.GetString(bytes.ToArray())));
    }
}
