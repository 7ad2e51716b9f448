using System.Text.Json.Serialization;

namespace KexecSign.Commands.Agent;

/// <summary>JSON of the results of <c>agent</c> and <c>audit</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AgentResult))]
[JsonSerializable(typeof(AuditVerifyResult))]
internal sealed partial class AgentJson : JsonSerializerContext;
