using KexecSign.Commands.Ima;
using Cake.Core;
using Cake.Core.Annotations;
using KexecSign.Catalog;
using KexecSign.Commands.Boot;
using KexecSign.Commands.Build;
using KexecSign.Commands.Demo;
using KexecSign.Commands.Inspect;
using KexecSign.Commands.Offline;
using KexecSign.Commands.Pe;
using KexecSign.Commands.Provenance;
using KexecSign.Commands.Sign;
using KexecSign.Commands.Signatures;
using KexecSign.Commands.Verify;
using KexecSign.Commands.Zboot;
using KexecSign.Inspection;
using KexecSign.Judging;
using KexecSign.Zboot;

namespace Cake.KexecSign;

public static partial class KexecSignAliases
{
    /// <summary>Tells what a file is: <c>kexecsign inspect</c>.</summary>
    /// <example>
    /// <code>
    /// var found = KexecSignInspect(new InspectOptions { File = "vmlinuz.efi" });
    /// Information("{0}", found.File);
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Inspect")]
    [CakeNamespaceImport("KexecSign.Inspection")]
    public static InspectResult KexecSignInspect(this ICakeContext context, InspectOptions options) =>
        context.KexecSign(OperationCatalog.Inspect, options);

    /// <summary>Judges a file as its consumers would: <c>kexecsign verify</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignVerify(new VerifyOptions { File = "vmlinuz.efi", Policy = "release.policy.json", Certificates = ["db.pem"], Consumers = [Consumer.Firmware, Consumer.Kexec] });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Verify")]
    [CakeNamespaceImport("KexecSign.Judging")]
    public static VerifyResult KexecSignVerify(this ICakeContext context, VerifyOptions options) =>
        context.KexecSign(OperationCatalog.Verify, options);

