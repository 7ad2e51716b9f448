using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Vocabulary;
using KexecSign.Ima;
using KexecSign.Signing;

namespace KexecSign.Commands.Ima;

/// <summary>Options of <c>ima hash</c>.</summary>
public sealed record ImaHashOptions
{
    /// <summary>Files, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>Digest; null for SHA-256.</summary>
    public string? Digest { get; init; }

    /// <summary>The xattr to set: <c>security</c> (needs privilege) or <c>user</c>; null for none.</summary>
    public string? Xattr { get; init; }
}

/// <summary>A file's IMA hash.</summary>
/// <param name="File">The file.</param>
/// <param name="Value">The value of security.ima, lower-case hex; empty when it could not be made.</param>
/// <param name="Message">What went wrong; null when nothing did.</param>
public sealed record ImaHashed(string File, string Value, string? Message);

/// <summary>Result of <c>ima hash</c>.</summary>
/// <param name="Files">One a file, in the order of selection.</param>
public sealed record ImaHashResult(ImmutableArray<ImaHashed> Files) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => Files.All(f => f.Message is null) ? ExitCode.Done : Files.Any(f =>
        f.Message is null) ? ExitCode.SomeFailed : ExitCode.Failed;

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"IMA: hashed {Files.Count(f => f.Message is null)} of {Files.Length} file(s)",
        Files.All(f => f.Message is not null)
            ? []
            : [new("", ["file", "value"], [.. Files.Where(f => f.Message is null).Select(f => ImmutableArray.Create(f.File, f.Value))])],
        [])
    {
        Failures = [.. Files.Where(f => f.Message is not null).Select(f => ReportFailure.Of(f.Message!))],
    };
}

/// <summary><c>ima hash</c>: the value of security.ima that is a hash and no signature.</summary>
internal static class ImaHashOperation
{
    private static readonly ImmutableArray<string> Namespaces = ["security", "user"], Digests = HashKind.Words(HashUses.Ima);

    public static Operation<ImaHashOptions, ImaHashResult> Definition { get; } = new()
    {
        Name = "ima hash",
        Summary = "Make security.ima values that are hashes: what IMA measures and appraises where no signature is demanded.",
        Details = "Nothing signs a hash: whoever can write the attribute can write another one. EVM covers it, see 'evm sign'.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read(o.Files), .. o.Xattr is null
            ? []
            : o.Files.Select(f => new PlannedStep("set", $"{o.Xattr}.ima of {f}"))],
        TypedResult = () => ImaJson.Default.ImaHashResult,
        MakeArguments = () => [new("FILE", "The file, folder or pattern, or several.", (o, v) => o with { Files = o.Files.Add(v) },
            repeatable: true)],
        MakeOptions = () =>
        [
            new("digest", "HASH", "The hash; without it SHA-256.",
                (o, v) => o with { Digest = OptionValues.Choice("digest", v, Digests) }, choices: Digests),
            new("xattr", "NAMESPACE",
                "Set security.ima (needs privilege) or user.ima on the file itself; without it the value is only shown.",
                (o, v) => o with { Xattr = OptionValues.Choice("xattr", v, Namespaces) }, choices: Namespaces),
        ],
        Examples = [new("kexecsign ima hash /etc/fstab --xattr security", "Give a configuration file the hash that IMA appraises.")],
    };

    private static ImaHashResult Run(ImaHashOptions options, RunContext context)
    {
        ImmutableArray<SelectedFile> files = ImaSelection.Of(options.Files, null, "ima hash");
        HashAlgorithmName hash = SigningIdentity.HashNamed(options.Digest) ?? HashAlgorithmName.SHA256;
        return new(Batch.Run(files, "hash", context, (file, refused) => new ImaHashed(file.Path, "", refused.In(file.Path).Message),
            (file, _, step, answer) =>
        {
            using FileSource source = FileSource.Open(file.Path);
            byte[] value = ImaSignature.HashValue(hash,
                FileDigest.Of(source.ToLayout(), ImaSignature.Digsig, hash, step, context.Cancellation));
            string hex = Convert.ToHexStringLower(value);
            if (options.Xattr is not null && ExtendedAttribute.TrySet(file.Path, options.Xattr + ".ima", value) is { } problem)
                throw OperationErrors.XattrNotSet.With(options.Xattr + ".ima", problem);
            answer(new(file.Path, hex, null));
        }));
    }
}
