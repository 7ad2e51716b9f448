using System.Text.Json.Serialization;
using KexecSign.Bpf;
using KexecSign.Building;
using KexecSign.Ima;
using KexecSign.Inspection;
using KexecSign.Modules;
using KexecSign.Provenance;
using KexecSign.Rpm;
using KexecSign.Signing;
using KexecSign.Simulating;
using KexecSign.Uki;
using KexecSign.Verification;
using KexecSign.Zboot;

namespace KexecSign.Reports;

/// <summary>JSON of every result, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PlannedResult))]
[JsonSerializable(typeof(SignResult))]
[JsonSerializable(typeof(BuildOutcome))]
[JsonSerializable(typeof(BuildResult))]
[JsonSerializable(typeof(PlanResult))]
[JsonSerializable(typeof(ProvenanceVerifyResult))]
[JsonSerializable(typeof(VerifyResult))]
[JsonSerializable(typeof(ImaVerifyResult))]
[JsonSerializable(typeof(InspectResult))]
[JsonSerializable(typeof(BpfEmbedResult))]
[JsonSerializable(typeof(BpfExtractResult))]
[JsonSerializable(typeof(BpfCompileResult))]
[JsonSerializable(typeof(BpfInspectResult))]
[JsonSerializable(typeof(BpfContainerResult))]
[JsonSerializable(typeof(BpfEnvelopeResult))]
[JsonSerializable(typeof(SimulateResult))]
[JsonSerializable(typeof(ImaSignResult))]
[JsonSerializable(typeof(ImaApplyResult))]
[JsonSerializable(typeof(ImaShowResult))]
[JsonSerializable(typeof(ModuleSignResult))]
[JsonSerializable(typeof(ModuleVerifyResult))]
[JsonSerializable(typeof(ModuleStripResult))]
[JsonSerializable(typeof(RpmSignResult))]
[JsonSerializable(typeof(RpmVerifyResult))]
[JsonSerializable(typeof(ZbootKitResult))]
[JsonSerializable(typeof(ZbootBuildResult))]
[JsonSerializable(typeof(ZbootExtractResult))]
[JsonSerializable(typeof(ZbootRepackResult))]
[JsonSerializable(typeof(UkiResult))]
[JsonSerializable(typeof(UkiInspectResult))]
[JsonSerializable(typeof(UkiMeasureResult))]
internal sealed partial class ReportJson : JsonSerializerContext;
