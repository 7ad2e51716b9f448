using KexecSign.Fixtures;

namespace KexecSign.Tests;

/// <summary>A file system of its own: so small that it fills up, or read-only. Needs root, which containers usually have.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    /// <summary>1 MiB.</summary>
    public static SmallDisk Writable(TempFolder folder) => Mount(folder, "size=1m,mode=0755");

    /// <summary>Holds one file, <c>image</c>, and takes nothing.</summary>
    public static SmallDisk ReadOnly(TempFolder folder, ReadOnlySpan<byte> image)
    {
        SmallDisk disk = Mount(folder, "size=1m,mode=0755");
        File.WriteAllBytes(System.IO.Path.Combine(disk.Path, "image"), image);
        Tool.Run("mount", "-o", "remount,ro", disk.Path);
        return disk;
    }

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public string[] Names() => [.. Directory.GetFileSystemEntries(Path).Select(p => System.IO.Path.GetFileName(p)).Order(StringComparer.Ordinal)];

    public void Dispose() => Tool.Run("umount", Path);

    private static SmallDisk Mount(TempFolder folder, string options)
    {
        Tool.Require("mount", "umount");
        string path = folder.Folder("disk");
        ToolAnswer answer = Tool.Ask("mount", "-t", "tmpfs", "-o", options, "tmpfs", path);
        Skip.If(answer.Exit != 0, $"a tmpfs cannot be mounted here (needs root): {answer.Output.Trim()}");
        return new(path);
    }
}
