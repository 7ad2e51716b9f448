using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Documents;

/// <summary>
/// Somebody who reads the documents and types what they say: an empty folder, kexecsign in PATH, and what a page says that its reader has.
/// What lies in the folder before an example of the help is made by <c>reader.sh</c>.
/// </summary>
public sealed class Reader : IDisposable
{
    private const string Module = "/usr/lib/softhsm/libsofthsm2.so";

    // Some EFI image for amd64.
    private const string X64Kernel = "/usr/lib/systemd/boot/efi/systemd-bootx64.efi";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly Lock _lock = new();
    private bool _made;

    /// <summary>What all examples share, once it is asked for: a token, keys, images.</summary>
    internal TempFolder Shared { get; } = new();

    /// <summary>Runs an example of the help, verbatim, in an empty folder with what it begins with.</summary>
    internal ToolAnswer Help(string operation, string example)
    {
        Make();
        using var folder = new TempFolder();
        // One without a source for the PIN asks for it, on a terminal.
        bool asks = example.Contains("'pkcs11:object", StringComparison.Ordinal) && !example.Contains("pin", StringComparison.Ordinal);
        return Bash(folder.Path, $"""
            . '{Script}'
            reader_environment
            stage "$OPERATION" "$EXAMPLE"
            {(asks ? "printf '1234\\n' | script -qec \"$EXAMPLE\" /dev/null" : example)}
            """, new() { ["OPERATION"] = operation, ["EXAMPLE"] = example });
    }

    /// <summary>Runs all that a page says, from its first line to its last, in one shell and one folder.</summary>
    internal ToolAnswer Page(string folder, string script) => Bash(folder, script, []);

    public void Dispose() => Shared.Dispose();

    private static string Script => Path.Combine(AppContext.BaseDirectory, "Documents", "reader.sh");

    private void Make()
    {
        Tool.Require("script", "openssl", "xz", "make", "clang", "/usr/sbin/bpftool");
        Tool.Demand(File.Exists(X64Kernel), $"{X64Kernel} is missing; apt-get install systemd-boot-efi");
        Tool.Demand(File.Exists(Module), $"{Module} is missing; apt-get install softhsm2");
        lock (_lock)
        {
            if (_made)
                return;
            Possession.Give(Shared.Path, "Image");
            Possession.Give(Shared.Path, "arm64.kit");
            File.WriteAllBytes(Shared.At("finished.efi"), Possession.Finished());
            ToolAnswer answer = Bash(Shared.Path, $". '{Script}'\nmake_template\nmake_images", []);
            answer.Exit.ShouldBe(0, answer.Output);
            _made = true;
        }
    }

    private ToolAnswer Bash(string folder, string script, Dictionary<string, string> environment)
    {
        string bin = Shared.Folder("bin");
        if (!File.Exists(Path.Combine(bin, "kexecsign")))
            File.CreateSymbolicLink(Path.Combine(bin, "kexecsign"), ProgramUnderTest.Path);
        var variables = new Dictionary<string, string>
        {
            ["PATH"] = ProcessRun.PathBehind(bin, "/usr/sbin"),
            ["LC_ALL"] = "C",
            ["XDG_CONFIG_HOME"] = Shared.At("none"),
            ["TEMPLATE"] = Shared.Path,
            ["MODULE"] = Module,
            ["STUB"] = DebianFiles.Named("newer stub arm64"),
            ["X64_KERNEL"] = X64Kernel,
            ["SHIM"] = DebianFiles.Named("shim arm64"),
            ["GRUB"] = DebianFiles.Signed().Single(f => f.EndsWith("/grubx64.efi.signed", StringComparison.Ordinal)),
        };
        foreach ((string name, string value) in environment)
            variables[name] = value;
        ProcessAnswer answer = new ProcessRun("bash", ["--noprofile", "--norc", "-euo", "pipefail", "-c", script])
        {
            Folder = folder,
            Environment = variables,
            Without = IsOurs,
            Patience = Patience,
        }.End();
        return new(answer.Exit, answer.Said);
    }

    private static bool IsOurs(string name) =>
        name.StartsWith("SOFTHSM2", StringComparison.Ordinal)
        || (name.StartsWith("KEXECSIGN_", StringComparison.Ordinal) && !name.StartsWith("KEXECSIGN_PROGRAM", StringComparison.Ordinal));
}
