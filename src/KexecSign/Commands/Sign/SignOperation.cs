using KexecSign.Formats.Errors;
using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Settings;
using KexecSign.Keys.References;
using KexecSign.Signing;
using KexecSign.Signing.Timestamps;

namespace KexecSign.Commands.Sign;

/// <summary><c>sign</c>: Authenticode signatures, many files in one login.</summary>
internal static class SignOperation
{
    public static Operation<SignOptions, SignResult> Definition { get; } = new()
    {
        Name = "sign",
        Summary = "Sign EFI images: kernels, zboot images, UKIs.",
        Details = "Takes files, folders (every EFI image below them, whatever its name) and quoted patterns. The token is logged in to "
            + "once; each file appears whole or not at all, so a run that was interrupted can be run again. When some files fail the "
            + "others are signed and the exit code is 3. No signing time is written unless --signing-time asks for one, so the same file "
            + "and key give the same bytes.",
        Body = Run,
        SignsElsewhere = true,
        Plan = o =>
        {
            ImmutableArray<SelectedFile> files = ImageSelection.ToSign.Of(o.Files, o.FilesFrom);
            return
            [
                .. PlannedStep.Read(files.Select(f => f.Path)),
                .. files.SelectMany(f => PlannedStep.Sign(f.Path, o.Signing.Key, o.Signing.Certificate)),
                .. PlannedStep.Write(BatchTargets.Of(files, o.Files, o.Output, o.InPlace)),
            ];
        },
        TypedResult = () => SignJson.Default.SignResult,
        MakeArguments = () => [new("FILE", "The image, folder or pattern, or several.", (o, v) => o with { Files = o.Files.Add(v) },
            required: false, repeatable: true)],
        MakeOptions = () =>
        [
            .. SigningOptionSpecs.All<SignOptions>("that signs", HashUses.Image, o => o.Signing, (o, s) => o with { Signing = s }),
            BatchSelection.FilesFrom<SignOptions>((o, v) => o with { FilesFrom = v }),
            new("o", "PATH", "Output file for one image, existing folder for several.", (o, v) => o with { Output = v }),
            new("in-place", null, "Replace the images.", (o, _) => o with { InPlace = true }),
            .. SigningOptionSpecs.Existing<SignOptions>(o => o.Existing, (o, e) => o with { Existing = e }),
            new("skip-signed", null, "Leave images alone that have a signature by this key and digest that holds.",
                (o, _) => o with { SkipSigned = true }),
            new("fit", null, "Pad a kernel Image so that, signed, it is exactly image_size bytes long: for the Image inside a zboot.",
                (o, _) => o with { Fit = true }),
            new("timestamp", "URL", "RFC 3161 server to have the signature timestamped by; the first that answers is taken.",
                (o, v) => o with { Timestamp = o.Timestamp with { Servers = o.Timestamp.Servers.Add(v) } }, repeatable: true),
            new("tsa", "CERT",
                "An authority whose timestamps are taken, or who issued its certificate; each answer is checked before it is built in.",
                (o, v) => o with { Timestamp = o.Timestamp with { Authorities = o.Timestamp.Authorities.Add(v) } },
                repeatable: true) { Trusts = [TrustRole.Tsa] },
            new("tsa-unverified", null, "Take a timestamp whoever made it.",
                (o, _) => o with { Timestamp = o.Timestamp with { Unverified = true } }) { SaysWhomToTrust = true },
            new("timestamp-wait", "SECONDS", "Longest wait for one server's answer.",
                (o, v) => o with { Timestamp = o.Timestamp with { AttemptSeconds = OptionValues.Seconds("timestamp-wait", v) } }, "10"),
            new("timestamp-deadline", "SECONDS", "Longest wait for all timestamps together.",
                (o, v) => o with { Timestamp = o.Timestamp with { TotalSeconds = OptionValues.Seconds("timestamp-deadline", v) } }, "120"),
            new("chain", "CERT", "Further certificates that travel with the signature, besides those that stand behind --cert's first.",
                (o, v) => o with { Chain = o.Chain.Add(v) }, repeatable: true),
            new("detached", null, "Write the PKCS#7 alone; 'signatures add' puts it into the image.", (o, _) => o with { Detached = true }),
            new("trailing-bytes", null,
                "Sign bytes behind the last section too, with a warning, instead of refusing them: every hash covers them.",
                (o, _) => o with { TrailingBytes = true }),
            new("signing-time", null, "Write a signing time: SOURCE_DATE_EPOCH, or now where that is not set.",
                (o, _) => o with { SigningTime = true }),
        ],
        Examples =
        [
            new("kexecsign sign vmlinuz.efi --key 'pkcs11:token=release;object=db' --cert db.pem --pin-env RELEASE_PIN -o "
                + "vmlinuz.signed.efi",
                "Sign a zboot image with a token's key."),
            new("kexecsign sign efi --in-place --skip-signed --key 'pkcs11:token=release;object=db' --cert db.pem --pin-env RELEASE_PIN",
                "Sign every EFI image of a tree in one login, and go on where a run was interrupted."),
            new("kexecsign sign Image --key file:kexec.key --cert kexec.pem --fit -o Image.signed",
                "Sign a kernel Image so that it can go into a zboot and still be loaded by kexec."),
            new("kexecsign sign grub.efi --key file:db.key --cert db.pem --timestamp http://tsa.example/one --timestamp "
                + "http://tsa.example/two --tsa tsa.pem -o grub.signed.efi",
                "Have the signature timestamped, by the second server when the first does not answer."),
        ],
    };

