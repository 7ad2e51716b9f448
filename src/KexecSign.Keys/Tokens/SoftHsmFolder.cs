using KexecSign.Keys.Errors;
using KexecSign.Keys.Pins;
using KexecSign.Keys.Pkcs11;
using KexecSign.Keys.References;

namespace KexecSign.Keys.Tokens;

/// <summary>
/// A folder that holds everything of a throw-away SoftHSM token: <c>softhsm2.conf</c>, the token's files, and its PINs.
/// A URI whose PIN lies in such a folder finds the token there without SOFTHSM2_CONF: the configuration stands beside the PIN.
/// </summary>
public sealed class SoftHsmFolder
{
    private const string ConfigurationName = "softhsm2.conf";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private SoftHsmFolder(string path) => FolderPath = path;

    /// <summary>Full path of the folder.</summary>
    public string FolderPath { get; }

    /// <summary>Full path of the configuration, the value for SOFTHSM2_CONF.</summary>
    public string ConfigurationPath => Path.Combine(FolderPath, ConfigurationName);

    /// <summary>Full path of the file that keeps the user's PIN.</summary>
    public string PinPath => Path.Combine(FolderPath, "pin");

    /// <summary>Full path of the file that keeps the security officer's PIN.</summary>
    public string SecurityOfficerPinPath => Path.Combine(FolderPath, "so-pin");

    /// <summary>
    /// Keeps the folder that is there, or makes it (mode 0700) with its configuration, and makes SoftHSM modules initialised
    /// from now on in this process use it. Raises KS2013 when one is in use with another configuration.
    /// </summary>
    public static SoftHsmFolder Open(string path)
    {
        var folder = new SoftHsmFolder(Path.GetFullPath(path));
        string tokens = Path.Combine(folder.FolderPath, "tokens");
        try
        {
            Directory.CreateDirectory(folder.FolderPath, OwnerOnly);
            Directory.CreateDirectory(tokens, OwnerOnly);
            if (new FileInfo(folder.ConfigurationPath) is not { Exists: true, Length: > 0 })
                File.WriteAllText(folder.ConfigurationPath,
                    $"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n");
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw KeyErrors.NotWritable.Because(cause, folder.FolderPath);
        }
        ModuleEnvironment.UseSoftHsmConfiguration(folder.ConfigurationPath);
        return folder;
    }

    /// <summary>
    /// What is left of a token that cannot be opened any more: SoftHSM writes token.object anew at every login, and a run that is
    /// killed there leaves it empty. Null when there is nothing, and the folder may get a new token.
    /// </summary>
    public string? Remains()
    {
        string tokens = Path.Combine(FolderPath, "tokens");
        string[] folders = Directory.Exists(tokens) ? Directory.GetDirectories(tokens) : [];
        foreach (string token in folders.Order(StringComparer.Ordinal))
        {
            var description = new FileInfo(Path.Combine(token, "token.object"));
            bool hasObjects = Directory.EnumerateFiles(token, "*.object")
                .Any(file => !file.EndsWith("/token.object", StringComparison.Ordinal));
            if (hasObjects && description is not { Exists: true, Length: > 0 })
                return $"{token} holds keys, and its token.object is {(description.Exists ? "empty" : "not there")}";
        }
        return null;
    }

    /// <summary>The configuration beside the PIN file that a reference names; null when there is none.</summary>
    internal static string? ConfigurationBeside(Pkcs11Uri uri, PinOptions pin)
    {
        string? pinPath = uri.PinSource is not { } source ? pin.File
            : PinSourcePath.VariableOf(source) is null ? PinSourcePath.Of(source)
            : null;
        if (string.IsNullOrEmpty(pinPath))
            return null;
        string beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(pinPath)) ?? "/", ConfigurationName);
        return File.Exists(beside) ? beside : null;
    }
}
