using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>
/// A set of outputs that appear together: each is made in a hidden folder beside its target, and they are renamed into place
/// when all of them are right. When one cannot be put in place, those before it are taken back. What is left in the folders goes with them.
/// </summary>
internal sealed class StagedFiles(params IReadOnlyCollection<string> inputs) : IDisposable
{
    private readonly Dictionary<string, StagingFolder> _folders = new(StringComparer.Ordinal);
    private readonly List<StagedFile> _files = [];

    /// <summary>
    /// Announces an output and gives the path where it is to be made, which has the name that the output will have. That it
    /// can be written is known from then on.
    /// </summary>
    /// <exception cref="KexecSignException">KS3003, KS3005, KS3013, KS3052-KS3055.</exception>
    public string Add(string path)
    {
        try
        {
            var target = OutputTarget.Of(path, OutputTarget.ResolveFolder, [.. inputs]);
            if (_files.Find(f => f.Target.Full == target.Full) is { } other)
                throw OperationErrors.SameOutput.With("two outputs, " + other.Target.Path, path, target.Full);
            // Numbered, because two targets may have one name and nothing made here may meet another.
            string folder = Path.Combine(FolderFor(target).Path, $"{_files.Count}");
            Directory.CreateDirectory(folder);
            string staged = Path.Combine(folder, target.IsStream ? "stream" : Path.GetFileName(path));
            _files.Add(new(staged, target));
            return staged;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(path);
        }
    }

    /// <summary>Makes all files appear, or none; one that replaces a file keeps its owner and permissions.</summary>
    /// <exception cref="KexecSignException">KS3003, KS3052, KS3057, KS3058.</exception>
    public void Place()
    {
        if (RunScope.Rehearses)
            return;
        var placed = new List<(StagedFile File, Placement Placement)>();
        StagedFile? current = null;
        _files.ForEach(file => file.Target.RefuseWhatIsRead());
        try
        {
            foreach (StagedFile file in _files.Where(f => !f.Target.IsStream))
            {
                current = file;
                Put(file, placed);
            }
            foreach ((StagedFile file, Placement placement) in placed)
            {
                current = file;
                placement.Flush();
            }
            // What has gone into a stream cannot be taken back: last.
            foreach (StagedFile file in _files.Where(f => f.Target.IsStream))
            {
                current = file;
                using FileSource source = FileSource.OpenRegular(file.Staged);
                source.CopyTo(file.Target);
            }
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or KexecSignException)
        {
            string[] kept = [.. Enumerable.Reverse(placed).Where(p => !p.Placement.Undo()).Select(p => p.File.Target.Path)];
            if (kept.Length > 0)
                throw OperationErrors.SetHalfPlaced.Because(failed, FileFailure.Reason(failed), string.Join(", ", kept))
                    .In(current!.Target.Path);
            throw failed is KexecSignException
                ? failed
                : OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(current!.Target.Path);
        }
        finally
        {
            foreach ((_, Placement placement) in placed)
                placement.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (StagingFolder folder in _folders.Values)
            folder.Dispose();
    }

    private void Put(StagedFile file, List<(StagedFile File, Placement Placement)> placed)
    {
        using (SafeFileHandle made = Libc.OpenHandle(Libc.CurrentFolder, file.Staged, Libc.ReadOnly | Libc.NoFollow))
        {
            if (made.IsInvalid)
                throw Libc.Failed();
            ReplacedFile.Keep(made, file.Target);
        }
        SafeFileHandle from = Libc.OpenHandle(Libc.CurrentFolder, Path.GetDirectoryName(file.Staged)!, Libc.PathOnly | Libc.Folder);
        if (from.IsInvalid)
            throw Libc.Failed();
        SafeFileHandle to = Placement.Reopen(file.Target, FolderFor(file.Target).Parent!);
        var placement = new Placement(from, Path.GetFileName(file.Staged), to, file.Target.Name);
        placed.Add((file, placement));
        placement.Place(keepOld: true);
    }

    private StagingFolder FolderFor(OutputTarget target)
    {
        string parent = target.IsStream ? "" : target.Folder;
        if (!_folders.TryGetValue(parent, out StagingFolder? folder))
        {
            if (!target.IsStream && !Directory.Exists(parent))
                throw OperationErrors.OutputUnwritable.With("its folder does not exist").In(target.Path);
            _folders.Add(parent, folder = StagingFolder.Create(target));
        }
        return folder;
    }

    private sealed record StagedFile(string Staged, OutputTarget Target);
}
