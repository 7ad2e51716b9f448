using KexecSign.Core.Errors;

namespace KexecSign.Files;

/// <summary>A file that only grows, by one process at a time: for logs whose lines build on each other.</summary>
internal static class AppendedFile
{
    /// <summary>Opens one for its owner alone, or makes it.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3003, also when another process has it open here.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.Append,
                Access = FileAccess.Write,
                Share = FileShare.Read,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            if (Libc.Lock(file.SafeFileHandle, Libc.LockExclusive | Libc.LockNow) == 0)
                return file;
            file.Dispose();
            throw OperationErrors.OutputUnwritable.With("another process writes to it").In(path);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(failed, FileFailure.Reason(failed)).In(path);
        }
    }
}
