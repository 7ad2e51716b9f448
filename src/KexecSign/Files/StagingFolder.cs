using KexecSign.Errors;
using KexecSign.Running;

namespace KexecSign.Files;

/// <summary>
/// A folder beside an output in which a set of files is made; they are renamed into place when all of them are right. What
/// is left in it goes with it.
/// </summary>
internal sealed class StagingFolder : IDisposable
{
    private readonly string _folder;

    private StagingFolder(string folder) => _folder = folder;

    /// <summary>Makes one in the folder of an output, so that renaming stays within a file system.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3003.</exception>
    public static StagingFolder Beside(string output)
    {
        try
        {
            string parent = Path.GetDirectoryName(Path.GetFullPath(output))!;
            string folder = Path.Combine(parent, $".{Path.GetFileName(output)}.{Guid.NewGuid():N}.tmp");
            if (!Directory.Exists(parent))
                throw OperationErrors.OutputUnwritable.With("its folder does not exist").In(output);
            Directory.CreateDirectory(folder);
            return new(folder);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(output);
        }
    }

    /// <summary>A path in the folder.</summary>
    public string PathOf(string name) => Path.Combine(_folder, name);

    /// <summary>Puts a file where it is to appear, by renaming where that is possible.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3003, KS3004.</exception>
    public void Place(string staged, string target, RunContext context)
    {
        string parent = Path.GetDirectoryName(Path.GetFullPath(target))!;
        if (parent != Path.GetDirectoryName(_folder))
        {
            using FileSource source = FileSource.Open(staged);
            WrittenFile.Write(source.ToLayout(), target, [], context);
            return;
        }
        try
        {
            File.Move(staged, OutputFile.Resolve(target), overwrite: true);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(target);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
