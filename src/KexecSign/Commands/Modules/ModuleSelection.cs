using System.Collections.Immutable;
using KexecSign.Batches;
using KexecSign.Modules;

namespace KexecSign.Commands.Modules;

/// <summary>Which files the module commands work on.</summary>
internal static class ModuleSelection
{
    /// <summary>The modules below folders, and whatever was named itself.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS3901, KS3902.</exception>
    public static ImmutableArray<SelectedFile> Of(ImmutableArray<string> files, string? list, string operation) =>
        new BatchSelection(operation, "module", ModuleFile.IsName)
            .Of(files, list);
}
