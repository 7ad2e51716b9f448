using Cake.Core;
using Cake.Core.Annotations;
using KexecSign.Catalog;
using KexecSign.Commands.Bpf;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Keys;
using KexecSign.Commands.Modules;
using KexecSign.Commands.Rpm;
using KexecSign.Commands.Simulate;
using KexecSign.Commands.Template;
using KexecSign.Commands.Testset;
using KexecSign.Commands.Uki;

namespace Cake.KexecSign;

public static partial class KexecSignAliases
{
    /// <summary>Compiles a parser: <c>kexecsign bpf compile</c>.</summary>
    /// <example>
    /// <code>KexecSignBpfCompile(new BpfCompileOptions { Parser = "zboot", Abi = "v6", Output = "zboot.o" });</code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Bpf")]
    public static BpfCompileResult KexecSignBpfCompile(this ICakeContext context, BpfCompileOptions options) =>
        context.KexecSign(OperationCatalog.BpfCompile, options);

    /// <summary>Tells what a parser holds: <c>kexecsign bpf inspect</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignBpfInspect(new BpfInspectOptions { File = "parser.o" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Bpf")]
    public static BpfInspectResult KexecSignBpfInspect(this ICakeContext context, BpfInspectOptions options) =>
        context.KexecSign(OperationCatalog.BpfInspect, options);

    /// <summary>Packs parsers into a parser ELF: <c>kexecsign bpf container</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignBpfContainer(new BpfContainerOptions { Parsers = ["parser.o"], Output = "zboot.bpf",
    ///     Signing = new SigningOptions { Key = "pkcs11:token=release;object=kexec", Certificate = "kexec.pem", Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" } }
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Bpf")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static BpfContainerResult KexecSignBpfContainer(this ICakeContext context, BpfContainerOptions options) =>
        context.KexecSign(OperationCatalog.BpfContainer, options);

    /// <summary>Packs kernel, initrd and command line: <c>kexecsign bpf envelope</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignBpfEnvelope(new BpfEnvelopeOptions { Kernel = "vmlinuz.efi", Initrd = "initrd", CommandLine = "quiet", Output = "image.elf" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Bpf")]
    public static BpfEnvelopeResult KexecSignBpfEnvelope(this ICakeContext context, BpfEnvelopeOptions options) =>
        context.KexecSign(OperationCatalog.BpfEnvelope, options);

    /// <summary>Puts a parser into an image: <c>kexecsign bpf embed</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignBpfEmbed(new BpfEmbedOptions { Image = "vmlinuz.efi", Parser = "parser.o", Output = "vmlinuz.bpf.efi" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Bpf")]
    public static BpfEmbedResult KexecSignBpfEmbed(this ICakeContext context, BpfEmbedOptions options) =>
        context.KexecSign(OperationCatalog.BpfEmbed, options);

    /// <summary>Takes a parser out of an image: <c>kexecsign bpf extract</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignBpfExtract(new BpfExtractOptions { Image = "vmlinuz.efi", Output = "parser.o" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Bpf")]
    public static BpfExtractResult KexecSignBpfExtract(this ICakeContext context, BpfExtractOptions options) =>
        context.KexecSign(OperationCatalog.BpfExtract, options);

    /// <summary>Runs an image's parser as a kernel would: <c>kexecsign simulate</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignSimulate(new SimulateOptions { File = "vmlinuz.efi", Initrd = "initrd", CommandLine = "quiet", Output = "simulated" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Simulate")]
    public static SimulateResult KexecSignSimulate(this ICakeContext context, SimulateOptions options) =>
        context.KexecSign(OperationCatalog.Simulate, options);

    /// <summary>Builds a unified kernel image: <c>kexecsign uki build</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignUkiBuild(new UkiBuildOptions { Linux = "vmlinuz.efi", Stub = "linuxaa64.efi.stub", Output = "linux.efi",
    ///     Signing = new SigningOptions { Key = "pkcs11:token=release;object=db", Certificate = "db.pem", Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" } }
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Uki")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static UkiResult KexecSignUkiBuild(this ICakeContext context, UkiBuildOptions options) =>
        context.KexecSign(OperationCatalog.UkiBuild, options);

