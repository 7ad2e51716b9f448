using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace KexecSign.Commands.Offline;

/// <summary>JSON of bundles and of the results of <c>prepare</c> and <c>attach</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(BundleManifest))]
[JsonSerializable(typeof(ImmutableArray<AttachedStage>), TypeInfoPropertyName = "ImmutableArrayAttachedStage")]
[JsonSerializable(typeof(PrepareResult))]
[JsonSerializable(typeof(AttachResult))]
[JsonSerializable(typeof(BundleSignResult))]
internal sealed partial class OfflineJson : JsonSerializerContext;
