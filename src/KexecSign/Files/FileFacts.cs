using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>What a path leads to.</summary>
internal enum FileKind
{
    /// <summary>None of those below.</summary>
    Other,

    /// <summary>Bytes on a disk.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link.</summary>
    Link,

    /// <summary>A FIFO or pipe.</summary>
    Fifo,

    /// <summary>A socket.</summary>
    Socket,

    /// <summary>A character device.</summary>
    CharacterDevice,

    /// <summary>A block device.</summary>
    BlockDevice,
}

/// <summary>What the system says of a file (statx(2)).</summary>
internal sealed record FileFacts
{
    /// <summary>Set-user-ID and set-group-ID.</summary>
    public const uint SetIdBits = 0xC00;

    private const uint TypeMask = 0xF000, PermissionMask = 0xFFF, Sticky = 0x200, WorldWritable = 0x2, GroupWritable = 0x10;

    private FileFacts()
    {
    }

    /// <summary>What it is.</summary>
    public FileKind Kind { get; private init; }

    /// <summary>The twelve bits of chmod(2).</summary>
    public uint Mode { get; private init; }

    /// <summary>User id.</summary>
    public uint Owner { get; private init; }

    /// <summary>Group id.</summary>
    public uint Group { get; private init; }

    /// <summary>How many names it has.</summary>
    public uint Links { get; private init; }

    /// <summary>Length in bytes.</summary>
    public long Length { get; private init; }

    /// <summary>The file system it is on.</summary>
    public ulong FileSystem { get; private init; }

    /// <summary>Its number there.</summary>
    public ulong Number { get; private init; }

    /// <summary>Major number of a device.</summary>
    public uint Major { get; private init; }

    /// <summary>Minor number of a device.</summary>
    public uint Minor { get; private init; }

    /// <summary>Whether everybody may add to this folder and nobody but the owner may take away.</summary>
    public bool IsSharedSticky => (Mode & (Sticky | WorldWritable)) == (Sticky | WorldWritable);

    /// <summary>Whether it belongs to somebody else than root and this process's user.</summary>
    public bool IsForeign => Owner != 0 && Owner != Libc.EffectiveUser();

    /// <summary>Whether its mode lets others than its owner write it.</summary>
    public bool OthersWrite => (Mode & (GroupWritable | WorldWritable)) != 0;

    /// <summary>/dev/null, an empty input and an output without a bottom.</summary>
    public bool IsNull => this is { Kind: FileKind.CharacterDevice, Major: 1, Minor: 3 };

    /// <summary>A device that takes bytes and keeps none: null, zero, full, or a terminal.</summary>
    public bool IsStreamDevice => Kind == FileKind.CharacterDevice && (this is { Major: 1, Minor: 3 or 5 or 7 } || Major is 4 or 5
        or (>= 136 and <= 143));

    /// <summary>Asks for a path; null when there is nothing.</summary>
    /// <exception cref="IOException">It cannot be told.</exception>
    public static FileFacts? Of(string path, bool followLink = true)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
            return null;
        FileFacts? facts = Ask(path, followLink, out int error);
        return facts is not null || error is Libc.NoEntry or Libc.NotAFolder ? facts : throw Libc.Failed(error);
    }

    /// <summary>Asks for a name in a folder, without following a link; null when there is nothing.</summary>
    /// <exception cref="IOException">It cannot be told.</exception>
    public static unsafe FileFacts? Of(SafeFileHandle folder, string name)
    {
        byte* answer = stackalloc byte[AnswerSize];
        if (Libc.StatX(folder, name, Libc.NoFollowAt, Basic, answer) == 0)
            return Read(answer);
        return Marshal.GetLastPInvokeError() == Libc.NoEntry ? null : throw Libc.Failed();
    }

    /// <summary>Asks for what is open.</summary>
    /// <exception cref="IOException">It cannot be told.</exception>
    public static unsafe FileFacts Of(SafeFileHandle file)
    {
        byte* answer = stackalloc byte[AnswerSize];
        Libc.Check(Libc.StatX(file, "", Libc.EmptyPath, Basic, answer));
        return Read(answer);
    }

    /// <summary>Whether both are one file, by whatever names.</summary>
    public bool IsSameAs(FileFacts other) => FileSystem == other.FileSystem && Number == other.Number;

    /// <summary>The kind in words.</summary>
    public string Described => Kind switch
    {
        FileKind.Regular => "a regular file",
        FileKind.Folder => "a folder",
        FileKind.Link => "a symbolic link",
        FileKind.Fifo => "a FIFO",
        FileKind.Socket => "a socket",
        FileKind.CharacterDevice => $"a character device ({Major}:{Minor})",
        FileKind.BlockDevice => $"a block device ({Major}:{Minor})",
        FileKind.Other => "of a kind that is not known here",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private const int AnswerSize = 256;
    private const uint Basic = 0x7FF;

    private static unsafe FileFacts? Ask(string path, bool followLink, out int error)
    {
        byte* answer = stackalloc byte[AnswerSize];
        if (Libc.StatX(Libc.CurrentFolder, path, followLink ? 0 : Libc.NoFollowAt, Basic, answer) == 0)
        {
            error = 0;
            return Read(answer);
        }
        error = Marshal.GetLastPInvokeError();
        return null;
    }

    // struct statx takes 256 bytes and is the same on every architecture.
    private static unsafe FileFacts Read(byte* answer)
    {
        uint mode = *(ushort*)(answer + 28);
        return new()
        {
            Kind = (mode & TypeMask) switch
            {
                0x8000 => FileKind.Regular,
                0x4000 => FileKind.Folder,
                0xA000 => FileKind.Link,
                0x1000 => FileKind.Fifo,
                0xC000 => FileKind.Socket,
                0x2000 => FileKind.CharacterDevice,
                0x6000 => FileKind.BlockDevice,
                _ => FileKind.Other,
            },
            Mode = mode & PermissionMask,
            Links = *(uint*)(answer + 16),
            Owner = *(uint*)(answer + 20),
            Group = *(uint*)(answer + 24),
            Number = *(ulong*)(answer + 32),
            Length = *(long*)(answer + 40),
            Major = *(uint*)(answer + 128),
            Minor = *(uint*)(answer + 132),
            FileSystem = *(ulong*)(answer + 136),
        };
    }
}
