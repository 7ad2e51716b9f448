using System.Runtime.InteropServices;
using KexecSign.Keys.Errors;

namespace KexecSign.Keys.Pkcs11;

/// <summary>
/// SoftHSM finds its tokens through the variable SOFTHSM2_CONF, which it reads with getenv(3) when it is initialised.
/// .NET keeps a copy of the environment of its own, so both must be set.
/// </summary>
internal static partial class ModuleEnvironment
{
    private const string Variable = "SOFTHSM2_CONF";

    /// <summary>The configuration that a module initialised now would read.</summary>
    public static string? SoftHsmConfiguration => Environment.GetEnvironmentVariable(Variable);

    /// <summary>Makes modules that are initialised from now on read <paramref name="path"/>.</summary>
    public static void UseSoftHsmConfiguration(string path)
    {
        string full = Path.GetFullPath(path);
        if (Module.ConfigurationInUse() is { } inUse && inUse.Path != full)
            throw KeyErrors.ConfigurationInUse.With(inUse.Path ?? "(none)", full);
        Environment.SetEnvironmentVariable(Variable, full);
        _ = SetEnvironment(Variable, full, 1);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
