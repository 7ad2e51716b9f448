using System.Collections.Immutable;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Zboot;
using KexecSign.Pictures;
using KexecSign.Provenance;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Commands.Build;

/// <summary><c>build</c>: the whole line in one go and in one login.</summary>
internal static class BuildOperation
{
    private static readonly ImmutableArray<string> Namespaces = ["security", "user"];

    public static Operation<BuildOptions, BuildOutcome> Definition { get; } = new()
    {
        Name = "build",
        Summary = "The whole line: sign the Image, compress, link, embed, sign, IMA, verify, report.",
        Details = "All files are made in a folder beside the output and verified there; only then do they appear, so a failure leaves what "
            + "was there before. Without --kit the image is signed as it stands; with --inner-key it must then be a finished vmlinuz.efi, "
            + "whose Image is signed in its place. An image that is signed already, as a distribution's is, is refused unless --replace, "
            + "--append or --prepend says what becomes of its signatures; a payload, parser or SBAT rows of other bytes leave only "
            + "--replace. PLAN describes many images, their keys, steps and outputs (docs/schema/plan.schema.json; paths are taken from "
            + "its folder), or is a JSON object of these options by name. Of many images, what is there, made from the same inputs in the "
            + "same way, and verified, is kept; when some fail the others are built, and the exit code is 3.",
        Body = Run,
        RunsPrograms = true,
        Plan = o => o.Plan is null ? Steps(o) :
        [
            .. PlanDocument.Read(o.Plan, o, null).Of(PlanRun.Shard(o.Shard, Environment.GetEnvironmentVariable))
                .SelectMany(i => Steps(i.Image.Options)),
            .. PlannedStep.Write(o.Report, o.Html, o.Markdown),
        ],
        TypedResult = () => BuildJson.Default.BuildOutcome,
        MakeArguments = () => [new("PLAN", "A plan file.", BuildPlan.Read, required: false)],
        MakeOptions = () =>
        [
            new("image", "FILE", "The uncompressed kernel Image; without --kit any EFI image.", (o, v) => o with { Image = v })
            {
                Role = BuildRoles.Content(o => o.Image,
                    new("image", "image",
                    Required: true) { Note = "For a zboot step the uncompressed Image; else a finished vmlinuz.efi or any EFI image." }),
            },
            new("kit", "FILE", "The zboot kit to link with ('kexecsign zboot kit' makes it).", (o, v) => o with { Kit = v })
            {
                Role = BuildRoles.Content(o => o.Kit, new("zboot", "kit", Required: true)),
            },
            new("kit-sha256", "HEX", "SHA-256 that the kit must have: a kit is code that is linked into the image.",
                (o, v) => o with { KitSha256 = Sha256Text.Require(v) })
            {
                Role = BuildRoles.Guard(o => o.KitSha256, new("zboot", "sha256")),
            },
            ZbootOptionSpecs.KitSigner<BuildOptions>((o, v) => o with { KitSigners = o.KitSigners.Add(v) }) with
            {
                Role = BuildRoles.Guard(o => o.KitSigners.IsEmpty ? null : string.Join(' ', o.KitSigners), new("zboot", "signer")),
            },
            new("o", "FILE", "The finished image; its IMA sidecar is FILE.sig.", (o, v) => o with { Output = v })
            {
                Role = BuildRoles.Output(o => o.Output, new("outputs", "image", Required: true)),
            },
            .. BuildRoles.Signer("outer", "sign", "", "of the outer PE (Secure Boot)", o => o.Outer, (o, s) => o with { Outer = s }),
            .. BuildRoles.Signer("inner", "sign-inner", "inner-", "of the Image inside (kexec)", o => o.Inner,
                (o, s) => o with { Inner = s }),
            .. BuildRoles.Signer("ima", "ima", "ima-", "for IMA", o => o.Ima, (o, s) => o with { Ima = s }),
            .. BuildRoles.Pins(),
            .. BuildRoles.Existing(),
            ZbootOptionSpecs.Sbat<BuildOptions>((o, v) => o with { Sbat = v }) with
            {
                Role = BuildRoles.Content(o => o.Sbat, new("embed", "sbat")),
            },
            new("parser", "FILE", "A kexec BPF parser object for the .bpf section.", (o, v) => o with { Parser = v })
            {
                Role = BuildRoles.Content(o => o.Parser, new("embed", "parser")),
            },
            new("compression", "NAME", "How the payload is compressed.",
                (o, v) => o with { Compression = OptionValues.Choice("compression", v, PayloadFormat.Words) },
                PayloadFormat.Default.Word, choices: PayloadFormat.Words)
            {
                Role = BuildRoles.Value(o => o.Compression, new("zboot", "compression")),
            },
            new("level", "N", $"Compression level: {PayloadCodec.Levels}.", (o, v) => o with { Level = OptionValues.Number("level", v) },
                PayloadCodec.Defaults)
            {
                Role = BuildRoles.Number(o => o.Level, new("zboot", "level") { Range = (1, 22) }),
            },
            ZbootOptionSpecs.Zstd<BuildOptions>((o, v) => o with { Zstd = v }) with { Role = BuildRoles.Zstd },
            new("signed-image", "FILE", "Keep the signed Image that is inside.", (o, v) => o with { SignedImage = v },
                kind: OptionKind.PathOut)
            {
                Role = BuildRoles.Output(o => o.SignedImage, new("outputs", "signedImage")),
            },
            new("tar", "FILE", "Write a tar of the finished image with SCHILY.xattr.security.ima.", (o, v) => o with { Tar = v },
                kind: OptionKind.PathOut)
            {
                Role = BuildRoles.Output(o => o.Tar, new("outputs", "tar")),
            },
            new("xattr", "NAMESPACE", "Set security.ima (needs privilege) or user.ima on the finished image.", (o, v) =>
                o with { Xattr = OptionValues.Choice("xattr", v, Namespaces) }, choices: Namespaces)
            {
                Role = BuildRoles.Value(o => o.Xattr, new("ima", "xattr")),
            },
            new("report", "FILE", "Write the result as JSON.", (o, v) => o with { Report = v }, kind: OptionKind.PathOut)
            {
                Role = BuildRoles.Output(o => o.Report,
                    new("outputs", "report") { Note = "A later run knows the image by it; IMAGE.report.json when absent." },
                    OptionScope.Each),
            },
            .. PictureOptionSpecs.Of<BuildOptions>((o, v) => o with { Html = v }, (o, v) => o with { Markdown = v })
                .Select(option => option with { Role = BuildRoles.Page(option.Name) }),
            new("policy", "FILE", "Let nothing appear that breaks this policy ('verify --policy' judges by the same).",
                (o, v) => o with { Policy = v })
            {
                Role = BuildRoles.Content(o => o.Policy, new("image", "policy"), OptionScope.Each),
            },
            new("provenance", "FILE", "Write in-toto provenance (SLSA 1) in a signed DSSE envelope.", (o, v) => o with { Provenance = v },
                kind: OptionKind.PathOut)
            {
                Role = BuildRoles.Output(o => o.Provenance,
                    new("outputs", "provenance") { Note = "IMAGE.intoto.json when absent and there is a provenance step." }),
            },
            .. BuildRoles.Signer("provenance", "provenance", "provenance-", "of the provenance", o => o.ProvenanceSigner,
                (o, s) => o with { ProvenanceSigner = s }),
            new("builder", "URI", "Who builds, for the provenance.", (o, v) => o with { Builder = v }, ProvenanceStatement.UnnamedBuilder)
            {
                Role = BuildRoles.Value(o => o.Builder, new("provenance", "builder")),
            },
            new("profile", "PROFILE", "Take options from this profile of the configuration; what is given here wins.", (o, _) => o)
            {
                Role = BuildRoles.Run(_ => null),
            },
            new("keys", "FILE", "A file of 'keys' and 'pin' to take instead of those of a plan of many images.",
                (o, v) => o with { Keys = v })
            {
                Role = BuildRoles.Run(o => o.Keys),
            },
            new("allow-module", "PATH",
                "A PKCS#11 module that plan, policy and keys may name, written as they do; without it one that they name is an error.",
                (o, v) => o with { AllowedModules = o.AllowedModules.Add(v) }, repeatable: true, kind: OptionKind.Text)
            {
                Role = BuildRoles.Run(o => o.AllowedModules.IsEmpty ? null : o.AllowedModules[0]),
            },
            new("output-root", "FOLDER", "Folder that a plan's outputs are taken from and stay below, instead of the plan's own.",
                (o, v) => o with { OutputRoot = v })
            {
                Role = BuildRoles.Run(o => o.OutputRoot),
            },
            new("shard", "I/N",
                "Build every N-th image of a plan only, from the I-th on; auto (or auto/N) is the part of the array job that this is.",
                (o, v) => o with { Shard = v })
            {
                Role = BuildRoles.Run(o => o.Shard),
            },
            new("rebuild", null, "Build a plan's images even where they are there and verified.", (o, _) => o with { Rebuild = true })
            {
                Role = BuildRoles.Run(o => o.Rebuild ? "" : null),
            },
        ],
        Examples =
        [
            new("kexecsign build --image Image --kit arm64.kit --key 'pkcs11:object=db' --cert db.pem --inner-key 'pkcs11:object=kexec' "
                + "--inner-cert kexec.pem --pin-env PIN -o vmlinuz.efi",
                "A zboot image that boots under Secure Boot and whose kernel kexec takes."),
            new("kexecsign build --image Image --kit arm64.kit -o vmlinuz.efi --profile release",
                "The same with keys, certificates and PIN from kexecsign.json."),
            new("kexecsign build plan.json --pin-env PIN --report report.json", "All images of a plan, in one login."),
            new("kexecsign build plan.json --keys throwaway.keys.json --shard 2/5 --report shard-2.json",
                "A fifth of them, with other keys; 'kexecsign plan merge' joins the reports."),
        ],
    };

