using System.Text.Json.Serialization;

namespace KexecSign.Commands.Bpf;

/// <summary>JSON of the results of <c>bpf</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BpfEmbedResult))]
[JsonSerializable(typeof(BpfExtractResult))]
[JsonSerializable(typeof(BpfCompileResult))]
[JsonSerializable(typeof(BpfInspectResult))]
[JsonSerializable(typeof(BpfContainerResult))]
[JsonSerializable(typeof(BpfEnvelopeResult))]
internal sealed partial class BpfJson : JsonSerializerContext;
