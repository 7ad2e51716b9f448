using System.Text.Json.Serialization;

namespace KexecSign.Commands.Template;

/// <summary>JSON of the result of <c>template sign</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TemplateSignResult))]
internal sealed partial class TemplateJson : JsonSerializerContext;
