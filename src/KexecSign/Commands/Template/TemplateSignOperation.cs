using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Formats.Vocabulary;
using KexecSign.Signing;

namespace KexecSign.Commands.Template;

/// <summary><c>template sign</c>: what Debian's code signing service makes of a <c>*-signed-template</c> package.</summary>
internal static class TemplateSignOperation
{
    public static Operation<TemplateSignOptions, TemplateSignResult> Definition { get; } = new()
    {
        Name = "template sign",
        Summary = "Sign what a Debian *-signed-template package lists, as Debian's code signing service does.",
        Details = "Reads the template's files.json and writes a detached signature for each file, DIR/PACKAGE/PATH.sig: that folder is "
            + "what the template's source expects as debian/signatures. The unsigned packages are taken unpacked (FOLDER/PACKAGE) or as "
            + ".deb files, which dpkg-deb opens. All files must be there before the first is signed; the token is logged in to once; each "
            + "signature appears whole or not at all. When some files fail the others are signed and the exit code is 3.",
        Body = Run,
        SignsElsewhere = true,
        Plan = Plan,
        RunsPrograms = true,
        TypedResult = () => TemplateJson.Default.TemplateSignResult,
        MakeArguments = () =>
        [
            new("TEMPLATE", "The unpacked template package, the folder of its files.json, or that file.",
                (o, v) => o with { Template = v }),
        ],
        MakeOptions = () =>
        [
            new("from", "PATH",
                "Folder that holds the unsigned packages, each unpacked to FOLDER/PACKAGE or as PACKAGE_VERSION_ARCH.deb; or such a file.",
                (o, v) => o with { From = o.From.Add(v) }, required: true, repeatable: true),
            .. SigningOptionSpecs.All<TemplateSignOptions>(
                "that signs EFI images", HashUses.Image, o => o.Signing, (o, s) => o with { Signing = s }),
            .. SigningOptionSpecs.KeyAndCertificate<TemplateSignOptions>(
                "module-", "that signs modules (without it --key)", o => o.Module, (o, s) => o with { Module = s }),
            new("trusted-cert", "CERT",
                "A certificate that the signed code may trust: trusted_certs of the template may list these and no others.",
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
        return
        [
            .. PlannedStep.Read(template.Path),
            .. TemplateSources.Places(template, options.From).SelectMany(at => Read(at.Package, at.Place)),
            .. template.Entries.SelectMany(entry => Sign(options, entry)),
            .. PlannedStep.Write(template.Entries.Select(entry => TemplateSigner.Target(options.Output, entry))),
        ];
    }

    private static IEnumerable<PlannedStep> Read(TemplatePackage package, string place) => TemplateSources.IsPacked(place)
        ? [.. PlannedStep.Read(place), new("run", $"dpkg-deb, which opens {place}")]
        : PlannedStep.Read(package.Files.Select(file => Path.Combine(place, file.Path)));

    private static IEnumerable<PlannedStep> Sign(TemplateSignOptions options, TemplateEntry entry)
    {
        SigningOptions signing = entry.Kind == TemplateKind.LinuxModule && options.Module.Key is not null
            ? options.Module
            : options.Signing;
        return PlannedStep.Sign(Shown(entry), signing.Key, signing.Certificate);
    }

    private static string Shown(TemplateEntry entry) => $"{entry.Package}/{entry.Path}";

    private static TemplateSignResult Run(TemplateSignOptions options, RunContext context)
    {
        var template = TemplateDocument.Read(options.Template);
        TemplateSigners.RequireTrust(template, options, context);
        using var sources = TemplateSources.Open(template, options.From, context);
        var signers = TemplateSigners.Open(template, options, context);
        return new(template.Path, options.Output, new TemplateSigner(sources, signers, options.Output, context).SignAll());
    }
}
