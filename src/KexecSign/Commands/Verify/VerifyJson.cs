using System.Text.Json.Serialization;

namespace KexecSign.Commands.Verify;

/// <summary>JSON of the results of <c>verify</c> and <c>gate</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VerifyResult))]
[JsonSerializable(typeof(GateResult))]
internal sealed partial class VerifyJson : JsonSerializerContext;