    private static BuildOutcome Run(BuildOptions options, RunContext context)
    {
        // A face that fills in options, not arguments, has named a plan of either kind.
        if (options.Plan is not null && BuildPlan.Read(options with { Plan = null }, options.Plan) is { Plan: null } single)
            options = single;
        if (options.Plan is null)
        {
            if (options.Shard is not null || options.Rebuild || options.Keys is not null)
                throw OperationErrors.NoPlanToShard.With(options.Shard is not null ? new NamedOption("shard")
                    : options.Rebuild ? new NamedOption("rebuild")
                    : new NamedOption("keys"));
            return Pictured(options, BuildFiles.Of(options), () => new BuildLine(Complete(options), context).Run(), context);
        }
        RefuseOneImagesOptions(options);
        return Pictured(options, [], () => PlanRun.Run(options, context), context);
    }

    private static BuildOutcome Pictured(BuildOptions options, ImmutableArray<string> outputs, Func<BuildOutcome> run, RunContext context)
    {
        using PictureFiles? pages = PictureFiles.Begin(
            options.Html, options.Markdown, [options.Plan, options.Image, options.Kit, options.Keys, options.Policy, options.Sbat,
                options.Parser, options.Report, .. outputs], context);
        BuildOutcome outcome = run();
        pages?.Write(BuildPicture.Of(outcome), context);
        return outcome;
    }

