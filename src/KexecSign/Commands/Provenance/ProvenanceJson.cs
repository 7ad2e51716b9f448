using System.Text.Json.Serialization;

namespace KexecSign.Commands.Provenance;

/// <summary>JSON of the results of <c>provenance</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProvenanceSignResult))]
[JsonSerializable(typeof(ProvenanceVerifyResult))]
internal sealed partial class ProvenanceJson : JsonSerializerContext;
