using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Settings;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Ima;
using KexecSign.Judging;

namespace KexecSign.Commands.Ima;

/// <summary>Options of <c>ima verify</c>.</summary>
public sealed record ImaVerifyOptions
{
    /// <summary>Files, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>A file with more of them; null for none.</summary>
    public string? FilesFrom { get; init; }

    /// <summary>Certificates of the .ima keyring; of the .evm keyring too, with <see cref="Evm"/>.</summary>
    public ImmutableArray<string> Certificates { get; init; } = [];

    /// <summary>Where the value is looked for: <c>sidecar</c>, <c>security</c> or <c>user</c>; null for the first that is there.</summary>
    public string? From { get; init; }

    /// <summary>Whether portable EVM signatures are checked too, and what they cover.</summary>
    public EvmOptions Evm { get; init; } = new();
}

/// <summary>A file's verdict.</summary>
/// <param name="File">The file.</param>
/// <param name="Verdict">What IMA would do.</param>
public sealed record ImaFileVerdict(string File, Verdict Verdict);

/// <summary>Result of <c>ima verify</c>.</summary>
/// <param name="Files">One verdict a file.</param>
public sealed record ImaVerifyResult(ImmutableArray<ImaFileVerdict> Files) : OperationResult
{
    private const int MostRows = 30;

    /// <inheritdoc/>
    public override ExitCode Exit =>
        Files.All(f => f.Verdict.Answer == Answer.Accepts) ? ExitCode.Done
        : Files.Any(f => f.Verdict.Answer == Answer.Refuses) ? ExitCode.VerificationFailed
        : ExitCode.Failed;

    /// <summary>Manifests of signatures below the folders, which are no content that a kernel appraises.</summary>
    public ImmutableArray<string> Manifests { get; init; } = [];

    /// <inheritdoc/>
    public override ReportView View() => new(
        Exit == ExitCode.Done ? $"IMA: {Files.Length} file(s) verified" : "IMA: NOT verified",
        [new("", ["file", "answer", "reason"],
            [.. Files.Where(f => Files.Length <= MostRows || f.Verdict.Answer != Answer.Accepts).Take(MostRows)
                .Select(f => ImmutableArray.Create(
                f.File, f.Verdict.Says, f.Verdict.Why))])],
        [.. Manifests.Select(m => $"{m} is a manifest of signatures and was left out.")]);
}

/// <summary><c>ima verify</c>: checks sidecars and xattrs as IMA appraisal would.</summary>
internal static class ImaVerifyOperation
{
    private static readonly ImmutableArray<string> Places = ["sidecar", "security", "user"];

    public static Operation<ImaVerifyOptions, ImaVerifyResult> Definition { get; } = new()
    {
        Name = "ima verify",
        Summary = "Verify IMA signatures: FILE.sig, or the file's security.ima or user.ima.",
        Body = Run,
        TypedResult = () => ImaJson.Default.ImaVerifyResult,
        MakeArguments = () => [new("FILE", "The file, folder or pattern, or several.", (o, v) => o with { Files = o.Files.Add(v) },
            required: false, repeatable: true)],
        MakeOptions = () =>
        [
            new("cert", "CERT", "Certificate of the .ima keyring.", (o, v) => o with { Certificates = o.Certificates.Add(v) },
                required: true, repeatable: true) { Trusts = [TrustRole.Ima] },
            .. EvmOptions.Specs<ImaVerifyOptions>("Check the portable EVM signature too: FILE.evm.sig, or security.evm.", o => o.Evm,
                (o, e) => o with { Evm = e }),
            new("from", "PLACE", "Take the value from there alone; without it from the first of the three that is there.",
                (o, v) => o with { From = OptionValues.Choice("from", v, Places) }, choices: Places),
            BatchSelection.FilesFrom<ImaVerifyOptions>((o, v) => o with { FilesFrom = v }),
        ],
        Examples = [new("kexecsign ima verify vmlinuz.efi --cert ima.pem",
            "Check vmlinuz.efi.sig, or the xattr when there is no sidecar.")],
    };

    private static ImaVerifyResult Run(ImaVerifyOptions options, RunContext context)
    {
        (ImmutableArray<SelectedFile> files, ImmutableArray<SelectedFile> manifests) =
            ImaSelection.WithoutManifests(ImaSelection.Of(options.Files, options.FilesFrom, "ima verify"));
        _ = options.Evm.Checked();
        ImmutableArray<X509Certificate2> trusted = ImaSelection.Trusted(options.Certificates, "ima verify", context);
        return new(Batch.Run(files, "verify IMA signatures of", context,
            (file, refused) => new ImaFileVerdict(file.Path, Verdict.Failed(Consumer.Ima, refused)), (file, _, step, answer) =>
        {
            using FileSource source = file.Open();
            (byte[] value, string where) = ImaCheck.Find(file.Path, options.From) ?? throw VerifyErrors.NoImaSignature.With(file.Path);
            var signature = ImaSignature.Decode(value);
            X509Certificate2 signer = ImaCheck.Check(signature, source.ToLayout(), trusted, step, context.Cancellation);
            string reason = $"{where}: {ImaSelection.Described(signature)} of {signer.Subject}{ImaRelease.Since(signature, signer)}";
            // The sidecar says what the build meant; where the attribute that kernels read is set already, it must be right too.
            if (options.From is null && ExtendedAttribute.TryGet(file.Path, "security.ima") is { Length: > 0 } read
                && !read.AsSpan().SequenceEqual(value))
            {
                if (!ImaValues.IsSignature(read))
                    throw VerifyErrors.ImaDigestAlone.With($"{read[0]:x2}");
                ImaCheck.Check(ImaSignature.Decode(read), source.ToLayout(), trusted, SilentLog.Instance, context.Cancellation);
                reason += "; security.ima holds too";
            }
            if (options.Evm.Wanted)
            {
                (byte[] evm, string evmWhere) = EvmSigning.Find(file.Path) ?? throw VerifyErrors.NoEvmSignature.With(file.Path);
                reason += $"; {evmWhere}: holds by {EvmSigning.Check(evm, options.Evm.Of(file.Path, value), trusted).Subject}";
            }
            answer(new(file.Path, new(Consumer.Ima, Answer.Accepts, reason)));
        }))
        {
            Manifests = [.. manifests.Select(m => m.Path)],
        };
    }
}
