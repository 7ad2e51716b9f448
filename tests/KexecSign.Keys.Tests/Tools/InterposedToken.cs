using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.Pkcs11;
using KexecSign.Keys.Pkcs11.Native;
using KexecSign.Keys.References;

namespace KexecSign.Keys.Tests.Tools;

/// <summary>
/// The SoftHSM token of the tests with some of its functions replaced: they count their calls and can be told to fail.
/// Static, because a native function has no object to belong to; used only inside the SoftHSM collection.
/// </summary>
internal sealed unsafe class InterposedToken : IDisposable
{
    private static FunctionList* _real;
    private static int _logins;
    private static int _contextLogins;
    private static int _open;
    private static int _mostOpen;
    private static int _signatures;
    private static int _returned;
    private static int _finalisations;
    private static int _mostAtFinalisation;
    private static int _otherLabels;
    private readonly FunctionList* _functions;
    private readonly Module _module;
    private readonly PinSources _pins;
    private readonly TokenThreads _threads = new();

    public InterposedToken(PinOptions pin, int sessionLimit = 1000, TimeSpan? deadline = null, bool finalise = false)
    {
        _module = Module.Open(SoftHsm.ModulePath, TokenDeadline.Default);
        _real = (FunctionList*)_module.Calls.Identity;
        _functions = (FunctionList*)NativeMemory.Alloc((nuint)sizeof(FunctionList));
        *_functions = *_real;
        _functions->OpenSession = &OpenSession;
        _functions->CloseSession = &CloseSession;
        _functions->Login = &Login;
        _functions->SignInit = &SignInit;
        _functions->Sign = &Sign;
        _functions->GetTokenInfo = &GetTokenInfo;
        _functions->Finalize = &Finish;
        _functions->Initialize = &Initialise;
        (_finalisations, _mostAtFinalisation, _otherLabels, HidesUserPin) = (0, 0, 0, false);
        (_logins, _contextLogins, _open, _mostOpen, _signatures, _returned) = (0, 0, 0, 0, 0, 0);
        SessionLimit = sessionLimit;
        SignInitFaults.Clear();
        SignFaults.Clear();
        LoginFaults.Clear();
        SignHangs = null;
        OnSign = null;
        var interposed = new Module(SoftHsm.ModulePath, new Cryptoki(_functions), _threads, deadline ?? TokenDeadline.Default, finalise);
        _pins = new PinSources(Environment.GetEnvironmentVariable, prompt: null, warn: null);
        TokenState state = _module.Tokens().Single(token => token.Label == SoftHsm.Label);
        Connection = new TokenConnection(interposed, state, _pins);
        Connection.PinFrom(null, pin);
    }

    /// <summary>Codes that the next calls of C_SignInit return.</summary>
    public static ConcurrentQueue<nuint> SignInitFaults { get; } = new();

    /// <summary>Codes that the next calls of C_Sign return.</summary>
    public static ConcurrentQueue<nuint> SignFaults { get; } = new();

    /// <summary>Codes that the next calls of C_Login return.</summary>
    public static ConcurrentQueue<nuint> LoginFaults { get; } = new();

    /// <summary>When set, C_Sign does not return before this is.</summary>
    public static ManualResetEventSlim? SignHangs { get; set; }

    /// <summary>Called by C_Sign.</summary>
    public static Action? OnSign { get; set; }

    /// <summary>Sessions beyond this get CKR_SESSION_COUNT.</summary>
    public static int SessionLimit { get; private set; }

    public static int Logins => _logins;

    public static int ContextLogins => _contextLogins;

    public static int OpenSessions => _open;

    public static int MostOpenSessions => _mostOpen;

    public static int Signatures => _signatures;

    /// <summary>Calls of C_Sign that came back.</summary>
    public static int Returned => _returned;

    /// <summary>Calls of C_Finalize, none of which comes to the token.</summary>
    public static int Finalisations => _finalisations;

    /// <summary>Sessions that were open when C_Finalize was called, the most at a time.</summary>
    public static int MostAtFinalisation => _mostAtFinalisation;

    /// <summary>Whether C_GetTokenInfo says of each token that it has no user PIN.</summary>
    public static bool HidesUserPin { get; set; }

    /// <summary>How many of the next calls of C_GetTokenInfo tell of another token than there is.</summary>
    public static void Rename(int calls) => _otherLabels = calls;

    public TokenConnection Connection { get; }

    public ISigningKey Key(string label) => ObjectSearch.PrivateKey(Connection, Pkcs11Uri.Parse("pkcs11:object=" + label), default);

    public void Dispose()
    {
        Connection.Dispose();
        _threads.Drain(TokenDeadline.Default);
        _threads.End();
        _pins.Dispose();
        _module.Release();
        NativeMemory.Free(_functions);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint OpenSession(nuint slot, nuint flags, void* application, void* notify, nuint* session)
    {
        int open = Interlocked.Increment(ref _open);
        if (open > SessionLimit)
        {
            Interlocked.Decrement(ref _open);
            return ReturnValue.SessionCount;
        }
        InterlockedMax(ref _mostOpen, open);
        return _real->OpenSession(slot, flags, application, notify, session);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint CloseSession(nuint session)
    {
        nuint value = _real->CloseSession(session);
        Interlocked.Decrement(ref _open);
        return value;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Login(nuint session, nuint user, byte* pin, nuint length)
    {
        Interlocked.Increment(ref user == UserType.ContextSpecific ? ref _contextLogins : ref _logins);
        return LoginFaults.TryDequeue(out nuint fault) ? fault : _real->Login(session, user, pin, length);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint SignInit(nuint session, NativeMechanism* mechanism, nuint key) =>
        SignInitFaults.TryDequeue(out nuint fault) ? fault : _real->SignInit(session, mechanism, key);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Sign(nuint session, byte* data, nuint length, byte* signature, nuint* signatureLength)
    {
        Interlocked.Increment(ref _signatures);
        OnSign?.Invoke();
        SignHangs?.Wait();
        nuint value = SignFaults.TryDequeue(out nuint fault) ? fault : _real->Sign(session, data, length, signature, signatureLength);
        Interlocked.Increment(ref _returned);
        return value;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint GetTokenInfo(nuint slot, TokenInfo* info)
    {
        nuint value = _real->GetTokenInfo(slot, info);
        if (HidesUserPin)
            info->Flags &= ~Flag.UserPinInitialized;
        if (Interlocked.Decrement(ref _otherLabels) >= 0)
            info->Label[0] = (byte)'?';
        return value;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Finish(void* reserved)
    {
        Interlocked.Increment(ref _finalisations);
        InterlockedMax(ref _mostAtFinalisation, _open);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Initialise(InitializeArguments* arguments) => 0;

    private static void InterlockedMax(ref int most, int open)
    {
        int known;
        while ((known = most) < open && Interlocked.CompareExchange(ref most, open, known) != known)
        {
        }
    }
}