    /// <summary>Holds every kernel, unified kernel image, addon and module of a tree against a policy: <c>kexecsign gate</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignGate(new GateOptions { Files = ["out"], Policy = "release.policy.json" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Verify")]
    public static GateResult KexecSignGate(this ICakeContext context, GateOptions options) =>
        context.KexecSign(OperationCatalog.Gate, options);

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
    [CakeNamespaceImport("KexecSign.Commands.Sign")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static SignResult KexecSignSign(this ICakeContext context, SignOptions options) =>
        context.KexecSign(OperationCatalog.Sign, options);

    /// <summary>Lists an image's signatures: <c>kexecsign signatures list</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignSignaturesList(new SignaturesListOptions { File = "vmlinuz.efi" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Signatures")]
    public static SignaturesListResult KexecSignSignaturesList(this ICakeContext context, SignaturesListOptions options) =>
        context.KexecSign(OperationCatalog.SignaturesList, options);

    /// <summary>Removes signatures from an image: <c>kexecsign signatures remove</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignSignaturesRemove(new SignaturesRemoveOptions { File = "vmlinuz.efi", All = true, Output = "vmlinuz.unsigned.efi" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Signatures")]
    public static SignaturesRemoveResult KexecSignSignaturesRemove(this ICakeContext context, SignaturesRemoveOptions options) =>
        context.KexecSign(OperationCatalog.SignaturesRemove, options);

    /// <summary>Joins what a signer gave back in two files of one image: <c>kexecsign signatures copy</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignSignaturesCopy(new SignaturesCopyOptions { From = "shim.2023.efi", File = "shim.2011.efi", Output = "shim.efi" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Signatures")]
    public static SignaturesCopyResult KexecSignSignaturesCopy(this ICakeContext context, SignaturesCopyOptions options) =>
        context.KexecSign(OperationCatalog.SignaturesCopy, options);

    /// <summary>Starts an image in QEMU under the firmware and keys that are asked for: <c>kexecsign boot</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignBoot(new BootOptions { File = "vmlinuz.efi", Db = ["db.pem"] });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Boot")]
    public static BootResult KexecSignBoot(this ICakeContext context, BootOptions options) =>
        context.KexecSign(OperationCatalog.Boot, options);

    /// <summary>Writes a signature of an image to a file: <c>kexecsign signatures extract</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignSignaturesExtract(new SignaturesExtractOptions { File = "vmlinuz.efi", Output = "vmlinuz.p7" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Signatures")]
    public static SignaturesExtractResult KexecSignSignaturesExtract(this ICakeContext context, SignaturesExtractOptions options) =>
        context.KexecSign(OperationCatalog.SignaturesExtract, options);

    /// <summary>Puts a detached signature into an image: <c>kexecsign signatures add</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignSignaturesAdd(new SignaturesAddOptions { File = "vmlinuz.efi", Signatures = ["vmlinuz.p7"], Output = "vmlinuz.signed.efi" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Signatures")]
    public static SignaturesAddResult KexecSignSignaturesAdd(this ICakeContext context, SignaturesAddOptions options) =>
        context.KexecSign(OperationCatalog.SignaturesAdd, options);

    /// <summary>Makes security.ima values that are hashes: <c>kexecsign ima hash</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignImaHash(new ImaHashOptions { Files = ["fstab"] });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Ima")]
    public static ImaHashResult KexecSignImaHash(this ICakeContext context, ImaHashOptions options) =>
        context.KexecSign(OperationCatalog.ImaHash, options);

    /// <summary>Makes portable EVM signatures alone: <c>kexecsign evm sign</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignEvmSign(new EvmSignOptions
    /// {
    ///     Files = ["su"], Set = true, Signing = new SigningOptions { Key = "ima.key", Certificate = "ima.pem" },
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Ima")]
    public static EvmSignResult KexecSignEvmSign(this ICakeContext context, EvmSignOptions options) =>
        context.KexecSign(OperationCatalog.EvmSign, options);

    /// <summary>Verifies portable EVM signatures: <c>kexecsign evm verify</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignEvmVerify(new EvmVerifyOptions { Files = ["su"], Certificates = ["ima.pem"] });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Ima")]
    public static EvmVerifyResult KexecSignEvmVerify(this ICakeContext context, EvmVerifyOptions options) =>
        context.KexecSign(OperationCatalog.EvmVerify, options);

    /// <summary>Writes out what must be signed elsewhere: <c>kexecsign prepare</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignPrepare(new PrepareOptions { Files = ["vmlinuz.efi"], Certificate = "db.pem", Bundle = "bundle" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Offline")]
    public static PrepareResult KexecSignPrepare(this ICakeContext context, PrepareOptions options) =>
        context.KexecSign(OperationCatalog.Prepare, options);

    /// <summary>Puts signatures that were made elsewhere into their files: <c>kexecsign attach</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignAttach(new AttachOptions { Bundle = "bundle", Answers = ["answers"], Output = "vmlinuz.signed.efi" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Offline")]
    public static AttachResult KexecSignAttach(this ICakeContext context, AttachOptions options) =>
        context.KexecSign(OperationCatalog.Attach, options);

    /// <summary>Signs what a bundle asks for, where the key is: <c>kexecsign bundle sign</c>.</summary>
    /// <example>
    /// <code>
    /// SigningOptions signing = new() { Key = "pkcs11:object=db", Certificate = "db.pem" };
    /// KexecSignBundleSign(new BundleSignOptions { Bundle = "bundle", Signing = signing });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Offline")]
    public static BundleSignResult KexecSignBundleSign(this ICakeContext context, BundleSignOptions options) =>
        context.KexecSign(OperationCatalog.BundleSign, options);

    /// <summary>Makes an image canonical: <c>kexecsign pe normalize</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignPeNormalize(new PeNormalizeOptions { File = "gapped.efi", Output = "canonical.efi" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Pe")]
    public static PeNormalizeResult KexecSignPeNormalize(this ICakeContext context, PeNormalizeOptions options) =>
        context.KexecSign(OperationCatalog.PeNormalize, options);

    /// <summary>
    /// Signs, compresses, links, signs again and verifies in one go, one image or a plan of many: <c>kexecsign build</c>.
    /// </summary>
    /// <example>
    /// <code>
    /// KexecSignBuild(new BuildOptions
    /// {
    ///     Plan = "plan.json", Report = "report.json", Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" },
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Build")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static BuildOutcome KexecSignBuild(this ICakeContext context, BuildOptions options) =>
        context.KexecSign(OperationCatalog.Build, options);

    /// <summary>Writes a plan, a policy and a file of keys to begin with: <c>kexecsign plan init</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignPlanInit(new PlanInitOptions { Files = ["vmlinuz.efi"], Output = "release" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Build")]
    public static PlanInitResult KexecSignPlanInit(this ICakeContext context, PlanInitOptions options) =>
        context.KexecSign(OperationCatalog.PlanInit, options);

    /// <summary>Makes a throw-away token, signs an image and shows who takes it: <c>kexecsign demo</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignDemo(new DemoOptions { Directory = "kexecsign-demo" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Demo")]
    public static DemoResult KexecSignDemo(this ICakeContext context, DemoOptions options) =>
        context.KexecSign(OperationCatalog.Demo, options);

    /// <summary>Joins the reports of a plan's shards: <c>kexecsign plan merge</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignPlanMerge(new PlanMergeOptions { Reports = ["shard-1.json", "shard-2.json"], Output = "report.json" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Build")]
    public static PlanResult KexecSignPlanMerge(this ICakeContext context, PlanMergeOptions options) =>
        context.KexecSign(OperationCatalog.PlanMerge, options);

    /// <summary>Signs provenance for any files: <c>kexecsign provenance sign</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignProvenanceSign(new ProvenanceSignOptions { Files = ["SHA256SUMS"], Signing = new SigningOptions { Key = "release.key",
    /// Certificate = "release.pem" }, Output = "release.intoto.json" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Provenance")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static ProvenanceSignResult KexecSignProvenanceSign(this ICakeContext context, ProvenanceSignOptions options) =>
        context.KexecSign(OperationCatalog.ProvenanceSign, options);

    /// <summary>Verifies provenance, and that it is of the files given: <c>kexecsign provenance verify</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignProvenanceVerify(new ProvenanceVerifyOptions
    /// {
    ///     Envelope = "vmlinuz.efi.intoto.json", Certificates = ["db.pem"], Files = ["vmlinuz.efi"],
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Provenance")]
    public static ProvenanceVerifyResult KexecSignProvenanceVerify(this ICakeContext context, ProvenanceVerifyOptions options) =>
        context.KexecSign(OperationCatalog.ProvenanceVerify, options);

    /// <summary>Captures a zboot kit from a kernel's source or build: <c>kexecsign zboot kit</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignZbootKit(new ZbootKitOptions { BuildFolder = "linux/build", Output = "arm64.kit" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Zboot")]
    [CakeNamespaceImport("KexecSign.Zboot")]
    public static ZbootKitResult KexecSignZbootKit(this ICakeContext context, ZbootKitOptions options) =>
        context.KexecSign(OperationCatalog.ZbootKit, options);

    /// <summary>Links a zboot image: <c>kexecsign zboot build</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignZbootBuild(new ZbootBuildOptions { Kit = "arm64.kit", Image = "Image", Output = "vmlinuz.efi",
    ///     Signing = new SigningOptions { Key = "pkcs11:token=release;object=kexec", Certificate = "kexec.pem", Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" } }
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Zboot")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static ZbootBuildResult KexecSignZbootBuild(this ICakeContext context, ZbootBuildOptions options) =>
        context.KexecSign(OperationCatalog.ZbootBuild, options);

    /// <summary>Takes the Image out of a zboot image: <c>kexecsign zboot extract</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignZbootExtract(new ZbootExtractOptions { Image = "vmlinuz.efi", Output = "Image" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Zboot")]
    public static ZbootExtractResult KexecSignZbootExtract(this ICakeContext context, ZbootExtractOptions options) =>
        context.KexecSign(OperationCatalog.ZbootExtract, options);

    /// <summary>Signs the Image inside a finished zboot image: <c>kexecsign zboot repack</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignZbootRepack(new ZbootRepackOptions { Image = "vmlinuz.efi", Output = "vmlinuz.repacked.efi",
    ///     Signing = new SigningOptions { Key = "pkcs11:token=release;object=kexec", Certificate = "kexec.pem", Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" } }
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Zboot")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static ZbootRepackResult KexecSignZbootRepack(this ICakeContext context, ZbootRepackOptions options) =>
        context.KexecSign(OperationCatalog.ZbootRepack, options);
}
