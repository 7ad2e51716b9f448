using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
    private static FunctionList* s_real;
    private static int s_logins;
    private static int s_contextLogins;
    private static int s_open;
    private static int s_mostOpen;
    private static int s_signatures;
    private readonly FunctionList* _functions;
    private readonly Module _module;
    private readonly PinSources _pins;

    public InterposedToken(PinOptions pin, int sessionLimit = 1000)
    {
        _module = Module.Open(SoftHsm.ModulePath);
        s_real = (FunctionList*)_module.Calls.Identity;
        _functions = (FunctionList*)NativeMemory.Alloc((nuint)sizeof(FunctionList));
        *_functions = *s_real;
        _functions->OpenSession = &OpenSession;
        _functions->CloseSession = &CloseSession;
        _functions->Login = &Login;
        _functions->SignInit = &SignInit;
        _functions->Sign = &Sign;
        (s_logins, s_contextLogins, s_open, s_mostOpen, s_signatures) = (0, 0, 0, 0, 0);
        SessionLimit = sessionLimit;
        SignInitFaults.Clear();
        SignFaults.Clear();
        var interposed = new Module(SoftHsm.ModulePath, new Cryptoki(_functions), finalise: false);
        _pins = new PinSources(Environment.GetEnvironmentVariable, prompt: null, warn: null);
        TokenState state = _module.Tokens().Single(token => token.Label == SoftHsm.Label);
        Connection = new TokenConnection(interposed, state, _pins);
        Connection.PinFrom(null, pin);
    }

    /// <summary>Codes that the next calls of C_SignInit return.</summary>
    public static ConcurrentQueue<nuint> SignInitFaults { get; } = new();

    /// <summary>Codes that the next calls of C_Sign return.</summary>
    public static ConcurrentQueue<nuint> SignFaults { get; } = new();

    /// <summary>Sessions beyond this get CKR_SESSION_COUNT.</summary>
    public static int SessionLimit { get; private set; }

    public static int Logins => s_logins;

    public static int ContextLogins => s_contextLogins;

    public static int OpenSessions => s_open;

    public static int MostOpenSessions => s_mostOpen;

    public static int Signatures => s_signatures;

    public TokenConnection Connection { get; }

    public ISigningKey Key(string label) => ObjectSearch.PrivateKey(Connection, Pkcs11Uri.Parse("pkcs11:object=" + label), default);

    public void Dispose()
    {
        Connection.Dispose();
        _pins.Dispose();
        _module.Release();
        NativeMemory.Free(_functions);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint OpenSession(nuint slot, nuint flags, void* application, void* notify, nuint* session)
    {
        int open = Interlocked.Increment(ref s_open);
        if (open > SessionLimit)
        {
            Interlocked.Decrement(ref s_open);
            return ReturnValue.SessionCount;
        }
        InterlockedMax(open);
        return s_real->OpenSession(slot, flags, application, notify, session);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint CloseSession(nuint session)
    {
        nuint value = s_real->CloseSession(session);
        Interlocked.Decrement(ref s_open);
        return value;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Login(nuint session, nuint user, byte* pin, nuint length)
    {
        Interlocked.Increment(ref user == UserType.ContextSpecific ? ref s_contextLogins : ref s_logins);
        return s_real->Login(session, user, pin, length);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint SignInit(nuint session, NativeMechanism* mechanism, nuint key) =>
        SignInitFaults.TryDequeue(out nuint fault) ? fault : s_real->SignInit(session, mechanism, key);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nuint Sign(nuint session, byte* data, nuint length, byte* signature, nuint* signatureLength)
    {
        Interlocked.Increment(ref s_signatures);
        return SignFaults.TryDequeue(out nuint fault) ? fault : s_real->Sign(session, data, length, signature, signatureLength);
    }

    private static void InterlockedMax(int open)
    {
        int known;
        while ((known = s_mostOpen) < open && Interlocked.CompareExchange(ref s_mostOpen, open, known) != known)
        {
        }
    }
}
