using System.Collections.Immutable;
using KexecSign.Files;
using KexecSign.Formats.Layouts;

namespace KexecSign.Ima;

/// <summary>What an IMA signature of a file cannot be carried by, in plain words.</summary>
internal static class ImaCarriers
{
    /// <summary>What one should know before relying on security.ima of this file.</summary>
    public static ImmutableArray<string> Notes(string path, Layout file) =>
        Notes(file.ReadBytes(0, Math.Min(file.Length, 8)), FileSystemKind.Of(path));

    /// <summary>The same for a file's first bytes and the type of its file system (statfs(2), f_type).</summary>
    public static ImmutableArray<string> Notes(ReadOnlySpan<byte> head, long fileSystem)
    {
        var notes = ImmutableArray.CreateBuilder<string>();
        if (FileSystemKind.IsFat(fileSystem))
            notes.Add($"IMA: {FileSystemKind.OnFat}.");
        if (head.StartsWith("070701"u8) || head.StartsWith("070702"u8))
            notes.Add("IMA: a cpio archive carries no extended attributes, so that the files inside cannot have security.ima; the "
                + "archive itself can.");
        if (head.Length >= 8 && head[4..8].SequenceEqual("zimg"u8))
        {
            notes.Add("IMA: kexec-tools unpack a zboot image into a temporary file without security.ima, which the kernel then refuses "
                + "under 'appraise func=KEXEC_KERNEL_CHECK'; the signature counts where this very file is given to kexec_file_load.");
        }
        return notes.DrainToImmutable();
    }
}
