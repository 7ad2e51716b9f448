using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Signing;
using KexecSign.Signing.Timestamps;

namespace KexecSign.Commands.Sign;

/// <summary>Options of <c>sign</c>.</summary>
public sealed record SignOptions
{
    /// <summary>The images to sign.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>Key, certificate, PIN and digest.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>Output file for one input, output folder for several.</summary>
    public string? Output { get; init; }

    /// <summary>Whether the inputs are replaced.</summary>
    public bool InPlace { get; init; }

    /// <summary>What becomes of signatures that are there already.</summary>
    public ExistingSignatures Existing { get; init; }

    /// <summary>Whether a kernel Image is padded so that signed it is exactly image_size bytes long.</summary>
    public bool Fit { get; init; }

    /// <summary>Where timestamps come from.</summary>
    public TimestampOptions Timestamp { get; init; } = new();

    /// <summary>Whether the signer claims a signing time.</summary>
    public bool SigningTime { get; init; }

    /// <summary>Further certificates that travel with the signature.</summary>
    public ImmutableArray<string> Chain { get; init; } = [];

    /// <summary>Whether the PKCS#7 alone is written, and the image left alone.</summary>
    public bool Detached { get; init; }

    /// <summary>Whether bytes behind the last section are signed, with a warning, instead of being refused.</summary>
    public bool TrailingBytes { get; init; }
}

/// <summary>Result of <c>sign</c>.</summary>
/// <param name="Signed">The files signed, in the order given.</param>
/// <param name="Failed">The files that were not.</param>
public sealed record SignResult(ImmutableArray<SignedImage> Signed, ImmutableArray<FailedFile> Failed) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => Failed.IsEmpty ? ExitCode.Done : Signed.IsEmpty ? ExitCode.Failed : ExitCode.SomeFailed;

    /// <inheritdoc/>
    public override ReportView View() => new(
        Failed.IsEmpty ? $"signed {Signed.Length} file(s)" : $"signed {Signed.Length} file(s), {Failed.Length} failed",
        [new("", ["file", "bytes", "image digest", "table", "signer"],
            [.. Signed.Select(s => ImmutableArray.Create(
                s.File, $"{s.Size}", $"{s.DigestAlgorithm} {s.ImageDigest}", $"0x{s.CertificateTableOffset:x}+0x{s.CertificateTableSize:x}", s.Signer))])],
        [])
    {
        Failures = [.. Failed.Select(f => new ReportFailure(f.Code, f.Message))],
    };
}

/// <summary><c>sign</c>: Authenticode signatures, many files in one login.</summary>
internal static class SignOperation
{
    public static Operation<SignOptions, SignResult> Definition { get; } = new()
    {
        Name = "sign",
        Summary = "Sign EFI images: kernels, zboot images, UKIs.",
        Details = "All files are hashed first, then signed in one login, then put in place; each appears whole or not at all. "
            + "No signing time is written unless --signing-time asks for one, so the same file and key give the same bytes.",
        Body = Run,
        Plan = o =>
        [
            .. PlannedStep.Read(o.Files), .. o.Files.SelectMany(f => PlannedStep.Sign(f, o.Signing.Key, o.Signing.Certificate)),
            .. PlannedStep.Write(o.Files.Select(f => Target(f, o))),
        ],
        TypedResult = () => SignJson.Default.SignResult,
        TypedArguments = [new("FILE", "The image, or several.", (o, v) => o with { Files = o.Files.Add(v) }, repeatable: true)],
        TypedOptions =
        [
            .. SigningOptionSpecs.All<SignOptions>("that signs", HashUses.Image, o => o.Signing, (o, s) => o with { Signing = s }),
            new("o", "PATH", "Output file for one image, existing folder for several.", (o, v) => o with { Output = v }),
            new("in-place", null, "Replace the input.", (o, _) => o with { InPlace = true }),
            .. SigningOptionSpecs.Existing<SignOptions>(o => o.Existing, (o, e) => o with { Existing = e }),
            new("fit", null, "Pad a kernel Image so that, signed, it is exactly image_size bytes long: for the Image inside a zboot.", (o, _) => o with { Fit = true }),
            new("timestamp", "URL", "RFC 3161 server to have the signature timestamped by; the first that answers is taken.",
                (o, v) => o with { Timestamp = o.Timestamp with { Servers = o.Timestamp.Servers.Add(v) } }, repeatable: true),
            new("timestamp-wait", "SECONDS", "Longest wait for one server's answer.",
                (o, v) => o with { Timestamp = o.Timestamp with { AttemptSeconds = OptionValues.Seconds("timestamp-wait", v) } }, "10"),
            new("timestamp-deadline", "SECONDS", "Longest wait for all timestamps together.",
                (o, v) => o with { Timestamp = o.Timestamp with { TotalSeconds = OptionValues.Seconds("timestamp-deadline", v) } }, "120"),
            new("chain", "CERT", "Further certificates that travel with the signature, besides those that stand behind --cert's first.",
                (o, v) => o with { Chain = o.Chain.Add(v) }, repeatable: true),
            new("detached", null, "Write the PKCS#7 alone; 'signatures add' puts it into the image.", (o, _) => o with { Detached = true }),
            new("trailing-bytes", null, "Sign bytes behind the last section too, with a warning, instead of refusing them: every hash covers them.",
                (o, _) => o with { TrailingBytes = true }),
            new("signing-time", null, "Write a signing time: SOURCE_DATE_EPOCH, or now where that is not set.", (o, _) => o with { SigningTime = true }),
        ],
        Examples =
        [
            new("kexecsign sign vmlinuz.efi --key 'pkcs11:token=release;object=db' --cert db.pem --pin-env RELEASE_PIN -o vmlinuz.signed.efi",
                "Sign a zboot image with a token's key."),
            new("kexecsign sign Image --key file:kexec.key --cert kexec.pem --fit -o Image.signed",
                "Sign a kernel Image so that it can go into a zboot and still be loaded by kexec."),
            new("kexecsign sign grub.efi --key file:db.key --cert db.pem --timestamp http://tsa.example/one --timestamp http://tsa.example/two -o grub.signed.efi",
                "Have the signature timestamped, by the second server when the first does not answer."),
        ],
    };

