using Cake.Core.Annotations;
using Cake.Core;
using KexecSign.Bpf;
using KexecSign.Building;
using KexecSign.Ima;
using KexecSign.Inspection;
using KexecSign.KeyOperations;
using KexecSign.Modules;
using KexecSign.Offline;
using KexecSign.Operations;
using KexecSign.Pe;
using KexecSign.Provenance;
using KexecSign.Rpm;
using KexecSign.Signatures;
using KexecSign.Signing;
using KexecSign.Simulating;
using KexecSign.Testsets;
using KexecSign.Uki;
using KexecSign.Verification;
using KexecSign.Zboot;

namespace Cake.KexecSign;

public static partial class KexecSignAliases
{
    /// <summary>Tells what a file is: <c>kexecsign inspect</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Inspection")]
    public static InspectResult KexecSignInspect(this ICakeContext context, InspectOptions options) =>
        context.KexecSign(OperationCatalog.Inspect, options);

    /// <summary>Judges a file as its consumers would: <c>kexecsign verify</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Verification")]
    public static VerifyResult KexecSignVerify(this ICakeContext context, VerifyOptions options) =>
        context.KexecSign(OperationCatalog.Verify, options);

    /// <summary>Signs EFI images: <c>kexecsign sign</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignSign(new SignOptions
    /// {
    ///     Files = ["vmlinuz.efi"],
    ///     Output = "vmlinuz.signed.efi",
    ///     Signing = new SigningOptions
    ///     {
    ///         Key = "pkcs11:token=release;object=db",
    ///         Certificate = "db.pem",
    ///         Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" },
    ///     },
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Signing")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    public static SignResult KexecSignSign(this ICakeContext context, SignOptions options) =>
        context.KexecSign(OperationCatalog.Sign, options);

    /// <summary>Lists an image's signatures: <c>kexecsign signatures list</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Signatures")]
    public static SignaturesListResult KexecSignSignaturesList(this ICakeContext context, SignaturesListOptions options) =>
        context.KexecSign(OperationCatalog.SignaturesList, options);

    /// <summary>Removes signatures from an image: <c>kexecsign signatures remove</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Signatures")]
    public static SignaturesRemoveResult KexecSignSignaturesRemove(this ICakeContext context, SignaturesRemoveOptions options) =>
        context.KexecSign(OperationCatalog.SignaturesRemove, options);

    /// <summary>Writes out what must be signed elsewhere: <c>kexecsign prepare</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Offline")]
    public static PrepareResult KexecSignPrepare(this ICakeContext context, PrepareOptions options) =>
        context.KexecSign(OperationCatalog.Prepare, options);

    /// <summary>Puts signatures that were made elsewhere into their files: <c>kexecsign attach</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Offline")]
    public static AttachResult KexecSignAttach(this ICakeContext context, AttachOptions options) =>
        context.KexecSign(OperationCatalog.Attach, options);

    /// <summary>Makes an image canonical: <c>kexecsign pe normalize</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Pe")]
    public static PeNormalizeResult KexecSignPeNormalize(this ICakeContext context, PeNormalizeOptions options) =>
        context.KexecSign(OperationCatalog.PeNormalize, options);

    /// <summary>Signs, compresses, links, signs again and verifies in one go, one image or a plan of many: <c>kexecsign build</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignBuild(new BuildOptions { Plan = "plan.json", Report = "report.json", Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" } });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Building")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static BuildOutcome KexecSignBuild(this ICakeContext context, BuildOptions options) =>
        context.KexecSign(OperationCatalog.Build, options);

    /// <summary>Joins the reports of a plan's shards: <c>kexecsign plan merge</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignPlanMerge(new PlanMergeOptions { Reports = ["shard-1.json", "shard-2.json"], Output = "report.json" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Building")]
    public static PlanResult KexecSignPlanMerge(this ICakeContext context, PlanMergeOptions options) =>
        context.KexecSign(OperationCatalog.PlanMerge, options);

    /// <summary>Verifies provenance, and that it is of the files given: <c>kexecsign provenance verify</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignProvenanceVerify(new ProvenanceVerifyOptions { Envelope = "vmlinuz.efi.intoto.json", Certificates = ["db.pem"], Files = ["vmlinuz.efi"] });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Provenance")]
    public static ProvenanceVerifyResult KexecSignProvenanceVerify(this ICakeContext context, ProvenanceVerifyOptions options) =>
        context.KexecSign(OperationCatalog.ProvenanceVerify, options);

