using System.Text.Json.Serialization;

namespace KexecSign.Commands.Rpm;

/// <summary>JSON of the results of <c>rpm</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RpmSignResult))]
[JsonSerializable(typeof(RpmVerifyResult))]
internal sealed partial class RpmJson : JsonSerializerContext;
