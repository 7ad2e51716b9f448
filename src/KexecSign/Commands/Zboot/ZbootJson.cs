using System.Text.Json.Serialization;

namespace KexecSign.Commands.Zboot;

/// <summary>JSON of the results of <c>zboot</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ZbootKitResult))]
[JsonSerializable(typeof(ZbootBuildResult))]
[JsonSerializable(typeof(ZbootExtractResult))]
[JsonSerializable(typeof(ZbootRepackResult))]
internal sealed partial class ZbootJson : JsonSerializerContext;
