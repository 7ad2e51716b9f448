using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>
/// A folder for files that other programs have to open by name; gone afterwards, whatever happens, unless the user named it.
/// </summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly StagingFolder? _temporary;

    private WorkFolder(string path, StagingFolder? temporary)
    {
        Path = path;
        _temporary = temporary;
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>The folder that the user named, which stays; without a name a temporary one.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3003.</exception>
    public static WorkFolder Open(string? named = null)
    {
        try
        {
            if (named is not null)
                return new(Directory.CreateDirectory(named).FullName, null);
            var temporary = StagingFolder.CreateTemporary();
            return new(temporary.Path, temporary);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(refused, FileFailure.Reason(refused)).In(named ?? System.IO.Path.GetTempPath());
        }
    }

    /// <summary>A file in it.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes a folder in it, and those above that.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3003.</exception>
    public void MakeFolder(string name)
    {
        try
        {
            Directory.CreateDirectory(File(name));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(refused, FileFailure.Reason(refused)).In(File(name));
        }
    }

    /// <summary>Writes a file in it.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3003, KS3004.</exception>
    public void Put(string name, Layout content, CancellationToken cancellation)
    {
        string path = File(name);
        long at = 0;
        try
        {
            using SafeFileHandle file = System.IO.File.OpenHandle(path, FileMode.Create, FileAccess.Write);
            byte[] chunk = new byte[(int)Math.Min(1 << 20, Math.Max(1, content.Length))];
            while (at < content.Length)
            {
                cancellation.ThrowIfCancellationRequested();
                Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, content.Length - at));
                content.Read(at, part);
                RandomAccess.Write(file, part, at);
                at += part.Length;
            }
        }
        catch (IOException full) when (FileFailure.IsDiskFull(full))
        {
            throw OperationErrors.DiskFull.Because(full, at, content.Length).In(path);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(refused, FileFailure.Reason(refused)).In(path);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _temporary?.Dispose();
}
