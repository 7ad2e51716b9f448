using KexecSign.Formats.Errors;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Pins;
using KexecSign.Keys.Pkcs11.Native;
using KexecSign.Keys.References;

namespace KexecSign.Keys.Pkcs11;

/// <summary>
/// One token in use: its sessions, its one login, and what to do when a call fails. Lost sessions and logins are
/// replaced a bounded number of times; a refused PIN and a device fault end all work with the token.
/// </summary>
internal sealed class TokenConnection : IDisposable
{
    private const int MostRenewals = 3, MostRestarts = 5, FirstPause = 10;
    private readonly PinSources _pins;
    private readonly SessionPool _pool;
    private readonly Lock _pinLock = new();
    // Held while the token decides about a PIN; only threads that may be left behind wait for it.
    private readonly Lock _loginLock = new();
    private PinRequest _request = new(null, new PinOptions());
    private volatile TokenState _state;
    private volatile Pin? _pin;
    private volatile bool _loggedIn;
    private volatile Func<KexecSignException>? _refusal;
    private int _generation;
    private int _restarts;

    public TokenConnection(Module module, TokenState state, PinSources pins)
    {
        Module = module;
        _state = state;
        _pins = pins;
        _pool = new SessionPool(module, () => _state, RequireUsable, ForgetLogin, late => Hangs(late)());
    }

    public Module Module { get; }

    public TokenState State => _state;

    public Cryptoki Calls => Module.Calls;

    /// <summary>Grows whenever object handles may have become invalid.</summary>
    public int Generation => Volatile.Read(ref _generation);

    /// <summary>Says where the PIN may come from. The first sources that are given are used for the connection's life.</summary>
    public void PinFrom(Pkcs11Uri? uri, PinOptions options)
    {
        lock (_pinLock)
        {
            if (!PinSources.IsGiven(_request.Uri, _request.Options))
                _request = new PinRequest(uri, options);
        }
    }

    /// <summary>Whether a login needs nobody at a keyboard.</summary>
    public bool PinIsGiven
    {
        get
        {
            lock (_pinLock)
                return _pin is not null || PinSources.IsGiven(_request.Uri, _request.Options);
        }
    }

    /// <summary>Runs <paramref name="work"/> with a session of its own, logged in if asked; raises only KexecSignException.</summary>
    public T With<T>(bool login, Func<nuint, T> work, CancellationToken cancellation) =>
        Run(new Lending(_pool.Take, _pool.Return, _pool.Discard, State.HasKeypad ? TokenDeadline.TimesForKeypads : 1), login, work,
            cancellation);

    /// <summary>As <see cref="With{T}"/>, with a session that may change the token; it is closed afterwards.</summary>
    public T WithReadWrite<T>(Func<nuint, T> work, CancellationToken cancellation) =>
        Run(new Lending(_pool.TakeReadWrite, _pool.Discard, _pool.Discard, TokenDeadline.TimesForKeyPairs), login: true, work,
            cancellation);

    /// <summary>Proves presence once more for the operation under way (CKA_ALWAYS_AUTHENTICATE).</summary>
    public void LoginForOperation(nuint session)
    {
        lock (_loginLock)
            Login(session, UserType.ContextSpecific);
    }

    public void Dispose()
    {
        // No C_Logout: it would log out every other user of the token in this process. The token logs out by itself when
        // the last session is closed (PKCS#11 5.6, C_CloseSession).
        _pool.Dispose();
        _pin?.Dispose();
    }

