using System.Globalization;
using System.Runtime.InteropServices;
using KexecSign.Core.Errors;
using KexecSign.Keys.Files;
using Microsoft.Win32.SafeHandles;

namespace KexecSign.Files;

/// <summary>Where an output is to appear, judged before a byte of it is made.</summary>
internal sealed class OutputTarget
{
    // As many links, one behind the other, as the kernel follows.
    private const int MostLinks = 40;

    // Inputs that it was held against by name.
    private readonly HashSet<string> _inputs = new(StringComparer.Ordinal);

    // What group and others may read of the files that the output is made of.
    private uint _readable = 0x24;

    private OutputTarget(string path) => Path = path;

    /// <summary>The path as it was given.</summary>
    public string Path { get; }

    /// <summary>The folder without symbolic links; empty for a stream.</summary>
    public string Folder { get; private init; } = "";

    /// <summary>The name in it.</summary>
    public string Name { get; private init; } = "";

    /// <summary>What is there already; null for nothing.</summary>
    public FileFacts? Replaced { get; private init; }

    /// <summary>Whether bytes go into something that is there and stays: standard output, a pipe, a terminal, /dev/null.</summary>
    public bool IsStream { get; private init; }

    /// <summary>Folder and name.</summary>
    public string Full => IsStream ? Path : System.IO.Path.Combine(Folder, Name);

    /// <summary>Judges a path.</summary>
    /// <param name="path">Where the output is to appear; a symbolic link is followed, so that the link stays.</param>
    /// <param name="resolveFolder">Gives a folder without symbolic links.</param>
    /// <param name="inputs">Files that are being read and must not be the target.</param>
    /// <param name="root">For a file of a tree that is replaced: the tree's folder, below which nothing may be a link.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3003, KS3005, KS3052-KS3055.</exception>
    public static OutputTarget Of(string path, Func<string, string> resolveFolder, ReadOnlySpan<string> inputs, string? root = null)
    {
        if (StreamDescriptor(path) is not null)
            return new(path) { IsStream = true };
        if (path.EndsWith('/') && !Directory.Exists(path))
            throw OperationErrors.OutputFolderMissing.With().In(path);
        OutputTarget target = Named(path, resolveFolder, root);
        switch (target.Replaced?.Kind)
        {
            case null or FileKind.Regular:
                break;
            case FileKind.Folder:
                throw OperationErrors.OutputUnwritable.With("it is a folder").In(path);
            case FileKind.Fifo:
            case FileKind.CharacterDevice when target.Replaced!.IsStreamDevice:
                return new(path) { IsStream = true };
            default:
                throw OperationErrors.OutputKind.With(target.Replaced!.Described).In(path);
        }
        target.RefuseInputs(inputs, resolveFolder);
        target.RefuseWhatIsRead();
        return target;
    }

    /// <summary>Whether a path stands for standard output.</summary>
    public static bool IsStandardOutput(string path) => StreamDescriptor(path) == 1;

    /// <summary>Opens what a stream goes into.</summary>
    public SafeFileHandle OpenStream()
    {
        SafeFileHandle handle = StreamDescriptor(Path) is { } number
            ? new(Libc.Duplicate(number), ownsHandle: true)
            : Libc.OpenHandle(Libc.CurrentFolder, Path, Libc.WriteOnly);
        return handle.IsInvalid ? throw Libc.Failed() : handle;
    }

    /// <summary>Opens the folder. No part of its path is a link any more, unless somebody exchanges it.</summary>
    public SafeFileHandle OpenFolder()
    {
        SafeFileHandle folder = Libc.OpenBeneath(Libc.CurrentFolder, Folder, Libc.PathOnly | Libc.Folder, beneath: false);
        return folder.IsInvalid ? throw Libc.Failed() : folder;
    }

    /// <summary>The permission bits of a file that was not there before.</summary>
    public uint NewMode => Limit(0x1B6 & ~CreationMask.Value);

    /// <summary>
    /// Takes from permission bits what the inputs do not give: nobody may read of an output what he may not read of them.
    /// </summary>
    public uint Limit(uint mode)
    {
        const uint group = 0x38, others = 0x7, groupRead = 0x20, othersRead = 0x4;
        if ((_readable & groupRead) == 0)
            mode &= ~group;
        return (_readable & othersRead) == 0 ? mode & ~others : mode;
    }

