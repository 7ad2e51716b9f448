using System.Collections.Immutable;
using KexecSign.Batches;

namespace KexecSign.Commands.Modules;

/// <summary>Which files the module commands work on.</summary>
internal static class ModuleSelection
{
    private static readonly ImmutableArray<string> Endings = [".ko", ".ko.gz", ".ko.xz", ".ko.zst"];

    /// <summary>The modules below folders, and whatever was named itself.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS3901, KS3902.</exception>
    public static ImmutableArray<SelectedFile> Of(ImmutableArray<string> files, string? list, string operation) =>
        new BatchSelection(operation, "module", name => Endings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal)))
            .Of(files, list);
}
