using System.Text.Json.Serialization;

namespace KexecSign.Commands.Build;

/// <summary>JSON of the results of <c>build</c> and <c>plan</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BuildOutcome))]
[JsonSerializable(typeof(BuildResult))]
[JsonSerializable(typeof(PlanResult))]
[JsonSerializable(typeof(PlanInitResult))]
internal sealed partial class BuildJson : JsonSerializerContext;
