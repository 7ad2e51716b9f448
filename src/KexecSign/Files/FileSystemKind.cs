namespace KexecSign.Files;

/// <summary>The kind of file system that holds a file, as statfs(2) names it.</summary>
internal static class FileSystemKind
{
    /// <summary>What FAT cannot carry, and what to do.</summary>
    public const string OnFat =
        "this file system (FAT) has no extended attributes; the signature can only lie beside the file, in FILE.sig";

    private const long Vfat = 0x4d44, Exfat = 0x2011BAB0;

    /// <summary>Whether a type of file system is one of FAT's.</summary>
    public static bool IsFat(long fileSystem) => fileSystem is Vfat or Exfat;

    /// <summary>The type of the file system that holds a file; 0 when it cannot be told.</summary>
    public static unsafe long Of(string path)
    {
        // struct statfs takes 120 bytes on the 64-bit architectures and begins with f_type.
        byte* answer = stackalloc byte[256];
        return Libc.StatFs(path, answer) == 0 ? *(long*)answer : 0;
    }
}