    /// <summary>The same by the path alone.</summary>
    public static string Resolve(string path)
    {
        OutputTarget target = Named(path, ResolveFolder, null);
        return target.Full;
    }

    /// <summary>A folder without symbolic links; as it was given when it does not exist.</summary>
    public static unsafe string ResolveFolder(string folder)
    {
        const int pathMax = 4096;
        byte* buffer = stackalloc byte[pathMax];
        return Libc.RealPath(folder, buffer) == 0 ? folder : Marshal.PtrToStringUTF8((nint)buffer)!;
    }

    private static OutputTarget Named(string path, Func<string, string> resolveFolder, string? root)
    {
        string full = System.IO.Path.GetFullPath(path);
        if (root is not null)
        {
            string below = System.IO.Path.GetRelativePath(System.IO.Path.GetFullPath(root), full);
            string real = System.IO.Path.Combine(resolveFolder(System.IO.Path.GetFullPath(root)), below);
            FileFacts? there = FileFacts.Of(real, followLink: false);
            return there?.Kind == FileKind.Link
                ? throw Libc.Failed(Libc.TooManyLinks)
                : new(path) { Folder = System.IO.Path.GetDirectoryName(real)!, Name = System.IO.Path.GetFileName(real), Replaced = there };
        }
        for (int i = 0; i < MostLinks; i++)
        {
            string? parent = System.IO.Path.GetDirectoryName(full);
            if (parent is null)
                return new(path) { Folder = full, Name = ".", Replaced = FileFacts.Of(full) };
            parent = resolveFolder(parent);
            FileFacts? facts = FileFacts.Of(full, followLink: false);
            if (facts?.Kind != FileKind.Link)
                return new(path) { Folder = parent, Name = System.IO.Path.GetFileName(full.TrimEnd('/')), Replaced = facts };
            RefuseForeignLink(facts, parent, path);
            full = System.IO.Path.GetFullPath(new FileInfo(full).LinkTarget ?? throw Libc.Failed(Libc.NoEntry), parent);
        }
        throw Libc.Failed(Libc.TooManyLinks);
    }

    // What fs.protected_symlinks does when the kernel follows a link; here it is followed by hand.
    private static void RefuseForeignLink(FileFacts link, string folder, string path)
    {
        if (FileFacts.Of(folder) is { IsSharedSticky: true } parent && link.Owner != Libc.EffectiveUser() && link.Owner != parent.Owner)
            throw OperationErrors.OutputLink.With(link.Owner).In(path);
    }

    private void RefuseInputs(ReadOnlySpan<string> inputs, Func<string, string> resolveFolder)
    {
        foreach (string input in inputs)
        {
            _inputs.Add(System.IO.Path.GetFullPath(input));
            if (Named(input, resolveFolder, null).Full == Full)
                throw OperationErrors.OutputIsInput.With().In(Path);
            if (FactsOf(input) is not { } facts)
                continue;
            // By another path to the same name: a second mount, or letters of other case on FAT. A second name (hard link) is another file
            // once this one is replaced.
            if (Replaced is { Links: 1 } && facts.IsSameAs(Replaced))
                throw OperationErrors.OutputIsInput.With().In(Path);
            if (facts.Kind == FileKind.Regular)
                _readable &= facts.Mode;
        }
    }

    /// <summary>
    /// Refuses the place of a file that the run has read by now. Asked once more when the output appears: some is read after it was
    /// announced.
    /// </summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3052.</exception>
    public void RefuseWhatIsRead()
    {
        if (Replaced is null)
            return;
        foreach (string read in ReadFiles.Noted.Where(read => !_inputs.Contains(read)))
        {
            if (FactsOf(read) is { } facts && facts.IsSameAs(Replaced))
                throw OperationErrors.OutputIsRead.With(read).In(Path);
        }
    }

    private static FileFacts? FactsOf(string path)
    {
        try
        {
            return FileFacts.Of(path);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static int? StreamDescriptor(string path) => path switch
    {
        "-" or "/dev/stdout" => 1,
        "/dev/stderr" => 2,
        _ when path.StartsWith("/dev/fd/", StringComparison.Ordinal) => Number(path["/dev/fd/".Length..]),
        _ when path.StartsWith("/proc/self/fd/", StringComparison.Ordinal) => Number(path["/proc/self/fd/".Length..]),
        _ => null,
    };

    private static int? Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
