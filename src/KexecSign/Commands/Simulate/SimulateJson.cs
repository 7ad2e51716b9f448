using System.Text.Json.Serialization;

namespace KexecSign.Commands.Simulate;

/// <summary>JSON of the results of <c>simulate</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SimulateResult))]
internal sealed partial class SimulateJson : JsonSerializerContext;
