using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Batches;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Modules;

namespace KexecSign.Commands.Modules;

/// <summary>Options of <c>module strip</c>.</summary>
public sealed record ModuleStripOptions
{
    /// <summary>Files, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>A file with more of them; null for none.</summary>
    public string? FilesFrom { get; init; }

    /// <summary>Output file for one file, output folder for several.</summary>
    public string? Output { get; init; }

    /// <summary>Whether the files are replaced.</summary>
    public bool InPlace { get; init; }
}

/// <summary>Result of <c>module strip</c>.</summary>
/// <param name="Files">What became of each file.</param>
public sealed record ModuleStripResult(ImmutableArray<FileOutcome> Files) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => Batch.Exit(Files);

    /// <inheritdoc/>
    public override ReportView View() => BatchView.Of(
        $"took the signature off {Files.Count(f => f.Status == FileStatus.Stripped)} file(s)", Files);
}

/// <summary><c>module strip</c>: takes appended signatures away and leaves the content as it was.</summary>
internal static class ModuleStripOperation
{
    public static Operation<ModuleStripOptions, ModuleStripResult> Definition { get; } = new()
    {
        Name = "module strip",
        Summary = "Take appended signatures away.",
        Details = "What remains is byte for byte what was signed; a file that carries no appended signature stays as it is. Several "
            + "signatures, one behind the other, are taken away one at a time.",
        Body = Run,
        Plan = o =>
        {
            ImmutableArray<SelectedFile> files = ModuleSelection.Of(o.Files, o.FilesFrom, "module strip");
            return [.. PlannedStep.Read(files.Select(f => f.Path)),
                .. PlannedStep.Write(BatchTargets.Of(files, o.Files, o.Output, o.InPlace))];
        },
        TypedResult = () => ModuleJson.Default.ModuleStripResult,
        MakeArguments = () => [new("FILE", "The module, folder or pattern, or several.", (o, v) => o with { Files = o.Files.Add(v) },
            required: false, repeatable: true)],
        MakeOptions = () =>
        [
            BatchSelection.FilesFrom<ModuleStripOptions>((o, v) => o with { FilesFrom = v }),
            new("o", "PATH", "Output file for one file, existing folder for several.", (o, v) => o with { Output = v }),
            new("in-place", null, "Replace the files.", (o, _) => o with { InPlace = true }),
        ],
        Examples = [new("kexecsign module strip vsock.ko.xz --in-place", "Give the module back as it was before it was signed.")],
    };

    private static ModuleStripResult Run(ModuleStripOptions options, RunContext context)
    {
        ImmutableArray<SelectedFile> files = ModuleSelection.Of(options.Files, options.FilesFrom, "module strip");
        Dictionary<string, string> targetOf = BatchTargets.ByFile(files, options.Files, options.Output, options.InPlace);
        return new(Batch.Run(files, "strip", context, FileOutcome.Of, (file, commit, step, answer) =>
        {
            using var module = ModuleFile.Open(file, context.Cancellation);
            FileOutcome outcome = module.Existing is null
                ? new(file.Path, FileStatus.Skipped) { Note = "carries no appended signature" }
                : new(file.Path, FileStatus.Stripped) { Note = module.Note };
            if (module.Existing is null && options.InPlace)
            {
                step.Advance(file.Length);
                answer(outcome);
                return;
            }
            OutputFile output = BatchTargets.Create(targetOf[file.Path], file, options.InPlace, commit.Folders);
            commit.Add(output, o => Write(module, o, step, context),
                refused => answer(refused is null ? outcome with { Output = output.Path } : FileOutcome.Of(file, refused)));
        }));
    }

    private static void Write(ModuleFile module, OutputFile output, IRunStep step, RunContext context)
    {
        bool asIs = module.Existing is null;
        if (asIs || module.Compression == ModuleCompression.None)
            ContentPass.Run(asIs ? module.Source.ToLayout() : module.Content, HashAlgorithmName.SHA256, output, step, context.Cancellation);
        else
            output.Write(module.Pack(module.Content, context.Cancellation).Span);
    }
}
