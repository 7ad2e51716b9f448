using System.Runtime.InteropServices;
using System.Text;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Pkcs11.Native;

namespace KexecSign.Keys.Pkcs11;

/// <summary>
/// A loaded PKCS#11 module, initialised once per process and shared by all keyrings. When the last one lets go it is
/// finalised (unless other code in the process initialised it), so that a later run sees new tokens and settings.
/// The library stays mapped: some modules do not survive dlclose.
/// </summary>
internal sealed class Module
{
    private static readonly Dictionary<nint, Module> Live = [];
    private static readonly Lock LiveLock = new();
    private readonly bool _finalise;
    private readonly string? _configuration;
    private int _holders;

    internal Module(string path, Cryptoki calls, bool finalise)
    {
        Path = path;
        Calls = calls;
        _finalise = finalise;
        _configuration = ModuleEnvironment.SoftHsmConfiguration;
    }

    public string Path { get; }

    public Cryptoki Calls { get; }

    /// <summary>Loads and initialises, or joins those that use the module already. Give back with <see cref="Release"/>.</summary>
    public static Module Open(string path)
    {
        lock (LiveLock)
        {
            Cryptoki calls = Load(path);
            if (!Live.TryGetValue(calls.Identity, out Module? module))
            {
                module = new Module(path, calls, Initialise(path, calls));
                Live.Add(calls.Identity, module);
            }
            module._holders++;
            return module;
        }
    }

    /// <summary>The configuration that a module in use was initialised with; null when none is in use.</summary>
    public static (string? Path, string Module)? ConfigurationInUse()
    {
        lock (LiveLock)
        {
            foreach (Module module in Live.Values)
                return (module._configuration, module.Path);
            return null;
        }
    }

    public void Release()
    {
        lock (LiveLock)
        {
            if (--_holders > 0)
                return;
            Live.Remove(Calls.Identity);
            if (_finalise)
                Calls.Finish();
        }
    }

    /// <summary>All tokens that are plugged in now.</summary>
    public List<TokenState> Tokens()
    {
        try
        {
            LibraryInfo library = Calls.Library();
            var states = new List<TokenState>();
            foreach (nuint slot in Calls.Slots())
            {
                if (State(slot, library) is { } state)
                    states.Add(state);
            }
            return states;
        }
        catch (CryptokiException cause)
        {
            throw KeyErrors.CallFailed.Because(cause, cause.Function, Path, ReturnValue.Name(cause.Value));
        }
    }

    // A token may be pulled out while the list is made; the others still count.
    private TokenState? State(nuint slot, LibraryInfo library)
    {
        try
        {
            return TokenState.From(slot, library, Calls.Slot(slot), Calls.Token(slot));
        }
        catch (CryptokiException cause) when (cause.Value is ReturnValue.TokenNotPresent or ReturnValue.TokenNotRecognized or ReturnValue.DeviceRemoved)
        {
            return null;
        }
    }

    private static Cryptoki Load(string path)
    {
        try
        {
            nint library = NativeLibrary.Load(path);
            return Cryptoki.From(library) ?? throw KeyErrors.ModuleUnusable.With(path, "it has no C_GetFunctionList of PKCS#11 2.x or 3.x");
        }
        catch (Exception cause) when (cause is DllNotFoundException or BadImageFormatException)
        {
            throw KeyErrors.ModuleUnusable.Because(cause, path, OneLine(cause.Message));
        }
        catch (CryptokiException cause)
        {
            throw KeyErrors.ModuleUnusable.Because(cause, path, cause.Message);
        }
    }

    private static bool Initialise(string path, Cryptoki calls)
    {
        try
        {
            return calls.Initialize();
        }
        catch (CryptokiException cause)
        {
            throw KeyErrors.ModuleUnusable.Because(cause, path, cause.Message);
        }
    }

    private static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (char character in text.AsSpan(0, Math.Min(text.Length, 300)))
            line.Append(char.IsControl(character) ? ' ' : character);
        return line.ToString().TrimEnd('.', ' ');
    }
}
