using System.Collections.Immutable;
using KexecSign.Batches;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Modules;
using KexecSign.Signing;

namespace KexecSign.Commands.Template;

/// <summary><c>template sign</c>: what Debian's code signing service makes of a <c>*-signed-template</c> package.</summary>
internal static class TemplateSignOperation
{
    private const string Ending = ".sig";

    public static Operation<TemplateSignOptions, TemplateSignResult> Definition { get; } = new()
    {
        Name = "template sign",
        Summary = "Sign what a Debian *-signed-template package lists, as Debian's code signing service does.",
        Details = "Reads the template's files.json and writes a detached signature for each file, DIR/PACKAGE/PATH.sig: that folder is what the template's source expects as debian/signatures. "
            + "The unsigned packages are taken unpacked (FOLDER/PACKAGE) or as .deb files, which dpkg-deb opens. All files must be there before the first is signed; "
            + "the token is logged in to once; each signature appears whole or not at all. When some files fail the others are signed and the exit code is 3.",
        Body = Run,
        Plan = Plan,
        TypedResult = () => TemplateJson.Default.TemplateSignResult,
        TypedArguments = [new("TEMPLATE", "The unpacked template package, the folder of its files.json, or that file.", (o, v) => o with { Template = v })],
        TypedOptions =
        [
            new("from", "PATH", "Folder that holds the unsigned packages, each unpacked to FOLDER/PACKAGE or as PACKAGE_VERSION_ARCH.deb; or such a file.",
                (o, v) => o with { From = o.From.Add(v) }, required: true, repeatable: true),
            .. SigningOptionSpecs.All<TemplateSignOptions>("that signs EFI images", HashUses.Image, o => o.Signing, (o, s) => o with { Signing = s }),
            .. SigningOptionSpecs.KeyAndCertificate<TemplateSignOptions>("module-", "that signs modules (without it --key)", o => o.Module, (o, s) => o with { Module = s }),
            new("trusted-cert", "CERT", "A certificate that the signed code may trust: trusted_certs of the template may list these and no others.",
                (o, v) => o with { TrustedCertificates = o.TrustedCertificates.Add(v) }, repeatable: true),
            new("o", "DIR", "Folder of the signatures; made when it is not there.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples =
        [
            new("kexecsign template sign fwupd-amd64-signed-template --from build-area -k db -o debian/signatures",
                "Sign what the template lists, out of the packages that were built with it."),
            new("kexecsign template sign files.json --from unpacked --key 'pkcs11:token=release;object=db' --cert db.pem "
                + "--module-key 'pkcs11:token=release;object=modules' --module-cert modules.pem --pin-env RELEASE_PIN -o signatures",
                "Kernels by one key and modules by another, from packages that are unpacked."),
        ],
    };

    private static IEnumerable<PlannedStep> Plan(TemplateSignOptions options)
    {
        var template = TemplateDocument.Read(options.Template);
        ImmutableArray<(TemplatePackage Package, string Place)> places = TemplateSources.Places(template, options.From);
        SigningOptions modules = options.Module.Key is null ? options.Signing : options.Module;
        return
        [
            .. PlannedStep.Read(template.Path),
            .. places.SelectMany(at => TemplateSources.IsPacked(at.Place)
                ? [.. PlannedStep.Read(at.Place), new("run", $"dpkg-deb, which opens {at.Place}")]
                : PlannedStep.Read(at.Package.Files.Select(file => Path.Combine(at.Place, file.Path)))),
            .. template.Entries.SelectMany(entry => entry.Kind == TemplateKind.Efi
                ? PlannedStep.Sign(Shown(entry), options.Signing.Key, options.Signing.Certificate) : PlannedStep.Sign(Shown(entry), modules.Key, modules.Certificate)),
            .. PlannedStep.Write(template.Entries.Select(entry => Target(options, entry))),
        ];
    }

    private static string Shown(TemplateEntry entry) => $"{entry.Package}/{entry.Path}";

    private static string Target(TemplateSignOptions options, TemplateEntry entry) => Path.Combine(options.Output, entry.Package, entry.Path + Ending);

    private static TemplateSignResult Run(TemplateSignOptions options, RunContext context)
    {
        var template = TemplateDocument.Read(options.Template);
        TemplateSigners.RequireTrust(template, options, context);
        using var sources = TemplateSources.Open(template, options.From, context);
        var signers = TemplateSigners.Open(template, options, context);
        Dictionary<string, TemplateSource> byName = sources.Files.ToDictionary(source => source.Shown.Path, StringComparer.Ordinal);
        ImmutableArray<TemplateSignedFile> outcomes = Batch.Run(
            [.. sources.Files.Select(source => source.Shown)], "sign", context, (file, refused) => FileOutcome.Failing(Begun(byName[file.Path]) with { Status = FileStatus.Failed }, refused),
            (file, commit, step, answer) =>
            {
                TemplateSource source = byName[file.Path];
                SigningIdentity identity = signers.Of(source.Entry.Kind);
                OutputFile output = BatchTargets.Create(Target(options, source.Entry), source.Source, inPlace: false, commit.Folders);
                TemplateSignedFile signed = Begun(source) with { Output = output.Path, DigestAlgorithm = identity.Hash.Name, Signer = identity.Certificate.Subject };
                commit.Add(
                    output, o =>
                    {
                        (signed, byte[] pkcs7) = source.Entry.Kind == TemplateKind.Efi
                            ? Image(source, signed, identity, step, context) : Module(source, signed, identity, step, context);
                        o.WriteWhole(pkcs7, default);
                        ReadBack.RequireWritten(Layout.Of(pkcs7), o);
                    },
                    refused => answer(refused is null ? signed : FileOutcome.Failing(Begun(source) with { Status = FileStatus.Failed }, refused)));
            });
        return new(template.Path, options.Output, outcomes);
    }

    private static TemplateSignedFile Begun(TemplateSource source) => new(source.Shown.Path, FileStatus.Signed)
    {
        Package = source.Entry.Package, Path = source.Entry.Path, SigType = TemplateDocument.Word(source.Entry.Kind), Note = TemplateDocument.Word(source.Entry.Kind),
    };

    private static (TemplateSignedFile, byte[]) Image(TemplateSource source, TemplateSignedFile signed, SigningIdentity identity, IRunStep step, RunContext context)
    {
        using FileSource file = source.Source.Open();
        var pending = PendingSignature.Prepare(file.ToLayout(), identity, ExistingSignatures.Replace, fit: false);
        // What sbattach adds comes last.
        if (pending.Image.IsSigned)
            context.Log.Warning($"{signed.File}: the image is signed already; 'sbattach --attach' puts the new signature behind, and the kernel's kexec reads the first alone");
        (byte[] digest, byte[] pkcs7) = DetachedSignature.Make(pending, identity, signed.File, null, step, context);
        return (signed with { Digest = Convert.ToHexStringLower(digest) }, pkcs7);
    }

    private static (TemplateSignedFile, byte[]) Module(TemplateSource source, TemplateSignedFile signed, SigningIdentity identity, IRunStep step, RunContext context)
    {
        using var module = ModuleFile.Open(source.Source, context.Cancellation);
        if (module.Existing is not null)
            throw OperationErrors.TemplateModuleSigned.With();
        AuthenticodeTable.RefuseIn(module.Content);
        RawContent.RequireSignable(module.Content);
        byte[] digest = ContentPass.Run(module.Content, identity.Hash, null, step, context.Cancellation);
        byte[] pkcs7 = ModuleSignature.Make(module, digest, identity, SignerName.ByIssuer(identity.Certificate), signed.File, context);
        if (module.Compression != ModuleCompression.None)
            signed = signed with { Note = $"{signed.Note}, {module.Note}: the rules must append to the module and not to the compressed file" };
        return (signed with { Digest = Convert.ToHexStringLower(digest) }, pkcs7);
    }
}
