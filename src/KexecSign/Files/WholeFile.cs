using KexecSign.Core.Errors;
using KexecSign.Keys.Files;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>A small input, read whole: a document, a list, a table.</summary>
public static class WholeFile
{
    private const int ChunkSize = 1 << 16;

    /// <summary>Reads a file or stream that is known to be small, and that no output of the run may replace.</summary>
    /// <param name="path">The file, or <c>-</c> for standard input.</param>
    /// <param name="limit">Most bytes that such a file has; a wrong path must not fill the memory.</param>
    /// <param name="kind">What it should be, for the message.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3050, KS3114.</exception>
    public static byte[] Read(string path, long limit, string kind)
    {
        ReadFiles.Note(path);
        return ReadReplaceable(path, limit, kind);
    }

    /// <summary>The same for a file that the run may write anew: a sidecar, a report, a bundle's manifest.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3050, KS3114.</exception>
    internal static byte[] ReadReplaceable(string path, long limit, string kind)
    {
        (SafeFileHandle handle, FileFacts facts) = StreamInput.Open(path);
        using (handle)
        {
            if (facts.Kind == FileKind.Regular && facts.Length > limit)
                throw OperationErrors.TooLargeToBe.With(facts.Length, kind, limit).In(path);
            // Read to the end and not as far as the length says: files of /proc say 0.
            byte[] content = new byte[(int)Math.Min(limit + 1, facts.Length > 0 ? facts.Length + 1 : ChunkSize)];
            int length = 0;
            for (int count; (count = StreamInput.ReadSome(handle, content.AsSpan(length), path)) > 0;)
            {
                length += count;
                if (length > limit)
                    throw OperationErrors.TooLargeToBe.With(length, kind, limit).In(path);
                if (length == content.Length)
                    Array.Resize(ref content, (int)Math.Min(limit + 1, 2L * length));
            }
            return content.AsSpan(0, length).ToArray();
        }
    }
}
