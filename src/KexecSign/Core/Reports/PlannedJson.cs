using System.Text.Json.Serialization;

namespace KexecSign.Core.Reports;

/// <summary>JSON of the results that take the place of an operation's own, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PlannedResult))]
[JsonSerializable(typeof(BundledResult))]
internal sealed partial class PlannedJson : JsonSerializerContext;