    private T Run<T>(Lending lending, bool login, Func<nuint, T> work, CancellationToken cancellation)
    {
        for (int renewals = 0; ;)
        {
            RequireUsable();
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return Once(lending, login, work, cancellation);
            }
            catch (CryptokiException halfRead) when (IsHalfRead(halfRead))
            {
                StartAgain();
            }
            catch (CryptokiException lost) when (renewals < MostRenewals && Renew(lost.Value))
            {
                renewals++;
            }
            catch (CryptokiException cause)
            {
                throw Translate(cause);
            }
            catch (TokenDeadlineException late)
            {
                throw Hangs(late)();
            }
        }
    }

    private T Once<T>(Lending lending, bool login, Func<nuint, T> work, CancellationToken cancellation)
    {
        nuint session = lending.Take(cancellation);
        // A failed call may have left an operation active in its session.
        Action<nuint>? end = lending.Discard;
        try
        {
            if (login)
                ObtainPin();
            T result = Module.Call(
                () =>
                {
                    if (login)
                        LoginOnce(session);
                    return work(session);
                },
                lending.Deadlines, cancellation, abandoned: () => lending.Discard(session),
                late: late =>
                {
                    Func<KexecSignException> refusal = Hangs(late);
                    _pool.Lose();
                    return refusal();
                });
            end = lending.Return;
            return result;
        }
        catch (OperationCanceledException)
        {
            end = null;
            throw;
        }
        catch (TokenDeadlineException late)
        {
            // Before the session's place is given free: who waits for it would ask a token for another that will never answer.
            Hangs(late);
            end = _ => _pool.Lose();
            throw;
        }
        finally
        {
            end?.Invoke(session);
        }
    }

    private Func<KexecSignException> Hangs(TokenDeadlineException late) =>
        _refusal = () => KeyErrors.TokenHangs.Because(late, $"token '{State.Label}'", late.Deadline.TotalSeconds);

    private void RequireUsable()
    {
        if (_refusal is { } refusal)
            throw refusal();
    }

    // Before the deadline begins: a person may be asked.
    private void ObtainPin()
    {
        if (_loggedIn || _pin is not null || !State.LoginRequired || State.HasKeypad)
            return;
        lock (_pinLock)
        {
            RequireUsable();
            _pin ??= _pins.Obtain(_request.Uri, _request.Options, $"token '{State.Label}'");
        }
    }

    private void LoginOnce(nuint session)
    {
        if (_loggedIn || !State.LoginRequired)
            return;
        lock (_loginLock)
        {
            if (_loggedIn)
                return;
            Login(session, UserType.User);
            _loggedIn = true;
        }
    }

    private void Login(nuint session, nuint user)
    {
        // Refused while this thread waited for the lock: the same PIN must not be tried a second time.
        RequireUsable();
        if (!State.HasKeypad && _pin is null)
        {
            lock (_pinLock)
                _pin ??= _pins.Obtain(_request.Uri, _request.Options, $"token '{State.Label}'");
        }
        try
        {
            Calls.Login(session, user, _pin is null ? default : _pin.Bytes);
        }
        catch (CryptokiException already) when (already.Value == ReturnValue.UserAlreadyLoggedIn)
        {
            // Another keyring or library of this process logged in; the login belongs to the process, not to a session.
        }
        catch (CryptokiException cause) when (!IsHalfRead(cause) && PinFault(cause.Value) is { } fault)
        {
            _refusal = fault;
            throw fault();
        }
    }

    // SoftHSM rewrites the token's file at each login, and reads half of it where another process does so at the time; it may keep
    // that until it is started again, when the same may happen to it. It counts no wrong PINs, and none of the answers is about one.
    private bool IsHalfRead(CryptokiException cause) =>
        State.IsSoftHsm && Volatile.Read(ref _restarts) < MostRestarts
        && cause.Function switch
        {
            "C_Login" => cause.Value is ReturnValue.GeneralError or ReturnValue.UserPinNotInitialized,
            "C_OpenSession" => Volatile.Read(ref _restarts) > 0,
            _ => false,
        };

    private void StartAgain()
    {
        Thread.Sleep(FirstPause << Interlocked.Increment(ref _restarts));
        // Not where sessions are in use; those who have them meet the same and come here, too.
        Module.Restart();
        TokenState known = State;
        bool IsSame(TokenState found) => found.Serial == known.Serial && found.Label == known.Label;
        _state = Module.InitialisedTokens(IsSame).Find(IsSame) ?? known;
        ForgetLogin();
    }

    private Func<KexecSignException>? PinFault(nuint value)
    {
        string origin = _pin?.Origin ?? "the token's keypad";
        return value switch
        {
            ReturnValue.PinIncorrect => () => KeyErrors.PinIncorrect.With(State.Label, origin, ReturnValue.Name(value)),
            ReturnValue.PinLocked or ReturnValue.PinExpired => () => KeyErrors.PinLocked.With(State.Label, ReturnValue.Name(value)),
            ReturnValue.UserPinNotInitialized => () => KeyErrors.PinNotSet.With(State.Label, ReturnValue.Name(value)),
            ReturnValue.PinInvalid or ReturnValue.PinLengthRange =>
                () => KeyErrors.PinUnfit.With(State.Label, origin, ReturnValue.Name(value), State.MinPinLength, State.MaxPinLength),
            _ => null,
        };
    }

    // Handles of private objects end with the login (PKCS#11 2.40 section 5.6, C_Logout).
    private void ForgetLogin()
    {
        _loggedIn = false;
        Interlocked.Increment(ref _generation);
    }

    // The named codes after which the same work can succeed with a new session, login or handle. Nothing else is retried.
    private bool Renew(nuint value)
    {
        switch (value)
        {
            case ReturnValue.SessionHandleInvalid or ReturnValue.SessionClosed or ReturnValue.DeviceRemoved:
                _pool.DropIdle();
                ForgetLogin();
                return true;
            case ReturnValue.UserNotLoggedIn:
                ForgetLogin();
                return true;
            case ReturnValue.KeyHandleInvalid or ReturnValue.ObjectHandleInvalid:
            case ReturnValue.OperationActive or ReturnValue.OperationNotInitialized:
                Interlocked.Increment(ref _generation);
                return true;
            default:
                return false;
        }
    }

    private KexecSignException Translate(CryptokiException cause)
    {
        string said = ReturnValue.Name(cause.Value);
        switch (cause.Value)
        {
            case ReturnValue.DeviceError:
                _refusal = () => KeyErrors.TokenBroken.With(State.Label, cause.Function, said);
                return _refusal();
            case ReturnValue.TokenNotPresent or ReturnValue.TokenNotRecognized or ReturnValue.DeviceRemoved:
                return KeyErrors.TokenGone.Because(cause, State.Label, cause.Function, said);
            default:
                return KeyErrors.CallFailed.Because(cause, cause.Function, $"token '{State.Label}'", said);
        }
    }

    // Where a session comes from and where it goes, after success and after failure; and how much time there is.
    private sealed record Lending(Func<CancellationToken, nuint> Take, Action<nuint> Return, Action<nuint> Discard, int Deadlines);
}
