using System.Collections.Immutable;
using System.IO.Enumeration;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Programs;

namespace KexecSign.Zboot;

/// <summary>
/// A kernel's source, as an archive or a folder, and the part of it that a stub is compiled from: a tenth of the whole.
/// </summary>
/// <param name="path">The archive or the folder.</param>
/// <param name="target">The architecture.</param>
internal sealed class KernelSource(string path, StubTarget target)
{
    private static readonly SystemProgram Tar = new("tar", "unpack the kernel source", "tar");

    // Every Kconfig file is read when a kernel is configured, whatever is built; the others are what kbuild and libstub include.
    private ImmutableArray<string> Needed =>
    [
        "Makefile", "Kbuild", "include", "scripts", $"arch/{target.SourceFolder}", "lib", "kernel", "drivers/firmware/efi",
        "arch/x86/entry/syscalls",
    ];

    /// <summary>Whether it is an archive.</summary>
    public bool IsArchive => !Directory.Exists(path);

    /// <summary>The programs that unpacking it takes.</summary>
    public IEnumerable<SystemProgram> Programs => !IsArchive ? [] : System.IO.Path.GetExtension(path) switch
    {
        ".xz" or ".txz" => [Tar, new("xz", "unpack the kernel source", "xz-utils")],
        ".gz" or ".tgz" => [Tar, new("gzip", "unpack the kernel source", "gzip")],
        ".zst" => [Tar, new("zstd", "unpack the kernel source", "zstd")],
        ".bz2" => [Tar, new("bzip2", "unpack the kernel source", "bzip2")],
        _ => [Tar],
    };

    /// <summary>Fills a folder with the source; the source itself is not touched.</summary>
    /// <param name="folder">Where to; emptied first.</param>
    /// <param name="whole">Everything rather than what should be enough.</param>
    /// <param name="logFile">What gets tar's output.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3113, KS5003.</exception>
    public void UnpackTo(string folder, bool whole, string logFile, RunContext context)
    {
        using IRunStep step = context.Log.Step(whole ? "unpack the whole kernel source" : "unpack the kernel source");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        if (IsArchive)
            UnpackArchive(folder, whole, logFile, context);
        else
            CopyFolder(folder, whole, context.Cancellation);
        foreach (string required in new[]
        {
            "Makefile", $"arch/{target.SourceFolder}/Makefile", "drivers/firmware/efi/libstub/Makefile.zboot",
        })
        {
            if (!File.Exists(System.IO.Path.Combine(folder, required)))
                throw OperationErrors.NotKernelSource.With(required).In(path);
        }
    }

    // All of a release lies in one folder, whose name is not known; '*' stands for it, and Kconfig files may lie at any depth.
    private void UnpackArchive(string folder, bool whole, string logFile, RunContext context)
    {
        string[] arguments = ["--extract", "--file=" + System.IO.Path.GetFullPath(path), "--directory=" + folder, "--strip-components=1",
            "--no-same-owner"];
        string[] selection = whole ? [] :
        [
            "--anchored", "--wildcards", "--wildcards-match-slash", $"--exclude=*/arch/{target.SourceFolder}/boot/dts/*/*",
            "--no-wildcards-match-slash", .. Needed.Select(n => "*/" + n), "--wildcards-match-slash", "*/Kconfig*",
        ];
        new ChildProgram(Tar, [.. arguments, .. selection], context) { LogFile = logFile }.With("XZ_DEFAULTS", "-T0").Run(context);
    }

    private void CopyFolder(string folder, bool whole, CancellationToken cancellation)
    {
        string root = System.IO.Path.GetFullPath(path);
        var files = new FileSystemEnumerable<string>(root, (ref FileSystemEntry e) => System.IO.Path.GetRelativePath(root, e.ToFullPath()),
            new EnumerationOptions
            {
                RecurseSubdirectories = true,
                AttributesToSkip = 0,
                ReturnSpecialDirectories = false,
            })
        {
            // A link to a folder is copied as a link; followed, its files would be made behind it, and then it again.
            ShouldRecursePredicate = (ref FileSystemEntry e) =>
                (e.Attributes & FileAttributes.ReparsePoint) == 0 && !IsLeftOut(System.IO.Path.GetRelativePath(root, e.ToFullPath())),
            ShouldIncludePredicate = (ref FileSystemEntry e) => !e.IsDirectory || (e.Attributes & FileAttributes.ReparsePoint) != 0,
        };
        foreach (string name in files)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!IsBuilt(name) && (whole || IsNeeded(name)))
                CopyFile(System.IO.Path.Combine(root, name), System.IO.Path.Combine(folder, name));
        }
    }

    private static void CopyFile(string from, string to)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(to)!);
        if (new FileInfo(from).LinkTarget is { } link)
            File.CreateSymbolicLink(to, link);
        else
            File.Copy(from, to);
    }

    private bool IsNeeded(string name) =>
        System.IO.Path.GetFileName(name).StartsWith("Kconfig", StringComparison.Ordinal)
        || Needed.Any(n => name == n || name.StartsWith(n + "/", StringComparison.Ordinal));

    private bool IsLeftOut(string folder) =>
        folder is ".git" or "include/config" or "include/generated" || folder == $"arch/{target.SourceFolder}/include/generated";

    // A tree that was built in is refused by the kernel's makefiles; what a build leaves stays behind.
    private static bool IsBuilt(string name) =>
        name == ".config" || name.EndsWith(".o", StringComparison.Ordinal) || name.EndsWith(".a", StringComparison.Ordinal)
            || name.EndsWith(".cmd", StringComparison.Ordinal);
}
