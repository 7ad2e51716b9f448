using System.Collections.Immutable;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;

namespace KexecSign.Commands.Template;

/// <summary>A file that a template wants signed.</summary>
/// <param name="File">Where it was found; of a package that was not unpacked, <c>FILE.deb:PATH</c>.</param>
/// <param name="Status">What became of it.</param>
public sealed record TemplateSignedFile(string File, FileStatus Status) : FileOutcome(File, Status)
{
    /// <summary>The binary package it is of.</summary>
    public string Package { get; init; } = "";

    /// <summary>Its path there.</summary>
    public string Path { get; init; } = "";

    /// <summary>The kind of signature, as the template says it.</summary>
    public string SigType { get; init; } = "";

    /// <summary>Algorithm of the digest.</summary>
    public string? DigestAlgorithm { get; init; }

    /// <summary>Subject of the signer's certificate.</summary>
    public string? Signer { get; init; }
}

/// <summary>Result of <c>template sign</c>.</summary>
/// <param name="Template">The files.json.</param>
/// <param name="Signatures">The folder of the signatures.</param>
/// <param name="Files">What became of each file, in the template's order.</param>
public sealed record TemplateSignResult(string Template, string Signatures, ImmutableArray<TemplateSignedFile> Files) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => Batch.Exit(Files);

    /// <inheritdoc/>
    public override ReportView View() => BatchView.Of(
        $"signed {Files.Count(f => f.Status == FileStatus.Signed)} file(s) of {Files.Select(f => f.Package).Distinct().Count()} package(s)",
        Files,
        Exit == ExitCode.Done ? [$"{Signatures} is what the rules of the template's source expect as debian/signatures."] : []);
}
