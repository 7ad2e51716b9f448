using System.Collections.Immutable;
using System.Runtime.InteropServices;
using KexecSign.Formats.Layouts;

namespace KexecSign.Ima;

/// <summary>What an IMA signature of a file cannot be carried by, in plain words.</summary>
internal static partial class ImaCarriers
{
    /// <summary>What FAT cannot carry, and what to do.</summary>
    public const string OnFat = "this file system (FAT) has no extended attributes; the signature can only lie beside the file, in FILE.sig";

    private const long Vfat = 0x4d44, Exfat = 0x2011BAB0;

    /// <summary>Whether a type of file system is one of FAT's.</summary>
    public static bool IsFat(long fileSystem) => fileSystem is Vfat or Exfat;

    /// <summary>What one should know before relying on security.ima of this file.</summary>
    public static ImmutableArray<string> Notes(string path, Layout file) =>
        Notes(file.ReadBytes(0, Math.Min(file.Length, 8)), FileSystemOf(path));

    /// <summary>The same for a file's first bytes and the type of its file system (statfs(2), f_type).</summary>
    public static ImmutableArray<string> Notes(ReadOnlySpan<byte> head, long fileSystem)
    {
        var notes = ImmutableArray.CreateBuilder<string>();
        if (IsFat(fileSystem))
            notes.Add($"IMA: {OnFat}.");
        if (head.StartsWith("070701"u8) || head.StartsWith("070702"u8))
            notes.Add("IMA: a cpio archive carries no extended attributes, so that the files inside cannot have security.ima; the archive itself can.");
        if (head.Length >= 8 && head[4..8].SequenceEqual("zimg"u8))
        {
            notes.Add("IMA: kexec-tools unpack a zboot image into a temporary file without security.ima, which the kernel then refuses under 'appraise func=KEXEC_KERNEL_CHECK'; "
                + "the signature counts where this very file is given to kexec_file_load.");
        }
        return notes.DrainToImmutable();
    }

    /// <summary>The type of the file system that holds a file; 0 when it cannot be told.</summary>
    public static unsafe long FileSystemOf(string path)
    {
        // struct statfs takes 120 bytes on the 64-bit architectures and begins with f_type.
        byte* answer = stackalloc byte[256];
        return StatFs(path, answer) == 0 ? *(long*)answer : 0;
    }

    [LibraryImport("libc", EntryPoint = "statfs", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatFs(string path, byte* answer);
}