    private static SignResult Run(SignOptions options, RunContext context)
    {
        if (options.Files.IsEmpty)
            throw OperationErrors.OptionMissing.With("sign", "a FILE");
        // Padding an image breaks the signatures that it keeps, and another table behind it breaks the fit.
        if (options is { Fit: true, Existing: ExistingSignatures.Append or ExistingSignatures.Prepend })
            throw OperationErrors.OptionsConflict.With("--fit", "--" + options.Existing.ToString().ToLowerInvariant());
        // How long a token will be is not known, and the padding counts on the length.
        if (options is { Fit: true, Timestamp.Servers.IsEmpty: false })
            throw OperationErrors.OptionsConflict.With("--fit", "--timestamp");
        if (options.Detached && (options.InPlace || options.Fit || options.Files.Length > 1))
            throw OperationErrors.OptionsConflict.With("--detached", options.InPlace ? "--in-place" : options.Fit ? "--fit" : "several files");
        ImmutableArray<FileTarget> targets = [.. options.Files.Select(file => new FileTarget(file, Target(file, options)))];
        BatchNames.RequireDifferent(Outputs(targets));
        var identity = SigningIdentity.Open("sign", options.Signing, context, MlDsaUse.TakenByKexec);
        if (!options.Chain.IsEmpty)
            identity = identity with { Certificates = [.. identity.Certificates, .. options.Chain.SelectMany(c => context.Keyring.OpenCertificates(c, options.Signing.Pin, context.Cancellation))] };
        if (options.SigningTime)
            identity = identity with { SigningTime = Signing.Timestamps.SigningTime.Get(identity.Certificate, context) };
        using var timestamper = Timestamper.For(options.Timestamp, context.Cancellation);
        if (targets.Length == 1)
            return new([SignOne(targets[0].File, targets[0].Target, identity, options, timestamper, context)], []);
        return SignMany(targets, identity, options, timestamper, context);
    }

    private static IEnumerable<(string Input, string Output)> Outputs(ImmutableArray<FileTarget> targets)
    {
        foreach (FileTarget target in targets)
            yield return (target.File, Path.GetFullPath(target.Target));
    }

    private static SignedImage SignOne(string file, string target, SigningIdentity identity, SignOptions options, Timestamper? timestamper, RunContext context)
    {
        using FileSource source = FileSource.Open(file);
        if (options.Detached)
            return DetachedSigning.Sign(source, target, identity, options, timestamper, context);
        using ImageSigning signing = Begin(source, target, identity, options, new OutputFolders(), context);
        signing.Sign(context, timestamper);
        return signing.Finish();
    }

    private static SignResult SignMany(
        ImmutableArray<FileTarget> targets, SigningIdentity identity, SignOptions options, Timestamper? timestamper, RunContext context)
    {
        var signed = ImmutableArray.CreateBuilder<SignedImage>();
        var failed = ImmutableArray.CreateBuilder<FailedFile>();
        KexecSignException? lost = null;
        using var commit = new GroupCommit();
        // A group at a time, because each file has its input and its output open until it is in place.
        foreach (FileTarget[] group in targets.Chunk(GroupCommit.GroupSize))
        {
            BatchImage[] files = [.. group.Select(t => new BatchImage(t.File, t.Target))];
            lost = SignGroup(files, lost, commit, identity, options, timestamper, context);
            foreach (BatchImage file in files)
            {
                if (file.Signed is not null)
                    signed.Add(file.Signed);
                if (file.Failed is not null)
                    failed.Add(file.Failed);
            }
            if (lost is not null && signed.Count == 0)
                throw lost;
        }
        commit.Finish();
        return new(signed.ToImmutable(), failed.ToImmutable());
    }

