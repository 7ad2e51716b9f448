using System.Runtime.InteropServices;
using System.Text;
using KexecSign.Formats.Errors;
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
    private const int MostRestarts = 6, FirstPause = 10;
    private static readonly List<Module> Live = [];
    private static readonly Lock LiveLock = new();
    private readonly TokenThreads _threads;
    private readonly bool _finalise;
    private readonly string? _configuration;
    private readonly Lock _restarts = new();
    private int _holders;
    private int _underWay;
    private int _sessions;
    private bool _partIsAll;

    internal Module(string path, Cryptoki calls, TokenThreads threads, TimeSpan deadline, bool finalise)
    {
        Path = path;
        Calls = calls;
        Deadline = deadline;
        _threads = threads;
        _finalise = finalise;
        _configuration = ModuleEnvironment.SoftHsmConfiguration;
    }

    public string Path { get; }

    public Cryptoki Calls { get; }

    /// <summary>Asks whoever keeps sessions for later to close them: as long as one is open the module is not started again.</summary>
    public event Action? SessionsUnwanted;

    /// <summary>How long one piece of work may take.</summary>
    public TimeSpan Deadline { get; }

    /// <summary>Whether a call did not come back in time; the module is left alone then.</summary>
    public bool Hung => _threads.Hung;

    /// <summary>Loads and initialises, or joins those that use the module already. Give back with <see cref="Release"/>.</summary>
    /// <param name="path">The library.</param>
    /// <param name="deadline">How long one piece of work may take.</param>
    /// <param name="trial">Tries the module elsewhere first, where it is not in use here yet; null for hosts that cannot.</param>
    public static Module Open(string path, TimeSpan deadline, Action<string, TimeSpan>? trial = null)
    {
        lock (LiveLock)
        {
            if (trial is not null && !Live.Exists(live => live.Path == path))
                trial(path, deadline);
            var threads = new TokenThreads();
            try
            {
                Cryptoki calls = threads.Run(() => Load(path), deadline, late => late, null, default);
                Module? module = Live.Find(live => live.Calls.Identity == calls.Identity);
                if (module is null)
                {
                    bool finalise = threads.Run(() => Initialise(path, calls), deadline, late => late, null, default);
                    module = new Module(path, calls, threads, deadline, finalise);
                    Live.Add(module);
                }
                module._holders++;
                if (module._threads != threads)
                    threads.End();
                return module;
            }
            catch (Exception failed)
            {
                threads.End();
                if (failed is TokenDeadlineException late)
                    throw Hangs(path, late);
                throw;
            }
        }
    }

    /// <summary>Runs calls of the module on a thread of their own, see <see cref="TokenThreads.Run"/>.</summary>
    public T Call<T>(
        Func<T> call, int deadlines, CancellationToken cancellation, Action? abandoned = null,
            Func<TokenDeadlineException, Exception>? late = null) =>
        _threads.Run(() => WithoutRestart(call), Deadline * deadlines, late ?? Hangs, abandoned, cancellation);

    /// <summary>
    /// Opens a session, within <see cref="Call"/>, with which the module is not started again until <see cref="CloseSession"/>.
    /// </summary>
    public nuint OpenSession(nuint slot, bool readWrite)
    {
        nuint session = Calls.OpenSession(slot, readWrite);
        Interlocked.Increment(ref _sessions);
        return session;
    }

    /// <summary>Closes what <see cref="OpenSession"/> opened.</summary>
    public void CloseSession(nuint session)
    {
        Calls.CloseSession(session);
        Interlocked.Decrement(ref _sessions);
    }

    /// <summary>The configuration that a module in use was initialised with; null when none is in use.</summary>
    public static (string? Path, string Module)? ConfigurationInUse()
    {
        lock (LiveLock)
        {
            return Live is [var module, ..] ? (module._configuration, module.Path) : null;
        }
    }

    public void Release()
    {
        lock (LiveLock)
        {
            if (--_holders > 0)
                return;
            Live.Remove(this);
            // A module that still works for a caller who left must not lose its ground.
            if (_threads.Drain(Deadline) && _finalise)
                Finish();
            _threads.End();
        }
    }

    /// <summary>
    /// All tokens that are plugged in now. A module that fails to tell is asked again, a few times: C_Login of SoftHSM rewrites the
    /// token's file, and who reads half of it is told CKR_GENERAL_ERROR (seen with 2.6.1: 76 of 1,200 processes, eight at a time).
    /// </summary>
    public List<TokenState> Tokens() => Patiently(_ => false);

    /// <summary>
    /// The same, and SoftHSM is started again also when none of its tokens is the one that is wanted, or one is there in part only: it
    /// keeps what it read half for as long as nobody writes the file again, and leaves out a token of which it read less (seen with 2.6.1
    /// and two tokens: 1 of 250 processes).
    /// </summary>
    public List<TokenState> InitialisedTokens(Predicate<TokenState> wanted) => Patiently(tokens => IsHalfRead(tokens, wanted));

    /// <summary>All tokens, on the caller's thread.</summary>
    public List<TokenState> ListTokens()
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

    /// <summary>
    /// C_Finalize and C_Initialize, only where nobody would lose anything by it: no other keyring of the process is in the module, no call
    /// is under way, and no session is open. A session's number is given anew, and who still had the old one would work in another's.
    /// </summary>
    public void Restart()
    {
        SessionsUnwanted?.Invoke();
        lock (LiveLock)
        {
            if (_holders > 1 || !_finalise)
                return;
            lock (_restarts)
            {
                if (Volatile.Read(ref _underWay) > 0 || Volatile.Read(ref _sessions) > 0)
                    return;
                StartAgain();
            }
        }
    }

    private void StartAgain()
    {
        try
        {
            _threads.Run(() =>
            {
                Calls.Finish();
                return Initialise(Path, Calls);
            }, Deadline, Hangs, null, default);
        }
        catch (TokenDeadlineException late)
        {
            throw Hangs(late);
        }
    }

    // Runs on the thread that calls the module, so that a call that nobody waits for any more still counts.
    private T WithoutRestart<T>(Func<T> call)
    {
        lock (_restarts)
            Interlocked.Increment(ref _underWay);
        try
        {
            return call();
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    private List<TokenState> Patiently(Predicate<List<TokenState>> again)
    {
        for (int attempt = 0; ; attempt++)
        {
            bool last = attempt == MostRestarts;
            try
            {
                List<TokenState> tokens = Call(ListTokens, 1, default);
                if (!again(tokens))
                    return tokens;
                if (last)
                {
                    // It was whole: a token without a user's PIN is a token, too. Nobody waits for it a second time.
                    Volatile.Write(ref _partIsAll, tokens.Exists(IsInPart));
                    return tokens;
                }
            }
            catch (CryptokiException cause) when (last || cause.Value != ReturnValue.GeneralError)
            {
                throw KeyErrors.CallFailed.Because(cause, cause.Function, Path, ReturnValue.Name(cause.Value));
            }
            catch (CryptokiException)
            {
                // Nothing was changed and no PIN was given: asking again does no harm.
            }
            catch (TokenDeadlineException late)
            {
                throw Hangs(late);
            }
            Thread.Sleep(FirstPause << attempt);
            Restart();
        }
    }

    private bool IsHalfRead(List<TokenState> tokens, Predicate<TokenState> wanted) =>
        tokens.Exists(t => t.IsSoftHsm)
        && (!tokens.Exists(t => t.Initialized && wanted(t)) || (!Volatile.Read(ref _partIsAll) && tokens.Exists(IsInPart)));

    private static bool IsInPart(TokenState token) => token.Initialized && (token.Serial.Length == 0 || !token.HasUserPin);

    private KexecSignException Hangs(TokenDeadlineException late) => Hangs(Path, late);

    private static KexecSignException Hangs(string path, TokenDeadlineException late) =>
        KeyErrors.TokenHangs.Because(late, $"module {path}", late.Deadline.TotalSeconds);

    private void Finish()
    {
        try
        {
            Call(() =>
            {
                Calls.Finish();
                return true;
            }, 1, default);
        }
        catch (TokenDeadlineException)
        {
            // The work is done and the process is about to end or to go on without the module.
        }
    }

    // A token may be pulled out while the list is made; the others still count.
    private TokenState? State(nuint slot, LibraryInfo library)
    {
        try
        {
            return TokenState.From(slot, library, Calls.Slot(slot), Calls.Token(slot));
        }
        catch (CryptokiException cause) when (cause.Value is ReturnValue.TokenNotPresent or ReturnValue.TokenNotRecognized
            or ReturnValue.DeviceRemoved)
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
