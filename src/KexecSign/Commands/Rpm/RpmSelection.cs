using System.Collections.Immutable;
using KexecSign.Batches;

namespace KexecSign.Commands.Rpm;

/// <summary>Which packages the rpm commands work on.</summary>
internal static class RpmSelection
{
    /// <summary>The packages below folders, and whatever was named itself.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS3901, KS3902.</exception>
    public static ImmutableArray<SelectedFile> Of(ImmutableArray<string> files, string? list, string operation) =>
        new BatchSelection(operation, "package", name => name.EndsWith(".rpm", StringComparison.Ordinal)).Of(files, list);
}
