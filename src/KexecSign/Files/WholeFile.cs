using KexecSign.Core.Errors;

namespace KexecSign.Files;

/// <summary>A small input, read whole.</summary>
internal static class WholeFile
{
    /// <summary>Reads a file that is known to be small.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limit">Most bytes that such a file has; a wrong path must not fill the memory.</param>
    /// <param name="kind">What it should be, for the message.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3114.</exception>
    public static byte[] Read(string path, long limit, string kind)
    {
        using FileSource source = FileSource.Open(path);
        if (source.Length > limit)
            throw OperationErrors.TooLargeToBe.With(source.Length, kind, limit).In(path);
        return source.ToLayout().ReadBytes(0, source.Length);
    }
}