    /// <summary>Captures a zboot kit from a kernel's source or build: <c>kexecsign zboot kit</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Zboot")]
    public static ZbootKitResult KexecSignZbootKit(this ICakeContext context, ZbootKitOptions options) =>
        context.KexecSign(OperationCatalog.ZbootKit, options);

    /// <summary>Links a zboot image: <c>kexecsign zboot build</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Zboot")]
    public static ZbootBuildResult KexecSignZbootBuild(this ICakeContext context, ZbootBuildOptions options) =>
        context.KexecSign(OperationCatalog.ZbootBuild, options);

    /// <summary>Takes the Image out of a zboot image: <c>kexecsign zboot extract</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Zboot")]
    public static ZbootExtractResult KexecSignZbootExtract(this ICakeContext context, ZbootExtractOptions options) =>
        context.KexecSign(OperationCatalog.ZbootExtract, options);

    /// <summary>Signs the Image inside a finished zboot image: <c>kexecsign zboot repack</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Zboot")]
    public static ZbootRepackResult KexecSignZbootRepack(this ICakeContext context, ZbootRepackOptions options) =>
        context.KexecSign(OperationCatalog.ZbootRepack, options);

    /// <summary>Compiles a parser: <c>kexecsign bpf compile</c>.</summary>
    /// <example>
    /// <code>KexecSignBpfCompile(new BpfCompileOptions { Parser = "zboot", Abi = "v6", Output = "zboot.o" });</code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Bpf")]
    public static BpfCompileResult KexecSignBpfCompile(this ICakeContext context, BpfCompileOptions options) =>
        context.KexecSign(OperationCatalog.BpfCompile, options);

    /// <summary>Tells what a parser holds: <c>kexecsign bpf inspect</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Bpf")]
    public static BpfInspectResult KexecSignBpfInspect(this ICakeContext context, BpfInspectOptions options) =>
        context.KexecSign(OperationCatalog.BpfInspect, options);

    /// <summary>Packs parsers into a parser ELF: <c>kexecsign bpf container</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Bpf")]
    public static BpfContainerResult KexecSignBpfContainer(this ICakeContext context, BpfContainerOptions options) =>
        context.KexecSign(OperationCatalog.BpfContainer, options);

    /// <summary>Packs kernel, initrd and command line: <c>kexecsign bpf envelope</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Bpf")]
    public static BpfEnvelopeResult KexecSignBpfEnvelope(this ICakeContext context, BpfEnvelopeOptions options) =>
        context.KexecSign(OperationCatalog.BpfEnvelope, options);

    /// <summary>Puts a parser into an image: <c>kexecsign bpf embed</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Bpf")]
    public static BpfEmbedResult KexecSignBpfEmbed(this ICakeContext context, BpfEmbedOptions options) =>
        context.KexecSign(OperationCatalog.BpfEmbed, options);

    /// <summary>Takes a parser out of an image: <c>kexecsign bpf extract</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Bpf")]
    public static BpfExtractResult KexecSignBpfExtract(this ICakeContext context, BpfExtractOptions options) =>
        context.KexecSign(OperationCatalog.BpfExtract, options);

    /// <summary>Runs an image's parser as a kernel would: <c>kexecsign simulate</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Simulating")]
    public static SimulateResult KexecSignSimulate(this ICakeContext context, SimulateOptions options) =>
        context.KexecSign(OperationCatalog.Simulate, options);

    /// <summary>Builds a unified kernel image: <c>kexecsign uki build</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Uki")]
    public static UkiResult KexecSignUkiBuild(this ICakeContext context, UkiBuildOptions options) =>
        context.KexecSign(OperationCatalog.UkiBuild, options);

    /// <summary>Replaces sections of a unified kernel image: <c>kexecsign uki update</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Uki")]
    public static UkiResult KexecSignUkiUpdate(this ICakeContext context, UkiUpdateOptions options) =>
        context.KexecSign(OperationCatalog.UkiUpdate, options);

    /// <summary>Explains a unified kernel image: <c>kexecsign uki inspect</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Uki")]
    public static UkiInspectResult KexecSignUkiInspect(this ICakeContext context, UkiInspectOptions options) =>
        context.KexecSign(OperationCatalog.UkiInspect, options);

