using System.Text.Json.Serialization;

namespace KexecSign.Core.Reports;

/// <summary>JSON of the results of <c>--dry-run</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PlannedResult))]
internal sealed partial class PlannedJson : JsonSerializerContext;
