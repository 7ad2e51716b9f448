using System.Text.Json.Serialization;

namespace KexecSign.Commands.Keys;

/// <summary>JSON of the results of <c>keys</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(KeyRoleConverter), typeof(KeyKindConverter)])]
[JsonSerializable(typeof(KeysInitResult))]
[JsonSerializable(typeof(KeysListResult))]
[JsonSerializable(typeof(KeysExportResult))]
[JsonSerializable(typeof(KeysEnrollResult))]
internal sealed partial class KeysJson : JsonSerializerContext;
