using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;

namespace KexecSign.Files;

/// <summary>
/// A set of outputs that appear together: each is made in a hidden folder beside its target, and they are renamed into place
/// when all of them are right. What is left in the folders goes with them.
/// </summary>
internal sealed class StagedFiles(params IReadOnlyCollection<string> inputs) : IDisposable
{
    private readonly HashSet<string> _inputs = [.. inputs.Select(OutputFile.Resolve)];
    private readonly Dictionary<string, string> _folders = new(StringComparer.Ordinal);
    private readonly List<(string Staged, string Target, string Given)> _files = [];

    /// <summary>
    /// Announces an output and gives the path where it is to be made, which has the name that the output will have. That it
    /// can be written is known from then on.
    /// </summary>
    /// <exception cref="KexecSignException">KS3003, KS3005, KS3013.</exception>
    public string Add(string path)
    {
        try
        {
            string target = OutputFile.Resolve(path);
            if (_inputs.Contains(target))
                throw OperationErrors.OutputIsInput.With().In(path);
            if (_files.Find(f => f.Target == target) is { Given: { } other })
                throw OperationErrors.SameOutput.With("two outputs, " + other, path, target);
            if (Directory.Exists(target))
                throw OperationErrors.OutputUnwritable.With("it is a folder").In(path);
            // Numbered, because two targets may have one name and nothing made here may meet another.
            string folder = Path.Combine(FolderBeside(target), $"{_files.Count}");
            Directory.CreateDirectory(folder);
            string staged = Path.Combine(folder, Path.GetFileName(path));
            _files.Add((staged, target, path));
            return staged;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(path);
        }
    }

    /// <summary>Makes all files appear; one that replaces a file keeps its permission bits.</summary>
    /// <exception cref="KexecSignException">KS3003.</exception>
    public void Place()
    {
        foreach ((string staged, string target, string given) in _files)
        {
            try
            {
                if (File.Exists(target))
                    File.SetUnixFileMode(staged, File.GetUnixFileMode(target));
                File.Move(staged, target, overwrite: true);
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(given);
            }
        }
        foreach (string parent in _folders.Keys)
            OutputFile.FlushFolder(parent);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (string folder in _folders.Values)
            Directory.Delete(folder, recursive: true);
    }

    private string FolderBeside(string target)
    {
        string parent = Path.GetDirectoryName(target)!;
        if (!_folders.TryGetValue(parent, out string? folder))
        {
            if (!Directory.Exists(parent))
                throw OperationErrors.OutputUnwritable.With("its folder does not exist").In(target);
            folder = Path.Combine(parent, $".kexecsign-{Guid.NewGuid():N}.tmp");
            Directory.CreateDirectory(folder);
            _folders.Add(parent, folder);
        }
        return folder;
    }
}
