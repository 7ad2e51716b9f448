using System.Collections.Immutable;
using KexecSign.Commands.Agent;
using KexecSign.Commands.Boot;
using KexecSign.Commands.Bpf;
using KexecSign.Commands.Build;
using KexecSign.Commands.Demo;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Inspect;
using KexecSign.Commands.Keys;
using KexecSign.Commands.Modules;
using KexecSign.Commands.Offline;
using KexecSign.Commands.Pe;
using KexecSign.Commands.Provenance;
using KexecSign.Commands.Rpm;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Signatures;
using KexecSign.Commands.Simulate;
using KexecSign.Commands.Template;
using KexecSign.Commands.Testset;
using KexecSign.Commands.Uki;
using KexecSign.Commands.Verify;
using KexecSign.Commands.Zboot;
using KexecSign.Core.Operations;
using KexecSign.Inspection;
using KexecSign.Judging;
using KexecSign.Zboot;

namespace KexecSign.Catalog;

/// <summary>Every operation there is: by name for the command line, by type for programs.</summary>
public static class OperationCatalog
{
    /// <summary>What a file is.</summary>
    public static Operation<InspectOptions, InspectResult> Inspect => InspectOperation.Definition;

    /// <summary>Whether its consumers would take a file.</summary>
    public static Operation<VerifyOptions, VerifyResult> Verify => VerifyOperation.Definition;

    /// <summary>A tree held against a policy.</summary>
    public static Operation<GateOptions, GateResult> Gate => GateOperation.Definition;

    /// <summary>Images started in a virtual machine.</summary>
    public static Operation<BootOptions, BootResult> Boot => BootOperation.Definition;

    /// <summary>Authenticode signatures.</summary>
    public static Operation<SignOptions, SignResult> Sign => SignOperation.Definition;

    /// <summary>The signatures of an image.</summary>
    public static Operation<SignaturesListOptions, SignaturesListResult> SignaturesList => SignaturesListOperation.Definition;

    /// <summary>Images without some of their signatures.</summary>
    public static Operation<SignaturesRemoveOptions, SignaturesRemoveResult> SignaturesRemove => SignaturesRemoveOperation.Definition;

    /// <summary>Signatures of images, in files of their own.</summary>
    public static Operation<SignaturesExtractOptions, SignaturesExtractResult> SignaturesExtract => SignaturesExtractOperation.Definition;

    /// <summary>Detached signatures put into images.</summary>
    public static Operation<SignaturesAddOptions, SignaturesAddResult> SignaturesAdd => SignaturesAddOperation.Definition;

    /// <summary>Signatures of one image put into another.</summary>
    public static Operation<SignaturesCopyOptions, SignaturesCopyResult> SignaturesCopy => SignaturesCopyOperation.Definition;

    /// <summary>What must be signed elsewhere.</summary>
    public static Operation<PrepareOptions, PrepareResult> Prepare => PrepareOperation.Definition;

    /// <summary>Signatures that were made elsewhere, put into their files.</summary>
    public static Operation<AttachOptions, AttachResult> Attach => AttachOperation.Definition;

    /// <summary>The signer's side of bundles.</summary>
    public static Operation<BundleSignOptions, BundleSignResult> BundleSign => BundleSignOperation.Definition;

    /// <summary>Images made canonical.</summary>
    public static Operation<PeNormalizeOptions, PeNormalizeResult> PeNormalize => PeNormalizeOperation.Definition;

    /// <summary>The whole line in one go.</summary>
    public static Operation<BuildOptions, BuildOutcome> Build => BuildOperation.Definition;

    /// <summary>A plan to begin with.</summary>
    public static Operation<PlanInitOptions, PlanInitResult> PlanInit { get; } = PlanInitOperation.Of(() => PublishedSchemas.All);

    /// <summary>A first success.</summary>
    public static Operation<DemoOptions, DemoResult> Demo { get; } = DemoOperation.Of(() => All);

    /// <summary>Reports of a plan's shards, joined.</summary>
    public static Operation<PlanMergeOptions, PlanResult> PlanMerge => PlanMergeOperation.Definition;