    /// <summary>Replaces sections of a unified kernel image: <c>kexecsign uki update</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignUkiUpdate(new UkiUpdateOptions { Image = "linux.efi", Linux = "vmlinuz.efi", Output = "linux.new.efi",
    ///     Signing = new SigningOptions { Key = "pkcs11:token=release;object=db", Certificate = "db.pem", Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" } }
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Uki")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static UkiResult KexecSignUkiUpdate(this ICakeContext context, UkiUpdateOptions options) =>
        context.KexecSign(OperationCatalog.UkiUpdate, options);

    /// <summary>Explains a unified kernel image: <c>kexecsign uki inspect</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignUkiInspect(new UkiInspectOptions { File = "linux.efi" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Uki")]
    public static UkiInspectResult KexecSignUkiInspect(this ICakeContext context, UkiInspectOptions options) =>
        context.KexecSign(OperationCatalog.UkiInspect, options);

    /// <summary>Predicts PCR 11 for a unified kernel image: <c>kexecsign uki measure</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignUkiMeasure(new UkiMeasureOptions { File = "linux.efi" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Uki")]
    public static UkiMeasureResult KexecSignUkiMeasure(this ICakeContext context, UkiMeasureOptions options) =>
        context.KexecSign(OperationCatalog.UkiMeasure, options);

    /// <summary>Builds an addon for unified kernel images: <c>kexecsign addon build</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignAddonBuild(new AddonBuildOptions { Stub = "addonaa64.efi.stub", Output = "debug.addon.efi",
    ///     Signing = new SigningOptions { Key = "pkcs11:token=release;object=db", Certificate = "db.pem", Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" } }
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Uki")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static UkiResult KexecSignAddonBuild(this ICakeContext context, AddonBuildOptions options) =>
        context.KexecSign(OperationCatalog.AddonBuild, options);

    /// <summary>Writes IMA signatures: <c>kexecsign ima sign</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignImaSign(new ImaSignOptions { Files = ["vmlinuz.efi"], Sidecar = true,
    ///     Signing = new SigningOptions { Key = "pkcs11:token=release;object=ima", Certificate = "ima.pem", Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" } }
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Ima")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static ImaSignResult KexecSignImaSign(this ICakeContext context, ImaSignOptions options) =>
        context.KexecSign(OperationCatalog.ImaSign, options);

    /// <summary>Checks IMA signatures: <c>kexecsign ima verify</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignImaVerify(new ImaVerifyOptions { Files = ["vmlinuz.efi"], Certificates = ["ima.pem"] });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Ima")]
    public static ImaVerifyResult KexecSignImaVerify(this ICakeContext context, ImaVerifyOptions options) =>
        context.KexecSign(OperationCatalog.ImaVerify, options);

    /// <summary>Puts IMA signatures onto installed files: <c>kexecsign ima apply</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignImaApply(new ImaApplyOptions { Manifest = "linux-image.manifest", Certificates = ["ima.pem"] });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Ima")]
    public static ImaApplyResult KexecSignImaApply(this ICakeContext context, ImaApplyOptions options) =>
        context.KexecSign(OperationCatalog.ImaApply, options);

    /// <summary>Explains an IMA value: <c>kexecsign ima show</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignImaShow(new ImaShowOptions { File = "vmlinuz.efi.sig" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Ima")]
    public static ImaShowResult KexecSignImaShow(this ICakeContext context, ImaShowOptions options) =>
        context.KexecSign(OperationCatalog.ImaShow, options);

    /// <summary>Appends signatures to modules: <c>kexecsign module sign</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignModuleSign(new ModuleSignOptions { Files = ["lib/modules"], InPlace = true,
    ///     Signing = new SigningOptions { Key = "pkcs11:token=release;object=modules", Certificate = "modules.pem", Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" } }
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Modules")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static ModuleSignResult KexecSignModuleSign(this ICakeContext context, ModuleSignOptions options) =>
        context.KexecSign(OperationCatalog.ModuleSign, options);

    /// <summary>Checks appended signatures: <c>kexecsign module verify</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignModuleVerify(new ModuleVerifyOptions { Files = ["lib/modules"], Certificates = ["modules.pem"] });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Modules")]
    public static ModuleVerifyResult KexecSignModuleVerify(this ICakeContext context, ModuleVerifyOptions options) =>
        context.KexecSign(OperationCatalog.ModuleVerify, options);

