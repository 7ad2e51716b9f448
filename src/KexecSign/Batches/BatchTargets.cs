using System.Collections.Immutable;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;

namespace KexecSign.Batches;

/// <summary>Where the files of a batch are written.</summary>
internal static class BatchTargets
{
    /// <summary>A target for every file, in their order: the file itself, one output, or the same place below a folder.</summary>
    /// <param name="files">The files.</param>
    /// <param name="arguments">What they were selected by.</param>
    /// <param name="output">Value of -o.</param>
    /// <param name="inPlace">Whether the files are replaced.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3006, KS3011, KS3013, KS3052, KS3055, KS3063.</exception>
    public static ImmutableArray<string> Of(ImmutableArray<SelectedFile> files, ImmutableArray<string> arguments, string? output,
        bool inPlace)
    {
        if (inPlace && output is not null)
            throw OperationErrors.OptionsConflict.With(new NamedOption("o"), new NamedOption("in-place"));
        if (inPlace)
            return [.. files.Select(f => f.Path)];
        if (output is [.., '/'] && !Directory.Exists(output))
            throw OperationErrors.OutputFolderMissing.With().In(output);
        if (output is not null && Directory.Exists(output))
        {
            BatchNames.RequireDifferent(Below(files, output));
            ImmutableArray<string> targets = [.. files.Select(f => Path.Combine(output, f.Name))];
            // Of a file that would be its own output whoever opens it tells.
            RequireNoInput(files, targets.Where((target, i) => Path.GetFullPath(target) != Path.GetFullPath(files[i].Path)));
            return targets;
        }
        if (output is null)
            throw OperationErrors.NoOutput.With(files.Length);
        return files.Length == 1 && arguments is [var only] && only == files[0].Path
            ? [output]
            : throw OperationErrors.OutputNoFolder.With(files.Length).In(output);
    }

    /// <summary>The same for a command of one file.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3006, KS3011, KS3055.</exception>
    public static string One(string file, string? output, bool inPlace) => Of([SelectedFile.Named(file)], [file], output, inPlace)[0];

    /// <summary>The same by the path of the file.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3006, KS3011, KS3013, KS3055.</exception>
    public static Dictionary<string, string> ByFile(ImmutableArray<SelectedFile> files, ImmutableArray<string> arguments, string? output,
        bool inPlace) =>
        ByFile(files, Of(files, arguments, output, inPlace));

    /// <summary>Targets by the path of the file.</summary>
    public static Dictionary<string, string> ByFile(ImmutableArray<SelectedFile> files, ImmutableArray<string> targets)
    {
        var byFile = new Dictionary<string, string>(files.Length, StringComparer.Ordinal);
        for (int i = 0; i < files.Length; i++)
            byFile.Add(files[i].Path, targets[i]);
        return byFile;
    }

    /// <summary>Begins an output below the folder of -o, making the folders that lead there.</summary>
    public static OutputFile Create(string target, SelectedFile input, bool inPlace, OutputFolders folders)
    {
        if (inPlace)
            return OutputFile.Replace(target, folders, input.Root);
        if (Path.GetDirectoryName(Path.GetFullPath(target)) is { } folder)
            folders.Make(folder);
        return OutputFile.Create(target, folders, input.Path);
    }

    /// <summary>Refuses outputs that are files of the same batch: what is still to be read, or what somebody wants to keep.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3052.</exception>
    public static void RequireNoInput(ImmutableArray<SelectedFile> files, IEnumerable<string> targets)
    {
        var inputs = files.Select(f => Path.GetFullPath(f.Path)).ToHashSet(StringComparer.Ordinal);
        if (targets.FirstOrDefault(target => inputs.Contains(Path.GetFullPath(target))) is { } taken)
            throw OperationErrors.OutputIsRead.With(taken).In(taken);
    }

    private static IEnumerable<(string Input, string Output)> Below(ImmutableArray<SelectedFile> files, string folder)
    {
        foreach (SelectedFile file in files)
            yield return (file.Path, Path.GetFullPath(Path.Combine(folder, file.Name)));
    }
}