    private static SignResult Run(SignOptions options, RunContext context)
    {
        ImmutableArray<SelectedFile> files = ImageSelection.ToSign.Of(options.Files, options.FilesFrom);
        RequireSense(options, files.Length);
        ImmutableArray<string> targets = BatchTargets.Of(files, options.Files, options.Output, options.InPlace);
        SigningIdentity identity = Identity(options, context);
        using var timestamper = Timestamper.For(options.Timestamp, context);
        var signer = new ImageSigner(identity, options, timestamper, context);
        // An image that is named by itself: what is wrong with it is the whole answer, and it may come from a stream and go into one.
        return options.FilesFrom is null && options.Files is [var only] && files is [{ Root: null } file] && only == file.Path
            ? new([signer.Sign(file, targets[0])])
            : new(signer.SignAll(files, targets));
    }

    private static void RequireSense(SignOptions options, int count)
    {
        // Padding an image breaks the signatures that it keeps, and another table behind it breaks the fit.
        if (options is { Fit: true, Existing: ExistingSignatures.Append or ExistingSignatures.Prepend })
            throw OperationErrors.OptionsConflict.With(new NamedOption("fit"),
                new NamedOption(options.Existing.ToString().ToLowerInvariant()));
        // How long a token will be is not known, and the padding counts on the length.
        if (options is { Fit: true, Timestamp.Servers.IsEmpty: false })
            throw OperationErrors.OptionsConflict.With(new NamedOption("fit"), new NamedOption("timestamp"));
        // The rehearsal has no signature that could be timestamped.
        if (options is { Timestamp.Servers.IsEmpty: false, Signing.Key: { } key } && BundleReference.Is(key))
            throw OperationErrors.OptionsConflict.With(new NamedOption("timestamp"), $"a key that is elsewhere ({key})");
        if (options.Detached && (options.InPlace || options.Fit || options.SkipSigned || count > 1))
            throw OperationErrors.OptionsConflict.With(new NamedOption("detached"), options.InPlace ? new NamedOption("in-place")
                : options.Fit ? new NamedOption("fit") : options.SkipSigned ? new NamedOption("skip-signed") : "several files");
    }

    private static SigningIdentity Identity(SignOptions options, RunContext context)
    {
        var identity = SigningIdentity.Open("sign", options.Signing, context, MlDsaUse.TakenByKexec);
        if (!options.Chain.IsEmpty)
            identity = identity with
            {
                Certificates = [.. identity.Certificates,
                .. options.Chain.SelectMany(c => context.Keyring.OpenCertificates(c, options.Signing.Pin, context.Cancellation))],
            };
        return options.SigningTime
            ? identity with { SigningTime = Signing.Timestamps.SigningTime.Get(identity.Certificate, context) }
            : identity;
    }
}
