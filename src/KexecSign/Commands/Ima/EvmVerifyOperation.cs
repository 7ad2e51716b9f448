using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Ima;

namespace KexecSign.Commands.Ima;

/// <summary>Options of <c>evm verify</c>.</summary>
public sealed record EvmVerifyOptions
{
    /// <summary>Files, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>Certificates of the .evm keyring.</summary>
    public ImmutableArray<string> Certificates { get; init; } = [];

    /// <summary>Whose attributes are read: <c>security</c> or <c>user</c>.</summary>
    public string Xattr { get; init; } = "security";
}

/// <summary>A file's verdict.</summary>
/// <param name="File">The file.</param>
/// <param name="Signer">Whose key signed; null when the signature does not hold.</param>
/// <param name="Message">Why it does not hold; null when it does.</param>
public sealed record EvmVerified(string File, string? Signer, string? Message);

/// <summary>Result of <c>evm verify</c>.</summary>
/// <param name="Files">One a file, in the order of selection.</param>
public sealed record EvmVerifyResult(ImmutableArray<EvmVerified> Files) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => Files.All(f => f.Message is null) ? ExitCode.Done : ExitCode.VerificationFailed;

    /// <inheritdoc/>
    public override ReportView View() => new(
        Exit == ExitCode.Done ? $"EVM: {Files.Length} file(s) verified" : "EVM: NOT verified",
        [new("", ["file", "signer"], [.. Files.Where(f => f.Message is null).Select(f => ImmutableArray.Create(f.File, f.Signer!))])],
        [.. Files.Where(f => f.Message is not null).Select(f => f.Message!)]);
}

/// <summary><c>evm verify</c>: checks portable EVM signatures against the metadata that files have.</summary>
internal static class EvmVerifyOperation
{
    private static readonly ImmutableArray<string> Namespaces = ["security", "user"];

    public static Operation<EvmVerifyOptions, EvmVerifyResult> Definition { get; } = new()
    {
        Name = "evm verify",
        Summary = "Verify portable EVM signatures against the owner, mode and attributes that files have.",
        Body = Run,
        TypedResult = () => ImaJson.Default.EvmVerifyResult,
        MakeArguments = () => [new("FILE", "The file, folder or pattern, or several.", (o, v) => o with { Files = o.Files.Add(v) },
            repeatable: true)],
        MakeOptions = () =>
        [
            new("cert", "CERT", "Certificate of the .evm keyring.", (o, v) => o with { Certificates = o.Certificates.Add(v) },
                required: true, repeatable: true),
            new("xattr", "NAMESPACE", "Whose attributes are read.",
                (o, v) => o with { Xattr = OptionValues.Choice("xattr", v, Namespaces) }, "security", choices: Namespaces),
        ],
        Examples = [new("kexecsign evm verify /usr/bin/su --cert ima.pem", "Does security.evm of an installed file hold?")],
    };

    private static EvmVerifyResult Run(EvmVerifyOptions options, RunContext context)
    {
        ImmutableArray<SelectedFile> files = ImaSelection.Of(options.Files, null, "evm verify");
        ImmutableArray<X509Certificate2> trusted = ImaSelection.Trusted(options.Certificates, "evm verify", context);
        return new(Batch.Run(files, "verify EVM signatures of", context,
            (file, refused) => new EvmVerified(file.Path, null, refused.In(file.Path).Message), (file, _, _, answer) =>
        {
            byte[] value = ExtendedAttribute.TryGet(file.Path, options.Xattr + ".evm") ?? throw VerifyErrors.NoEvmSignature.With(file.Path);
            X509Certificate2 signer = EvmSigning.Check(value, EvmSignOperation.Covered(file.Path, new() { Xattr = options.Xattr }),
                trusted);
            answer(new(file.Path, signer.Subject, null));
        }));
    }
}
