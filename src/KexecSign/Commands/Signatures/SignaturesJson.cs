using System.Text.Json.Serialization;

namespace KexecSign.Commands.Signatures;

/// <summary>JSON of the results of <c>signatures</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SignaturesAddResult))]
[JsonSerializable(typeof(SignaturesCopyResult))]
[JsonSerializable(typeof(SignaturesExtractResult))]
[JsonSerializable(typeof(SignaturesListResult))]
[JsonSerializable(typeof(SignaturesRemoveResult))]
internal sealed partial class SignaturesJson : JsonSerializerContext;