    /// <summary>Provenance for any files.</summary>
    public static Operation<ProvenanceSignOptions, ProvenanceSignResult> ProvenanceSign => ProvenanceSignOperation.Definition;

    /// <summary>Whether provenance speaks of the files at hand.</summary>
    public static Operation<ProvenanceVerifyOptions, ProvenanceVerifyResult> ProvenanceVerify => ProvenanceVerifyOperation.Definition;

    /// <summary>Zboot kits from kernel sources.</summary>
    public static Operation<ZbootKitOptions, ZbootKitResult> ZbootKit => ZbootKitOperation.Definition;

    /// <summary>Zboot images from kits.</summary>
    public static Operation<ZbootBuildOptions, ZbootBuildResult> ZbootBuild => ZbootBuildOperation.Definition;

    /// <summary>The Image inside a zboot image.</summary>
    public static Operation<ZbootExtractOptions, ZbootExtractResult> ZbootExtract => ZbootExtractOperation.Definition;

    /// <summary>Inner signatures for finished zboot images.</summary>
    public static Operation<ZbootRepackOptions, ZbootRepackResult> ZbootRepack => ZbootRepackOperation.Definition;

    /// <summary>Parsers from their sources.</summary>
    public static Operation<BpfCompileOptions, BpfCompileResult> BpfCompile => BpfCompileOperation.Definition;

    /// <summary>What parsers hold.</summary>
    public static Operation<BpfInspectOptions, BpfInspectResult> BpfInspect => BpfInspectOperation.Definition;

    /// <summary>Parsers into images.</summary>
    public static Operation<BpfEmbedOptions, BpfEmbedResult> BpfEmbed => BpfEmbedOperation.Definition;

    /// <summary>Parsers into parser ELFs.</summary>
    public static Operation<BpfContainerOptions, BpfContainerResult> BpfContainer => BpfContainerOperation.Definition;

    /// <summary>Kernel, initrd and command line in one file.</summary>
    public static Operation<BpfEnvelopeOptions, BpfEnvelopeResult> BpfEnvelope => BpfEnvelopeOperation.Definition;

    /// <summary>Parsers out of images and containers.</summary>
    public static Operation<BpfExtractOptions, BpfExtractResult> BpfExtract => BpfExtractOperation.Definition;

    /// <summary>Parsers run as a kernel would.</summary>
    public static Operation<SimulateOptions, SimulateResult> Simulate => SimulateOperation.Definition;

    /// <summary>Unified kernel images.</summary>
    public static Operation<UkiBuildOptions, UkiResult> UkiBuild => UkiBuildOperation.Definition;

    /// <summary>Unified kernel images with other contents.</summary>
    public static Operation<UkiUpdateOptions, UkiResult> UkiUpdate => UkiUpdateOperation.Definition;

    /// <summary>What is in a unified kernel image.</summary>
    public static Operation<UkiInspectOptions, UkiInspectResult> UkiInspect => UkiInspectOperation.Definition;

    /// <summary>What PCR 11 will be.</summary>
    public static Operation<UkiMeasureOptions, UkiMeasureResult> UkiMeasure => UkiMeasureOperation.Definition;

    /// <summary>Addons for unified kernel images.</summary>
    public static Operation<AddonBuildOptions, UkiResult> AddonBuild => AddonBuildOperation.Definition;

    /// <summary>IMA signatures.</summary>
    public static Operation<ImaSignOptions, ImaSignResult> ImaSign => ImaSignOperation.Definition;

    /// <summary>IMA hashes, which no key signs.</summary>
    public static Operation<ImaHashOptions, ImaHashResult> ImaHash => ImaHashOperation.Definition;

    /// <summary>Portable EVM signatures of installed files.</summary>
    public static Operation<EvmSignOptions, EvmSignResult> EvmSign => EvmSignOperation.Definition;

    /// <summary>Whether portable EVM signatures hold.</summary>
    public static Operation<EvmVerifyOptions, EvmVerifyResult> EvmVerify => EvmVerifyOperation.Definition;

    /// <summary>Whether IMA signatures hold.</summary>
    public static Operation<ImaVerifyOptions, ImaVerifyResult> ImaVerify => ImaVerifyOperation.Definition;

