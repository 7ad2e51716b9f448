using System.Text.Json.Serialization;

namespace KexecSign.Commands.Modules;

/// <summary>JSON of the results of <c>module</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ModuleSignResult))]
[JsonSerializable(typeof(ModuleVerifyResult))]
[JsonSerializable(typeof(ModuleStripResult))]
internal sealed partial class ModuleJson : JsonSerializerContext;