    /// <summary>Predicts PCR 11 for a unified kernel image: <c>kexecsign uki measure</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Uki")]
    public static UkiMeasureResult KexecSignUkiMeasure(this ICakeContext context, UkiMeasureOptions options) =>
        context.KexecSign(OperationCatalog.UkiMeasure, options);

    /// <summary>Builds an addon for unified kernel images: <c>kexecsign addon build</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Uki")]
    public static UkiResult KexecSignAddonBuild(this ICakeContext context, AddonBuildOptions options) =>
        context.KexecSign(OperationCatalog.AddonBuild, options);

    /// <summary>Writes IMA signatures: <c>kexecsign ima sign</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Ima")]
    public static ImaSignResult KexecSignImaSign(this ICakeContext context, ImaSignOptions options) =>
        context.KexecSign(OperationCatalog.ImaSign, options);

    /// <summary>Checks IMA signatures: <c>kexecsign ima verify</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Ima")]
    public static ImaVerifyResult KexecSignImaVerify(this ICakeContext context, ImaVerifyOptions options) =>
        context.KexecSign(OperationCatalog.ImaVerify, options);

    /// <summary>Puts IMA signatures onto installed files: <c>kexecsign ima apply</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Ima")]
    public static ImaApplyResult KexecSignImaApply(this ICakeContext context, ImaApplyOptions options) =>
        context.KexecSign(OperationCatalog.ImaApply, options);

    /// <summary>Explains an IMA value: <c>kexecsign ima show</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Ima")]
    public static ImaShowResult KexecSignImaShow(this ICakeContext context, ImaShowOptions options) =>
        context.KexecSign(OperationCatalog.ImaShow, options);

    /// <summary>Appends signatures to modules: <c>kexecsign module sign</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Modules")]
    public static ModuleSignResult KexecSignModuleSign(this ICakeContext context, ModuleSignOptions options) =>
        context.KexecSign(OperationCatalog.ModuleSign, options);

    /// <summary>Checks appended signatures: <c>kexecsign module verify</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Modules")]
    public static ModuleVerifyResult KexecSignModuleVerify(this ICakeContext context, ModuleVerifyOptions options) =>
        context.KexecSign(OperationCatalog.ModuleVerify, options);

    /// <summary>Takes appended signatures away: <c>kexecsign module strip</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Modules")]
    public static ModuleStripResult KexecSignModuleStrip(this ICakeContext context, ModuleStripOptions options) =>
        context.KexecSign(OperationCatalog.ModuleStrip, options);

    /// <summary>Puts IMA signatures of the files into RPM packages: <c>kexecsign rpm sign</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Rpm")]
    public static RpmSignResult KexecSignRpmSign(this ICakeContext context, RpmSignOptions options) =>
        context.KexecSign(OperationCatalog.RpmSign, options);

    /// <summary>Checks IMA signatures in RPM packages: <c>kexecsign rpm verify</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Rpm")]
    public static RpmVerifyResult KexecSignRpmVerify(this ICakeContext context, RpmVerifyOptions options) =>
        context.KexecSign(OperationCatalog.RpmVerify, options);

    /// <summary>Makes keys and certificates from a profile: <c>kexecsign keys init</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.KeyOperations")]
    public static KeysInitResult KexecSignKeysInit(this ICakeContext context, KeysInitOptions options) =>
        context.KexecSign(OperationCatalog.KeysInit, options);

    /// <summary>Lists what tokens hold: <c>kexecsign keys list</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.KeyOperations")]
    public static KeysListResult KexecSignKeysList(this ICakeContext context, KeysListOptions options) =>
        context.KexecSign(OperationCatalog.KeysList, options);

    /// <summary>Writes certificates as PEM, DER or EFI signature list: <c>kexecsign keys export</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.KeyOperations")]
    public static KeysExportResult KexecSignKeysExport(this ICakeContext context, KeysExportOptions options) =>
        context.KexecSign(OperationCatalog.KeysExport, options);

    /// <summary>Writes signed updates of PK, KEK, db and dbx: <c>kexecsign keys enroll</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.KeyOperations")]
    public static KeysEnrollResult KexecSignKeysEnroll(this ICakeContext context, KeysEnrollOptions options) =>
        context.KexecSign(OperationCatalog.KeysEnroll, options);

    /// <summary>Makes right and wrong images with the verdicts that they must get: <c>kexecsign testset</c>.</summary>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Testsets")]
    public static TestsetResult KexecSignTestset(this ICakeContext context, TestsetOptions options) =>
        context.KexecSign(OperationCatalog.Testset, options);
}
