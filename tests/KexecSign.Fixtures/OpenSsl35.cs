using System.Runtime.InteropServices;

namespace KexecSign.Fixtures;

/// <summary>
/// Debian 13's OpenSSL with its C library, as <c>build/openssl35.sh</c> left it in the cache: programs run with it, and through
/// it .NET has ML-DSA, whatever the machine's own OpenSSL is.
/// </summary>
public sealed class OpenSsl35
{
    private readonly string _openssl;

    private OpenSsl35(string root)
    {
        Libraries = Directory.GetDirectories(Path.Combine(root, "usr/lib"), "*-linux-gnu*").Single();
        Loader = Directory.GetFiles(Libraries, "ld-linux-*.so.*").Single();
        _openssl = Path.Combine(root, "usr/bin/openssl");
    }

    /// <summary>The loader of programs that is to run what uses it.</summary>
    public string Loader { get; }

    /// <summary>Folder of its shared libraries.</summary>
    public string Libraries { get; }

    /// <summary>Finds it; without, the test is skipped.</summary>
    public static OpenSsl35 Require()
    {
        string debian = Path.Combine(DebianKernels.Cache, "debian");
        string architecture = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        string? root = !Directory.Exists(debian) ? null : Directory.GetDirectories(debian, $"openssl35_*_{architecture}").Order(StringComparer.Ordinal).LastOrDefault();
        Tool.Demand(root is not null, $"no OpenSSL 3.5 in {debian}; 'build/openssl35.sh {DebianKernels.Cache}' fetches it");
        return new(root!);
    }

    /// <summary>Runs its <c>openssl</c>, which must succeed.</summary>
    public string Run(params ReadOnlySpan<string> arguments) => Tool.Run(Loader, ["--library-path", Libraries, _openssl, .. arguments]);

    /// <summary>Runs its <c>openssl</c>, whose exit code is the answer.</summary>
    public ToolAnswer Ask(params ReadOnlySpan<string> arguments) => Tool.Ask(Loader, ["--library-path", Libraries, _openssl, .. arguments]);

    /// <summary>Makes a <c>dotnet</c> in a folder that runs assemblies with these libraries; needs <see cref="Environment"/>.</summary>
    public string Dotnet(TempFolder folder)
    {
        Tool.Require("patchelf");
        // .../shared/Microsoft.NETCore.App/VERSION/ is where the runtime of this test is.
        string installed = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        string home = folder.Folder("dotnet"), dotnet = Path.Combine(home, "dotnet");
        File.Copy(Path.Combine(installed, "dotnet"), dotnet);
        foreach (string part in (string[])["host", "shared"])
            File.CreateSymbolicLink(Path.Combine(home, part), Path.Combine(installed, part));
        // The program finds its runtime beside itself, so it must be a file of its own and not an argument of the loader.
        Tool.Run("patchelf", "--set-interpreter", Loader, dotnet);
        return dotnet;
    }

    /// <summary>The environment that goes with <see cref="Dotnet"/>.</summary>
    public Dictionary<string, string> Environment => new() { ["LD_LIBRARY_PATH"] = Libraries, ["DOTNET_ROOT"] = "" };
}
