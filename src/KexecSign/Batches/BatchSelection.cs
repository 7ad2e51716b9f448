using System.Collections.Immutable;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Formats.Errors;

namespace KexecSign.Batches;

/// <summary>Which files a command works on that takes files, folders, patterns and <c>--files-from</c>.</summary>
/// <param name="Operation">The command.</param>
/// <param name="Kind">What its files are, for messages.</param>
/// <param name="Wanted">Which files below a folder are meant, by name; files named themselves are always taken.</param>
internal sealed record BatchSelection(string Operation, string Kind, Func<string, bool> Wanted)
{
    /// <summary>Which of those are meant, by what is in them; null for all.</summary>
    public Func<SelectedFile, bool>? Holds { get; init; }

    /// <summary>The option that names further files.</summary>
    public static OptionSpec<T> FilesFrom<T>(Func<T, string, T> set)
        where T : class =>
        new("files-from", "LIST", "File with more paths, one a line or each ending with a zero byte.", set);

    /// <summary>The files, in the order in which they were named.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS3901, KS3902.</exception>
    public ImmutableArray<SelectedFile> Of(ImmutableArray<string> files, string? list) => files.IsEmpty && list is null
        ? throw OperationErrors.OptionMissing.With(Operation, $"a FILE or {new NamedOption("files-from")}")
        : SelectedFile.Of(files, list, Wanted, Kind, Holds);
}
