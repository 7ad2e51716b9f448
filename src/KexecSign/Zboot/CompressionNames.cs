using System.Text.Json;
using System.Text.Json.Serialization;
using KexecSign.Formats.Zboot;

namespace KexecSign.Zboot;

/// <summary>Compressions in JSON by the names that zboot headers and kernel configurations give them.</summary>
internal sealed class CompressionNames() : JsonStringEnumConverter<ZbootCompression>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
