using System.Security.Cryptography;
using System.Text;
using KexecSign.Keys.Errors;

namespace KexecSign.Keys.Pins;

/// <summary>Files that keep the PIN of a throw-away token: readable by their owner only, one line.</summary>
public static class PinFile
{
    private const int Length = 24;

    /// <summary>
    /// Keeps the file that is there, or makes one with a random PIN of letters and digits (143 bits). It appears whole or not at all;
    /// an empty one was left by a run that had no room for it, and is made anew.
    /// </summary>
    /// <param name="path">The file; made with mode 0600, its folder must exist.</param>
    /// <returns>True when it was made now.</returns>
    public static bool Ensure(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: > 0 })
            return false;
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        byte[] line = new byte[Length + 1];
        try
        {
            char[] drawn = RandomNumberGenerator.GetItems<char>("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", Length);
            Encoding.ASCII.GetBytes(drawn, line);
            Array.Clear(drawn);
            line[Length] = (byte)'\n';
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            using (FileStream file = new(temporary, options))
            {
                file.Write(line);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
            return true;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw KeyErrors.NotWritable.Because(cause, path);
        }
        finally
        {
            // A folder that is not there makes File.Delete throw, in place of the refusal.
            if (File.Exists(temporary))
                File.Delete(temporary);
            CryptographicOperations.ZeroMemory(line);
        }
    }
}