    /// <summary>IMA signatures put onto installed files.</summary>
    public static Operation<ImaApplyOptions, ImaApplyResult> ImaApply => ImaApplyOperation.Definition;

    /// <summary>What an IMA value says.</summary>
    public static Operation<ImaShowOptions, ImaShowResult> ImaShow => ImaShowOperation.Definition;

    /// <summary>Signatures appended to modules and kernels.</summary>
    public static Operation<ModuleSignOptions, ModuleSignResult> ModuleSign => ModuleSignOperation.Definition;

    /// <summary>Whether appended signatures hold.</summary>
    public static Operation<ModuleVerifyOptions, ModuleVerifyResult> ModuleVerify => ModuleVerifyOperation.Definition;

    /// <summary>Appended signatures taken away.</summary>
    public static Operation<ModuleStripOptions, ModuleStripResult> ModuleStrip => ModuleStripOperation.Definition;

    /// <summary><c>rpm sign</c>.</summary>
    public static Operation<RpmSignOptions, RpmSignResult> RpmSign => RpmSignOperation.Definition;

    /// <summary><c>rpm verify</c>.</summary>
    public static Operation<RpmVerifyOptions, RpmVerifyResult> RpmVerify => RpmVerifyOperation.Definition;

    /// <summary>What Debian's templates list, signed.</summary>
    public static Operation<TemplateSignOptions, TemplateSignResult> TemplateSign => TemplateSignOperation.Definition;

    /// <summary>Keys and certificates made from a profile.</summary>
    public static Operation<KeysInitOptions, KeysInitResult> KeysInit => KeysInitOperation.Definition;

    /// <summary>What tokens hold.</summary>
    public static Operation<KeysListOptions, KeysListResult> KeysList => KeysListOperation.Definition;

    /// <summary>Certificates out of tokens and files, in the forms that their readers want.</summary>
    public static Operation<KeysExportOptions, KeysExportResult> KeysExport => KeysExportOperation.Definition;

    /// <summary>Signed updates of PK, KEK, db and dbx.</summary>
    public static Operation<KeysEnrollOptions, KeysEnrollResult> KeysEnroll => KeysEnrollOperation.Definition;

    /// <summary>Keys held for everything that a command starts.</summary>
    public static Operation<AgentOptions, AgentResult> Agent => AgentOperation.Definition;

    /// <summary>Whether an agent's log is as it was written.</summary>
    public static Operation<AuditVerifyOptions, AuditVerifyResult> AuditVerify => AuditVerifyOperation.Definition;

    /// <summary>Right and wrong images for tests.</summary>
    public static Operation<TestsetOptions, TestsetResult> Testset => TestsetOperation.Definition;

    /// <summary>All operations, in the order in which help lists them. What stands here is what the faces offer.</summary>
    public static ImmutableArray<Operation> All { get; } =
    [
        Inspect,
        Verify,
        Gate,
        Sign,
        SignaturesList,
        SignaturesRemove,
        SignaturesExtract,
        SignaturesAdd,
        SignaturesCopy,
        Prepare,
        Attach,
        BundleSign,
        PeNormalize,
        Build,
        PlanInit,
        PlanMerge,
        ProvenanceSign,
        ProvenanceVerify,
        ZbootKit,
        ZbootBuild,
        ZbootExtract,
        ZbootRepack,
        BpfCompile,
        BpfInspect,
        BpfEmbed,
        BpfContainer,
        BpfEnvelope,
        BpfExtract,
        Simulate,
        UkiBuild,
        UkiUpdate,
        UkiInspect,
        UkiMeasure,
        AddonBuild,
        ImaSign,
        ImaHash,
        EvmSign,
        EvmVerify,
        ImaVerify,
        ImaApply,
        ImaShow,
        ModuleSign,
        ModuleVerify,
        ModuleStrip,
        RpmSign,
        RpmVerify,
        TemplateSign,
        KeysInit,
        KeysList,
        KeysExport,
        KeysEnroll,
        Agent,
        AuditVerify,
        Testset,
        Demo, Boot,
    ];
}