    /// <summary>The options with the PIN's source at each key; what cannot be done without something else is refused.</summary>
    internal static BuildOptions Complete(BuildOptions options)
    {
        Require(options.Image, new("image"));
        Require(options.Output, new("o"));
        RequirePair(options.Outer, "key", "cert");
        RequirePair(options.Inner, "inner-key", "inner-cert");
        RequirePair(options.Ima, "ima-key", "ima-cert");
        RequirePair(options.ProvenanceSigner, "provenance-key", "provenance-cert");
        if (options.Ima.Key is null && (options.Tar ?? options.Xattr) is not null)
            throw OperationErrors.OptionMissing.With("build",
                $"{new NamedOption("ima-key")} (for {new NamedOption(options.Tar is null ? "xattr" : "tar")})");
        if (options.SignedImage is not null)
            Require(options.Inner.Key, new("inner-key"));
        StandingImage.RequireUnchanged(options);
        return options with
        {
            Outer = options.Outer with { Pin = options.Pin },
            Inner = options.Inner with { Pin = options.Pin },
            Ima = options.Ima with { Pin = options.Pin },
            ProvenanceSigner = options.ProvenanceSigner with { Pin = options.Pin },
        };
    }

    private static IEnumerable<PlannedStep> Steps(BuildOptions o) =>
    [
        .. PlannedStep.Read(BuildSources.Paths(o)),
        .. PlannedStep.Sign("the Image inside", o.Inner.Key, o.Inner.Certificate),
        .. o.Kit is null
            ? (ReadOnlySpan<PlannedStep>)[]
            : [new("run", $"compress ({o.Compression ?? PayloadFormat.Default.Word}), objcopy and ld")],
        .. PlannedStep.Sign("the outer PE", o.Outer.Key, o.Outer.Certificate),
        .. PlannedStep.Sign("the finished file for IMA", o.Ima.Key, o.Ima.Certificate),
        .. o.Provenance is null ? [] : PlannedStep.Sign("the provenance", o.ProvenanceSigner.Key, o.ProvenanceSigner.Certificate),
        .. PlannedStep.Write(BuildFiles.Of(o)),
        .. PlannedStep.Write(o.Html, o.Markdown),
    ];

    private static void RefuseOneImagesOptions(BuildOptions options)
    {
        foreach ((OptionSpec<BuildOptions> option, OptionRole<BuildOptions> role) in BuildRoles.All)
        {
            if (role.Scope == OptionScope.One && role.Value(options) is not null)
                throw OperationErrors.PlanAndOption.With(new NamedOption(option.Name), "images of its own");
        }
    }

    private static void RequirePair(SigningOptions signing, string key, string certificate)
    {
        if (signing.Key is null != signing.Certificate is null)
            throw OperationErrors.OptionMissing.With("build", new NamedOption(signing.Key is null ? key : certificate));
    }

    private static void Require(string? value, NamedOption option)
    {
        if (value is null)
            throw OperationErrors.OptionMissing.With("build", option);
    }
}
