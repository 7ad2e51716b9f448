using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Formats.Layouts;

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

    /// <summary>Writes a PE image with a checksum that is computed on the way.</summary>
    /// <param name="output">Where it goes; the caller makes it appear.</param>
    /// <param name="image">The image.</param>
    /// <param name="checkSumOffset">File offset of its checksum.</param>
    /// <param name="context">Run context.</param>
    public static WrittenFile FillSummed(OutputFile output, Layout image, int checkSumOffset, RunContext context)
    {
        var sum = new FileSum();
        using (IRunStep step = context.Log.Step($"write {System.IO.Path.GetFileName(output.Path)}", image.Length))
            LayoutPass.Run(image.OverwriteUInt32(checkSumOffset, 0), output, [], step, context.Cancellation, sum.Add);
        byte[] field = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(field, sum.Value());
        output.Overwrite(checkSumOffset, field);
        // The file's hash begins with its headers, and so with a sum of all that follows.
        return new(output.Length, Convert.ToHexStringLower(LayoutPass.Hash(output.ToLayout(), HashAlgorithmName.SHA256, context)));
    }
}
