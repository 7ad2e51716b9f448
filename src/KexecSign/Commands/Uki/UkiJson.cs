using System.Text.Json.Serialization;

namespace KexecSign.Commands.Uki;

/// <summary>JSON of the results of <c>uki</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(UkiResult))]
[JsonSerializable(typeof(UkiInspectResult))]
[JsonSerializable(typeof(UkiMeasureResult))]
internal sealed partial class UkiJson : JsonSerializerContext;
