namespace KexecSign.Fixtures;

/// <summary>
/// systemd's own tools of version 262 or later, from Debian sid's packages in the cache, run by the loader and the libraries that
/// they were built for. A test without them is skipped.
/// </summary>
public sealed class NewestSystemd
{
    private const string Libraries = "usr/lib/x86_64-linux-gnu";

    private readonly string _measure, _loader;
    private readonly string[] _libraries;

    /// <summary>Looks for the tools and puts programs that start them into a folder.</summary>
    public NewestSystemd(TempFolder folder)
    {
        string libc = Package("libc6", $"{Libraries}/ld-linux-x86-64.so.2"), measure = Package("systemd-tpm", "usr/lib/systemd/systemd-measure");
        _libraries =
        [
            Path.GetDirectoryName(libc)!, Path.GetDirectoryName(Package("libsystemd-shared", $"{Libraries}/systemd/libsystemd-shared-*.so"))!,
            .. ((string[])["libssl3t64/libcrypto.so.3", "zlib1g/libz.so.1", "libzstd1/libzstd.so.1"]).Select(Library),
        ];
        Folder = folder.Folder("newest-systemd");
        _loader = libc;
        _measure = Starting(measure);
        Script = Package("systemd-ukify", "usr/bin/ukify");
        Tool.Require("/usr/bin/python3");
    }

    /// <summary>Folder for ukify's <c>--tools</c>.</summary>
    public string Folder { get; }

    /// <summary>ukify.</summary>
    public string Script { get; }

    /// <summary>A program in <see cref="Folder"/> that starts one of a package by the loader and the libraries that it was built for.</summary>
    /// <param name="program">The package's program.</param>
    /// <param name="packagesAndFiles">What it is linked with beside what systemd's own tools are, such as <c>libkmod2/libkmod.so.2</c>.</param>
    public string Starting(string program, params string[] packagesAndFiles)
    {
        string libraries = string.Join(':', [.. _libraries, .. packagesAndFiles.Select(Library)]);
        string path = Path.Combine(Folder, Path.GetFileName(program));
        File.WriteAllText(path, $"#!/bin/sh\nexec '{_loader}' --library-path '{libraries}' '{program}' \"$@\"\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    /// <summary>What systemd-measure writes to standard output.</summary>
    public string Measure(params string[] arguments) => Only(_measure, arguments);

    /// <summary>What ukify writes to standard output.</summary>
    public string Ukify(params string[] arguments) => Only("/usr/bin/python3", [Script, "build", "--tools", Folder, .. arguments]);

    /// <summary>A file of a package, the newest there is; its name may have an asterisk.</summary>
    public static string Package(string name, string file)
    {
        string debian = Path.Combine(DebianKernels.Cache, "debian");
        string? found = !Directory.Exists(debian) ? null
            : Directory.GetDirectories(debian, $"{name}_*_amd64").Order(StringComparer.Ordinal)
                .Select(folder => Path.Combine(folder, Path.GetDirectoryName(file)!)).Where(Directory.Exists)
                .SelectMany(folder => Directory.GetFiles(folder, Path.GetFileName(file))).LastOrDefault();
        Tool.Demand(found is not null, $"no {file} of {name} in {debian}; 'DEB_ARCH=amd64 build/debian-kernels.sh {Path.GetDirectoryName(debian)} {name}/sid' fetches it");
        return found!;
    }

    private static string Library(string packageAndFile)
    {
        string[] names = packageAndFile.Split('/');
        return Path.GetDirectoryName(Package(names[0], $"{Libraries}/{names[1]}"))!;
    }

    // Both tools tell on standard error what they do.
    private static string Only(string tool, string[] arguments) => Tool.Run("/bin/sh", ["-c", "exec \"$0\" \"$@\" 2>/dev/null", tool, .. arguments]);
}
