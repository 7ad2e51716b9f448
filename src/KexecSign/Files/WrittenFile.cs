using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Formats.Layouts;
using KexecSign.Running;

namespace KexecSign.Files;

/// <summary>A file that was written whole.</summary>
/// <param name="Size">Length in bytes.</param>
/// <param name="Sha256">SHA-256, lower-case hex.</param>
internal sealed record WrittenFile(long Size, string Sha256)
{
    /// <summary>Writes a layout to a file that appears whole or not at all, hashing it in the same pass.</summary>
    public static WrittenFile Write(Layout layout, string path, ReadOnlySpan<string> inputs, RunContext context)
    {
        using OutputFile output = OutputFile.Create(path, inputs);
        WrittenFile written = Fill(output, layout, context);
        output.Commit();
        return written;
    }

    /// <summary>Writes and hashes a layout, leaving it to the caller to make the file appear.</summary>
    public static WrittenFile Fill(OutputFile output, Layout layout, RunContext context) => Fill(output, layout, [], context).File;

    /// <summary>The same, and further hashes in the same pass.</summary>
    public static (WrittenFile File, ImmutableArray<byte[]> Hashes) Fill(
        OutputFile output, Layout layout, ImmutableArray<HashRequest> wanted, RunContext context)
    {
        using IRunStep step = context.Log.Step($"write {System.IO.Path.GetFileName(output.Path)}", layout.Length);
        ImmutableArray<byte[]> hashes = LayoutPass.Finish(LayoutPass.Run(
            layout, output, [.. wanted, HashRequest.Whole(HashAlgorithmName.SHA256, layout)], step, context.Cancellation));
        return (new(output.Length, Convert.ToHexStringLower(hashes[^1])), hashes[..^1]);
    }
}
