using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Settings;
using KexecSign.Core.Reports;
using KexecSign.Formats.Errors;
using KexecSign.Judging;
using KexecSign.Modules;

namespace KexecSign.Commands.Modules;

/// <summary>Options of <c>module verify</c>.</summary>
public sealed record ModuleVerifyOptions
{
    /// <summary>Files, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>A file with more of them; null for none.</summary>
    public string? FilesFrom { get; init; }

    /// <summary>Certificates of the kernel's keyrings.</summary>
    public ImmutableArray<string> Certificates { get; init; } = [];
}

/// <summary>Result of <c>module verify</c>.</summary>
/// <param name="Files">What was found of each file.</param>
public sealed record ModuleVerifyResult(ImmutableArray<FileOutcome> Files) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => FileOutcome.ExitOfVerification(Files);

    /// <inheritdoc/>
    public override ReportView View() => BatchView.Of($"verified {Files.Count(f => f.Status == FileStatus.Verified)} file(s)", Files);
}

/// <summary><c>module verify</c>: checks appended signatures as the kernel does when it loads a module.</summary>
internal static class ModuleVerifyOperation
{
    public static Operation<ModuleVerifyOptions, ModuleVerifyResult> Definition { get; } = new()
    {
        Name = "module verify",
        Summary = "Verify appended signatures of modules and kernels.",
        Details = "What the kernel would refuse is refused: content inside the PKCS#7, authenticated attributes, a signer that is none "
            + "of the certificates.",
        Body = Run,
        TypedResult = () => ModuleJson.Default.ModuleVerifyResult,
        MakeArguments = () => [new("FILE", "The module, folder or pattern, or several.", (o, v) => o with { Files = o.Files.Add(v) },
            required: false, repeatable: true)],
        MakeOptions = () =>
        [
            new("cert", "CERT", "Certificate of the kernel's keyring.", (o, v) => o with { Certificates = o.Certificates.Add(v) },
                required: true, repeatable: true) { Trusts = [TrustRole.Module] },
            BatchSelection.FilesFrom<ModuleVerifyOptions>((o, v) => o with { FilesFrom = v }),
        ],
        Examples = [new("kexecsign module verify /lib/modules/6.12.0 --cert modules.pem", "Check every module of a kernel.")],
    };

    private static ModuleVerifyResult Run(ModuleVerifyOptions options, RunContext context)
    {
        ImmutableArray<SelectedFile> files = ModuleSelection.Of(options.Files, options.FilesFrom, "module verify");
        ImmutableArray<X509Certificate2> trusted = TrustedCertificates.Open(options.Certificates, context);
        return new(Batch.Run(files, "verify", context, FileOutcome.Of, (file, _, step, answer) =>
        {
            using var module = ModuleFile.Open(file, context.Cancellation);
            (byte[] digest, HashAlgorithmName hash, X509Certificate2 signer) =
                ModuleCheck.Require(module, trusted, step, context.Cancellation);
            answer(new(file.Path, FileStatus.Verified)
            {
                Digest = Convert.ToHexStringLower(digest),
                Note = $"{hash.Name} by {signer.Subject}",
            });
        }));
    }
}
