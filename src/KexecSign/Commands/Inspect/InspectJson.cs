using System.Text.Json.Serialization;
using KexecSign.Inspection;

namespace KexecSign.Commands.Inspect;

/// <summary>JSON of the results of <c>inspect</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(InspectResult))]
internal sealed partial class InspectJson : JsonSerializerContext;
