using System.Runtime.InteropServices;
using KexecSign.Keys.Pkcs11.Native;

namespace KexecSign.Keys.Pkcs11;

/// <summary>
/// Loads and initialises a module in a process that has nothing to lose: a child of the program, which may crash in peace. Its parent
/// reads how far it came.
/// </summary>
public static class ModuleTrial
{
    /// <summary>Said when the library is loaded and gave its list of functions.</summary>
    public const string Loaded = "loaded";

    /// <summary>Said at the end; failures that are no crash count as one, since the parent will meet and tell them itself.</summary>
    public const string Done = "done";

    /// <summary>Tries a module.</summary>
    /// <param name="path">The library.</param>
    /// <param name="say">Gets <see cref="Loaded"/> and <see cref="Done"/>; must not keep them back.</param>
    public static void Run(string path, Action<string> say)
    {
        if (NativeLibrary.TryLoad(path, out nint library))
        {
            try
            {
                Cryptoki? calls = Cryptoki.From(library);
                say(Loaded);
                if (calls is not null && calls.Initialize())
                {
                    calls.Library();
                    calls.Finish();
                }
            }
            catch (CryptokiException)
            {
                // Told by the parent, with the rest of what it knows.
            }
        }
        say(Done);
    }
}