    /// <summary>Takes appended signatures away: <c>kexecsign module strip</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignModuleStrip(new ModuleStripOptions { Files = ["ext4.ko"], Output = "ext4.unsigned.ko" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Modules")]
    public static ModuleStripResult KexecSignModuleStrip(this ICakeContext context, ModuleStripOptions options) =>
        context.KexecSign(OperationCatalog.ModuleStrip, options);

    /// <summary>Puts IMA signatures of the files into RPM packages: <c>kexecsign rpm sign</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignRpmSign(new RpmSignOptions { Files = ["kernel.rpm"], Output = "signed.rpm",
    ///     Signing = new SigningOptions { Key = "pkcs11:token=release;object=ima", Certificate = "ima.pem", Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" } }
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Rpm")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static RpmSignResult KexecSignRpmSign(this ICakeContext context, RpmSignOptions options) =>
        context.KexecSign(OperationCatalog.RpmSign, options);

    /// <summary>Checks IMA signatures in RPM packages: <c>kexecsign rpm verify</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignRpmVerify(new RpmVerifyOptions { Files = ["kernel.rpm"], Certificates = ["ima.pem"] });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Rpm")]
    public static RpmVerifyResult KexecSignRpmVerify(this ICakeContext context, RpmVerifyOptions options) =>
        context.KexecSign(OperationCatalog.RpmVerify, options);

    /// <summary>Signs what a Debian template lists: <c>kexecsign template sign</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignTemplateSign(new TemplateSignOptions { Template = "template/files.json", From = ["build-area"], Output = "debian/signatures",
    ///     Signing = new SigningOptions { Key = "pkcs11:token=release;object=db", Certificate = "db.pem", Pin = new PinOptions { EnvironmentVariable = "RELEASE_PIN" } }
    /// });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Template")]
    [CakeNamespaceImport("KexecSign.Keys.Pins")]
    [CakeNamespaceImport("KexecSign.Signing")]
    public static TemplateSignResult KexecSignTemplateSign(this ICakeContext context, TemplateSignOptions options) =>
        context.KexecSign(OperationCatalog.TemplateSign, options);

    /// <summary>Makes keys and certificates from a profile: <c>kexecsign keys init</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignKeysInit(new KeysInitOptions { Profile = "keys/demo.profile.json", Directory = "token", PlanKeys = "throwaway.keys.json" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Build")]
    [CakeNamespaceImport("KexecSign.Commands.Keys")]
    public static KeysInitResult KexecSignKeysInit(this ICakeContext context, KeysInitOptions options) =>
        context.KexecSign(OperationCatalog.KeysInit, options);

    /// <summary>Lists what tokens hold: <c>kexecsign keys list</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignKeysList(new KeysListOptions { Reference = "pkcs11:token=release" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Keys")]
    public static KeysListResult KexecSignKeysList(this ICakeContext context, KeysListOptions options) =>
        context.KexecSign(OperationCatalog.KeysList, options);

    /// <summary>Writes certificates as PEM, DER or EFI signature list: <c>kexecsign keys export</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignKeysExport(new KeysExportOptions { Certificates = ["db.pem"], Output = "db.esl" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Keys")]
    public static KeysExportResult KexecSignKeysExport(this ICakeContext context, KeysExportOptions options) =>
        context.KexecSign(OperationCatalog.KeysExport, options);

    /// <summary>Writes signed updates of PK, KEK, db and dbx: <c>kexecsign keys enroll</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignKeysEnroll(new KeysEnrollOptions { PlatformKey = "pk.pem", PlatformSigner = "pkcs11:token=root;object=pk", Output = "enrol" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Keys")]
    public static KeysEnrollResult KexecSignKeysEnroll(this ICakeContext context, KeysEnrollOptions options) =>
        context.KexecSign(OperationCatalog.KeysEnroll, options);

    /// <summary>Makes right and wrong images with the verdicts that they must get: <c>kexecsign testset</c>.</summary>
    /// <example>
    /// <code>
    /// KexecSignTestset(new TestsetOptions { Image = "Image", Kit = "arm64.kit", Output = "testset" });
    /// </code>
    /// </example>
    [CakeMethodAlias]
    [CakeNamespaceImport("KexecSign.Commands.Testset")]
    public static TestsetResult KexecSignTestset(this ICakeContext context, TestsetOptions options) =>
        context.KexecSign(OperationCatalog.Testset, options);
}
