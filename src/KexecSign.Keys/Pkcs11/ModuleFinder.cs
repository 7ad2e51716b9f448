using System.Runtime.InteropServices;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Errors;
using KexecSign.Keys.References;

namespace KexecSign.Keys.Pkcs11;

/// <summary>
/// Which module a URI means: its module-path, its module-name, else KEXECSIGN_PKCS11_MODULE, else PKCS11_MODULE_PATH (the
/// variable of libp11), else p11-kit's proxy, which offers every module that the system has registered. A path is absolute; what has no
/// slash is a name, looked for in the system's folders alone.
/// </summary>
internal static class ModuleFinder
{
    private const string Proxy = "p11-kit-proxy.so";

    public static string Find(Pkcs11Uri uri, Func<string, string?> environment)
    {
        if (uri.ModulePath is { Length: > 0 } path)
            return Located(path);
        if (uri.ModuleName is { Length: > 0 } name)
            return Named(name);
        foreach (string variable in (ReadOnlySpan<string>)["KEXECSIGN_PKCS11_MODULE", "PKCS11_MODULE_PATH"])
        {
            if (environment(variable) is { Length: > 0 } value)
                return Located(value);
        }
        return Named(Proxy);
    }

    // What a relative path leads to depends on where one stands, which in a build is often a folder that others fill. A bare file name,
    // as pkcs11-tool and p11-kit take it, is looked for where modules are kept, never in the current folder.
    private static string Located(string path) =>
        Path.IsPathRooted(path) ? Existing(path) : path.Contains('/') ? throw KeyErrors.ModuleRelative.With(path) : Named(path);

    private static string Existing(string path)
    {
        if (Directory.Exists(path))
            throw KeyErrors.ModuleMissing.With($"'{path}'", "a folder of that name");
        return File.Exists(path) ? Path.GetFullPath(path) : throw KeyErrors.ModuleMissing.With($"'{path}'", "that place only");
    }

    // RFC 7512 section 2.3: module-name is "softhsm2" for "libsofthsm2.so" or "softhsm2.so" wherever modules are kept.
    private static string Named(string name)
    {
        // A name with a slash would step out of the folders searched.
        string[] files = name.Contains('/') || name is "." or ".." ? [] : [name, name + ".so", "lib" + name + ".so"];
        foreach (string folder in Folders())
        {
            foreach (string file in files)
            {
                string path = Path.Combine(folder, file);
                if (File.Exists(path))
                    return path;
            }
        }
        throw KeyErrors.ModuleMissing.With($"'{name}'", string.Join(", ", Folders()));
    }

    private static IEnumerable<string> Folders()
    {
        string? machine = RuntimeInformation.ProcessArchitecture switch
        {
            // They have no kernels that kexec loads with signatures, but programs.
            Architecture.X86 => "i386-linux-gnu",
            Architecture.Arm => "arm-linux-gnueabihf",
            _ => ArchitectureFacts.Here?.Triplet,
        };
        foreach (string root in (string[])[.. machine is null ? (string[])[] : [$"/usr/lib/{machine}"], "/usr/lib64", "/usr/lib",
            "/usr/local/lib"])
        {
            yield return root + "/pkcs11";
            yield return root + "/softhsm";
            yield return root;
        }
    }
}
