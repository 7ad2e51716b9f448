using KexecSign.Keys.Errors;
using KexecSign.Keys.Pkcs11.Native;

namespace KexecSign.Keys.Pkcs11;

/// <summary>
/// The sessions of one token, opened when needed. Read-only ones are handed from caller to caller. A token that allows
/// fewer than expected makes the pool smaller; callers then wait for each other.
/// </summary>
internal sealed class SessionPool : IDisposable
{
    private const int MostSessions = 32;
    private const int OpenAttempts = 5;
    private readonly Module _module;
    private readonly Func<TokenState> _state;
    private readonly Action _requireUsable;
    private readonly Action _lastCloses;
    private readonly Func<TokenDeadlineException, Exception> _hangs;
    private readonly SemaphoreSlim _permits;
    private readonly Stack<nuint> _idle = new();
    private readonly Lock _lock = new();
    private int _open;
    private bool _disposed;

    /// <param name="module">The token's module.</param>
    /// <param name="state">The token as it was last found: its slot may change when the module is started again.</param>
    /// <param name="requireUsable">Raises what ended all work with the token while a caller waited for a session.</param>
    /// <param name="lastCloses">Called before the last session is closed: that ends the login (PKCS#11 5.6, C_CloseSession).</param>
    /// <param name="hangs">Ends all work with a token that does not open a session in time; gives what to report.</param>
    public SessionPool(Module module, Func<TokenState> state, Action requireUsable, Action lastCloses,
        Func<TokenDeadlineException, Exception> hangs)
    {
        _hangs = hangs;
        _module = module;
        _state = state;
        _requireUsable = requireUsable;
        _lastCloses = lastCloses;
        _permits = new SemaphoreSlim((int)Math.Min(state().SessionLimit ?? MostSessions, MostSessions));
        module.SessionsUnwanted += CloseIdle;
    }

    /// <summary>A read-only session for one caller alone; give it back with <see cref="Return"/> or <see cref="Discard"/>.</summary>
    public nuint Take(CancellationToken cancellation) => Take(readWrite: false, cancellation);

    /// <summary>A session that may change the token; end it with <see cref="Discard"/>.</summary>
    public nuint TakeReadWrite(CancellationToken cancellation) => Take(readWrite: true, cancellation);

    public void Return(nuint session)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _idle.Push(session);
                _permits.Release();
                return;
            }
        }
        Close(session);
    }

    /// <summary>Closes a session and makes room for another.</summary>
    public void Discard(nuint session)
    {
        Close(session);
        lock (_lock)
        {
            if (!_disposed)
                _permits.Release();
        }
    }

    /// <summary>Leaves a session alone in which a call hangs.</summary>
    public void Lose()
    {
        lock (_lock)
        {
            if (!_disposed)
                _permits.Release();
        }
    }

    /// <summary>Closes what is idle: the token has dropped its sessions, or room is needed.</summary>
    public bool DropIdle()
    {
        bool any = false;
        while (TakeIdle() is { } session)
        {
            Close(session);
            any = true;
        }
        return any;
    }

    public void Dispose()
    {
        _module.SessionsUnwanted -= CloseIdle;
        lock (_lock)
        {
            _disposed = true;
            _permits.Dispose();
        }
        DropIdle();
    }

    private nuint Take(bool readWrite, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            _permits.Wait(cancellation);
            bool keepPermit = false;
            try
            {
                _requireUsable();
                nuint session = IdleOrNew(readWrite, cancellation);
                keepPermit = true;
                return session;
            }
            catch (CryptokiException cause) when (cause.Value == ReturnValue.SessionCount)
            {
                if (readWrite && DropIdle())
                    continue;
                // Sessions of ours are out: keeping this permit makes the pool as small as the token is, and one comes back.
                lock (_lock)
                    keepPermit = _open > 0;
                if (!keepPermit && attempt >= OpenAttempts)
                    throw KeyErrors.SessionsExhausted.Because(
                        cause, _state().Label, attempt, _state().OpenSessions, _state().MaxSessions);
                if (!keepPermit && cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(50 << attempt)))
                    cancellation.ThrowIfCancellationRequested();
            }
            finally
            {
                if (!keepPermit)
                    _permits.Release();
            }
        }
    }

    private nuint IdleOrNew(bool readWrite, CancellationToken cancellation)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
        }
        if (!readWrite && TakeIdle() is { } idle)
            return idle;
        nuint opened = 0;
        nuint session = _module.Call(
            () => opened = _module.OpenSession(_state().Slot, readWrite), 1, cancellation,
            abandoned: () =>
            {
                if (opened != 0)
                    _module.CloseSession(opened);
            },
            late: _hangs);
        lock (_lock)
            _open++;
        return session;
    }

    private void CloseIdle() => DropIdle();

    private nuint? TakeIdle()
    {
        lock (_lock)
            return _idle.TryPop(out nuint session) ? session : null;
    }

    private void Close(nuint session)
    {
        lock (_lock)
        {
            if (--_open == 0)
                _lastCloses();
        }
        if (_module.Hung)
            return;
        try
        {
            _module.Call(() =>
            {
                _module.CloseSession(session);
                return true;
            }, 1, default);
        }
        catch (TokenDeadlineException)
        {
            // Whatever the session was for is done or has failed with an error of its own.
        }
    }
}