    private static KexecSignException? SignGroup(
        BatchImage[] files, KexecSignException? lost, GroupCommit commit, SigningIdentity identity, SignOptions options, Timestamper? timestamper, RunContext context)
    {
        try
        {
            // The whole group is hashed before the token is asked for anything; with a key that is lost there is nothing to hash for.
            if (lost is null)
                Workers.Run(files.Length, Workers.Default, i => files[i].Attempt(file => file.Begin(identity, options, commit.Folders, context)), context.Cancellation);
            // Servers are asked one after the other; tokens take as many signatures at a time as they have sessions.
            Workers.Run(files.Length, timestamper is null ? Workers.Default : 1, Sign, context.Cancellation, (_, late) => Lose(late as KexecSignException ?? Failure.Explain(late)));
            foreach (BatchImage file in files)
                file.Attempt(f => f.Commit(commit, lost));
            commit.Flush();
            return lost;

            // A key that fails once is not asked again; what it signed before is finished.
            void Sign(int i)
            {
                if (Volatile.Read(ref lost) is not null || files[i].Signing is not { } signing)
                    return;
                try
                {
                    signing.Sign(context, timestamper);
                    files[i].IsSigned = true;
                }
                catch (KexecSignException refused) when (Batch.IsKeys(refused))
                {
                    Lose(refused);
                    return;
                }
                files[i].Attempt(file => file.Complete());
            }

            void Lose(KexecSignException refused) => Interlocked.CompareExchange(ref lost, refused, null);
        }
        finally
        {
            foreach (BatchImage file in files)
                file.Dispose();
        }
    }

    // No tuple: code for lists of tuples is compiled on every start.
    private sealed record FileTarget(string File, string Target);

    // One file of several on its way from hash to signature; worked on by one thread at a time.
    private sealed class BatchImage(string path, string target) : IDisposable
    {
        private FileSource? _source;
        private SignedImage? _complete;

        public ImageSigning? Signing { get; private set; }

        public bool IsSigned { get; set; }

        public SignedImage? Signed { get; private set; }

        public FailedFile? Failed { get; private set; }

        public void Begin(SigningIdentity identity, SignOptions options, OutputFolders folders, RunContext context)
        {
            _source = FileSource.Open(path);
            Signing = SignOperation.Begin(_source, target, identity, options, folders, context);
        }

        public void Complete() => _complete = Signing!.Complete();

        public void Commit(GroupCommit commit, KexecSignException? lost)
        {
            if (Failed is not null)
                return;
            if (!IsSigned)
                throw lost!;
            commit.Add(Signing!.Output, refused => Attempt(file => file.Signed = refused is null ? file._complete : throw refused));
        }

        public void Attempt(Action<BatchImage> work)
        {
            try
            {
                work(this);
            }
            catch (KexecSignException refused)
            {
                Failed = new(path, refused.Code.Id, refused.In(path).Message);
            }
        }

        public void Dispose()
        {
            Signing?.Dispose();
            _source?.Dispose();
        }
    }

    private static ImageSigning Begin(
        FileSource source, string target, SigningIdentity identity, SignOptions options, OutputFolders folders, RunContext context)
    {
        try
        {
            PendingSignature pending = DetachedSigning.Prepare(source, identity, options, context);
            OutputFile output = options.InPlace ? OutputFile.Create(target, folders) : OutputFile.Create(target, folders, source.Path);
            try
            {
                return ImageSigning.Begin(pending, identity, output, context);
            }
            catch
            {
                output.Dispose();
                throw;
            }
        }
        catch (KexecSignException refused)
        {
            throw refused.In(source.Path);
        }
    }

    private static string Target(string file, SignOptions options)
    {
        if (options is { InPlace: true, Output: not null })
            throw OperationErrors.OptionsConflict.With("-o", "--in-place");
        if (options.InPlace)
            return file;
        bool toFolder = options.Output is not null && Directory.Exists(options.Output);
        if (options.Output is [.., '/'] && !toFolder)
            throw OperationErrors.OutputFolderMissing.With().In(options.Output);
        if (options.Output is null || (options.Files.Length > 1 && !toFolder))
            throw OperationErrors.NoOutput.With(options.Files.Length);
        return toFolder ? Path.Combine(options.Output, Path.GetFileName(file)) : options.Output;
    }
}
