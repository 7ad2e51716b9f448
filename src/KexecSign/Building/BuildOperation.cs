using System.Collections.Immutable;
using System.Globalization;
using KexecSign.Errors;
using KexecSign.Operations;
using KexecSign.Reports;
using KexecSign.Running;
using KexecSign.Signing;

namespace KexecSign.Building;

/// <summary><c>build</c>: the whole line in one go and in one login.</summary>
internal static class BuildOperation
{
    private static readonly ImmutableArray<string> Compressions = ["gzip", "zstd"];
    private static readonly ImmutableArray<string> Namespaces = ["security", "user"];

    public static Operation<BuildOptions, BuildResult> Definition { get; } = new()
    {
        Name = "build",
        Summary = "The whole line: sign the Image, compress, link, embed, sign, IMA, verify, report.",
        Details = "All files are made in a folder beside the output and verified there; only then do they appear, so a failure leaves "
            + "what was there before. PLAN is a JSON object of these options by name; options on the command line win.",
        Body = Run,
        Plan = o =>
        [
            .. PlannedStep.Read(o.Image, o.Kit, o.Parser),
            .. PlannedStep.Sign("the Image inside", o.Inner.Key, o.Inner.Certificate),
            new("run", $"compress ({o.Compression ?? "gzip"}), objcopy and ld"),
            .. PlannedStep.Sign("the outer PE", o.Outer.Key, o.Outer.Certificate),
            .. PlannedStep.Sign("the finished file for IMA", o.Ima.Key, o.Ima.Certificate),
            .. PlannedStep.Write(o.Output, o.Ima.Key is null ? null : o.Output + ".sig", o.SignedImage, o.Tar, o.Report),
        ],
        TypedResult = () => ReportJson.Default.BuildResult,
        TypedArguments = [new("PLAN", "A plan file.", BuildPlan.Read, required: false)],
        TypedOptions =
        [
            new("image", "FILE", "The uncompressed kernel Image.", (o, v) => o with { Image = v }),
            new("kit", "FILE", "The zboot kit to link with ('kexecsign zboot kit' makes it).", (o, v) => o with { Kit = v }),
            new("o", "FILE", "The finished image; its IMA sidecar is FILE.sig.", (o, v) => o with { Output = v }),
            .. SigningOptionSpecs.KeyAndCertificate<BuildOptions>("", "of the outer PE (Secure Boot)", o => o.Outer, (o, s) => o with { Outer = s }),
            .. SigningOptionSpecs.KeyAndCertificate<BuildOptions>("inner-", "of the Image inside (kexec)", o => o.Inner, (o, s) => o with { Inner = s }),
            .. SigningOptionSpecs.KeyAndCertificate<BuildOptions>("ima-", "for IMA", o => o.Ima, (o, s) => o with { Ima = s }),
            .. SigningOptionSpecs.Pins<BuildOptions>(o => o.Pin, (o, p) => o with { Pin = p }),
            new("parser", "FILE", "A kexec BPF parser object for the .bpf section.", (o, v) => o with { Parser = v }),
            new("compression", "NAME", "How the payload is compressed.", (o, v) => o with { Compression = SigningOptionSpecs.Choice("compression", v, Compressions) }, "gzip", choices: Compressions),
            new("level", "N", "Compression level: gzip 1-12 (libdeflate), zstd 1-22.", (o, v) => o with { Level = SigningOptionSpecs.Number("level", v) }, "9 for gzip, 22 for zstd"),
            new("signed-image", "FILE", "Keep the signed Image that is inside.", (o, v) => o with { SignedImage = v }),
            new("tar", "FILE", "Write a tar of the finished image with SCHILY.xattr.security.ima.", (o, v) => o with { Tar = v }),
            new("xattr", "NAMESPACE", "Set security.ima (needs privilege) or user.ima on the finished image.", (o, v) => o with { Xattr = SigningOptionSpecs.Choice("xattr", v, Namespaces) }, choices: Namespaces),
            new("report", "FILE", "Write the result as JSON.", (o, v) => o with { Report = v }),
        ],
        Examples =
        [
            new("kexecsign build --image Image --kit arm64.kit --key 'pkcs11:object=db' --cert db.pem --inner-key 'pkcs11:object=kexec' --inner-cert kexec.pem --pin-env PIN -o vmlinuz.efi",
                "A zboot image that boots under Secure Boot and whose kernel kexec takes."),
            new("kexecsign build release.json", "The same, from a plan."),
        ],
    };

    private static BuildResult Run(BuildOptions options, RunContext context) => new BuildLine(Complete(options), context).Run();

    private static BuildOptions Complete(BuildOptions options)
    {
        Require(options.Image, "--image");
        Require(options.Kit, "--kit");
        Require(options.Output, "-o");
        RequirePair(options.Outer, "key", "cert");
        RequirePair(options.Inner, "inner-key", "inner-cert");
        RequirePair(options.Ima, "ima-key", "ima-cert");
        if (options.Ima.Key is null && (options.Tar ?? options.Xattr) is not null)
            throw OperationErrors.OptionMissing.With("build", "--ima-key (for " + (options.Tar is null ? "--xattr" : "--tar") + ")");
        if (options.SignedImage is not null)
            Require(options.Inner.Key, "--inner-key (for --signed-image)");
        return options with
        {
            Outer = options.Outer with { Pin = options.Pin },
            Inner = options.Inner with { Pin = options.Pin },
            Ima = options.Ima with { Pin = options.Pin },
        };
    }

    private static void RequirePair(SigningOptions signing, string key, string certificate)
    {
        if (signing.Key is null != signing.Certificate is null)
            throw OperationErrors.OptionMissing.With("build", string.Create(CultureInfo.InvariantCulture, $"--{(signing.Key is null ? key : certificate)}"));
    }

    private static void Require(string? value, string option)
    {
        if (value is null)
            throw OperationErrors.OptionMissing.With("build", option);
    }
}
