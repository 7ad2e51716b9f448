using System.Text.Json.Serialization;

namespace KexecSign.Commands.Sign;

/// <summary>JSON of the results of <c>sign</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SignResult))]
internal sealed partial class SignJson : JsonSerializerContext;
