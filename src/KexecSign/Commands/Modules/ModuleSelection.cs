using System.Collections.Immutable;
using KexecSign.Batches;
using KexecSign.Core.Errors;

namespace KexecSign.Commands.Modules;

/// <summary>Which files the module commands work on.</summary>
internal static class ModuleSelection
{
    private static readonly ImmutableArray<string> Endings = [".ko", ".ko.gz", ".ko.xz", ".ko.zst"];

    /// <summary>The modules below folders, and whatever was named itself.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS3901, KS3902.</exception>
    public static ImmutableArray<SelectedFile> Of(ImmutableArray<string> files, string? list, string operation) =>
        files.IsEmpty && list is null
            ? throw OperationErrors.OptionMissing.With(operation, "a FILE or --files-from")
            : SelectedFile.Of(files, list, name => Endings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal)), "module");
}
