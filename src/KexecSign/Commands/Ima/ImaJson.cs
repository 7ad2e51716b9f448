using System.Text.Json.Serialization;

namespace KexecSign.Commands.Ima;

/// <summary>JSON of the results of <c>ima</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EvmSignResult))]
[JsonSerializable(typeof(EvmVerifyResult))]
[JsonSerializable(typeof(ImaHashResult))]
[JsonSerializable(typeof(ImaSignResult))]
[JsonSerializable(typeof(ImaVerifyResult))]
[JsonSerializable(typeof(ImaApplyResult))]
[JsonSerializable(typeof(ImaShowResult))]
internal sealed partial class ImaJson : JsonSerializerContext;
