using System.Runtime.InteropServices;
using KexecSign.Keys.Errors;

namespace KexecSign.Keys.Pkcs11.Native;

/// <summary>The calls of one loaded module; each raises <see cref="CryptokiException"/> unless the module says CKR_OK.</summary>
internal sealed unsafe class Cryptoki
{
    private const int ObjectsAtOnce = 64;
    private const int MaxObjects = 4096;
    private const int MaxAttributeLength = 1 << 20;
    private readonly FunctionList* _functions;

    internal Cryptoki(FunctionList* functions) => _functions = functions;

    /// <summary>The same for every path that leads to the same library.</summary>
    public nint Identity => (nint)_functions;

    /// <summary>Asks a loaded library for its functions; null when it is no PKCS#11 module.</summary>
    public static Cryptoki? From(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "C_GetFunctionList", out nint entry))
            return null;
        FunctionList* functions = null;
        nuint value = ((delegate* unmanaged[Cdecl]<FunctionList**, nuint>)entry)(&functions);
        Require("C_GetFunctionList", value);
        return functions is null || functions->Major < 2 ? null : new Cryptoki(functions);
    }

    /// <summary>Initialises with OS locking; false when something else in this process did it before.</summary>
    public bool Initialize()
    {
        var arguments = new InitializeArguments { Flags = Flag.OsLockingOk };
        nuint value = _functions->Initialize(&arguments);
        if (value == ReturnValue.CryptokiAlreadyInitialized)
            return false;
        Require("C_Initialize", value);
        return true;
    }

    public void Finish() => _ = _functions->Finalize(null);

    public LibraryInfo Library()
    {
        LibraryInfo info = default;
        Require("C_GetInfo", _functions->GetInfo(&info));
        return info;
    }

    /// <summary>Slots that hold a token. Asking for the count first makes modules look for new tokens (PKCS#11 5.5).</summary>
    public nuint[] Slots()
    {
        nuint count = 0;
        Require("C_GetSlotList", _functions->GetSlotList(1, null, &count));
        // Room for tokens that turn up between the two calls.
        nuint[] slots = new nuint[checked((int)Math.Min(count, 1024) + 8)];
        count = (nuint)slots.Length;
        fixed (nuint* first = slots)
            Require("C_GetSlotList", _functions->GetSlotList(1, first, &count));
        return slots[..Within("C_GetSlotList", count, slots.Length)];
    }

    public SlotInfo Slot(nuint slot)
    {
        SlotInfo info = default;
        Require("C_GetSlotInfo", _functions->GetSlotInfo(slot, &info));
        return info;
    }

    public TokenInfo Token(nuint slot)
    {
        TokenInfo info = default;
        Require("C_GetTokenInfo", _functions->GetTokenInfo(slot, &info));
        return info;
    }

    public nuint[] Mechanisms(nuint slot)
    {
        nuint count = 0;
        Require("C_GetMechanismList", _functions->GetMechanismList(slot, null, &count));
        nuint[] mechanisms = new nuint[checked((int)Math.Min(count, 4096))];
        count = (nuint)mechanisms.Length;
        fixed (nuint* first = mechanisms)
            Require("C_GetMechanismList", _functions->GetMechanismList(slot, first, &count));
        return mechanisms[..Within("C_GetMechanismList", count, mechanisms.Length)];
    }

    public MechanismInfo? MechanismOf(nuint slot, nuint mechanism)
    {
        MechanismInfo info = default;
        nuint value = _functions->GetMechanismInfo(slot, mechanism, &info);
        if (value == ReturnValue.MechanismInvalid)
            return null;
        Require("C_GetMechanismInfo", value);
        return info;
    }

    public nuint OpenSession(nuint slot, bool readWrite)
    {
        nuint session = 0;
        nuint flags = Flag.SerialSession | (readWrite ? Flag.RwSession : 0);
        Require("C_OpenSession", _functions->OpenSession(slot, flags, null, null, &session));
        return session;
    }

    public void CloseSession(nuint session) => _ = _functions->CloseSession(session);

    /// <param name="session">Open session.</param>
    /// <param name="user">A <see cref="UserType"/> value.</param>
    /// <param name="pin">The PIN, or empty for a token with its own keypad.</param>
    public void Login(nuint session, nuint user, ReadOnlySpan<byte> pin)
    {
        fixed (byte* first = pin)
            Require("C_Login", _functions->Login(session, user, pin.IsEmpty ? null : first, (nuint)pin.Length));
    }

    public void Logout(nuint session) => Require("C_Logout", _functions->Logout(session));

    public void InitToken(nuint slot, ReadOnlySpan<byte> securityOfficerPin, ReadOnlySpan<byte> paddedLabel)
    {
        fixed (byte* pin = securityOfficerPin, label = paddedLabel)
            Require("C_InitToken", _functions->InitToken(slot, pin, (nuint)securityOfficerPin.Length, label));
    }

    public void InitPin(nuint session, ReadOnlySpan<byte> pin)
    {
        fixed (byte* first = pin)
            Require("C_InitPIN", _functions->InitPin(session, first, (nuint)pin.Length));
    }

    /// <summary>Handles of all objects that match; the search is ended on every path.</summary>
    public nuint[] Find(nuint session, Template template)
    {
        Require("C_FindObjectsInit", _functions->FindObjectsInit(session, template.Attributes(), template.Count));
        nuint[] found = [];
        nuint* handles = stackalloc nuint[ObjectsAtOnce];
        try
        {
            nuint count;
            do
            {
                count = 0;
                Require("C_FindObjects", _functions->FindObjects(session, handles, ObjectsAtOnce, &count));
                int got = Within("C_FindObjects", count, ObjectsAtOnce);
                nuint[] more = new nuint[found.Length + got];
                Array.Copy(found, more, found.Length);
                for (int i = 0; i < got; i++)
                    more[found.Length + i] = handles[i];
                found = more;
            }
            while (count > 0 && found.Length < MaxObjects);
        }
        finally
        {
            _ = _functions->FindObjectsFinal(session);
        }
        return found;
    }

    /// <summary>An attribute's bytes; null when the object lacks it or hides it.</summary>
    public byte[]? Attribute(nuint session, nuint handle, nuint type)
    {
        var attribute = new NativeAttribute { Type = type };
        nuint value = _functions->GetAttributeValue(session, handle, &attribute, 1);
        if (value is ReturnValue.AttributeSensitive or ReturnValue.AttributeTypeInvalid || attribute.Length == nuint.MaxValue)
            return null;
        Require("C_GetAttributeValue", value);
        if (attribute.Length > MaxAttributeLength)
            return null;
        byte[] bytes = new byte[(int)attribute.Length];
        if (bytes.Length == 0)
            return bytes;
        fixed (byte* first = bytes)
        {
            attribute.Value = first;
            Require("C_GetAttributeValue", _functions->GetAttributeValue(session, handle, &attribute, 1));
        }
        return bytes[..Within("C_GetAttributeValue", attribute.Length, bytes.Length)];
    }

    public nuint CreateObject(nuint session, Template template)
    {
        nuint handle = 0;
        Require("C_CreateObject", _functions->CreateObject(session, template.Attributes(), template.Count, &handle));
        return handle;
    }

    public nuint GenerateKeyPair(nuint session, nuint mechanism, Template publicKey, Template privateKey)
    {
        var native = new NativeMechanism { Mechanism = mechanism };
        nuint publicHandle = 0;
        nuint privateHandle = 0;
        nuint value = _functions->GenerateKeyPair(
            session, &native, publicKey.Attributes(), publicKey.Count, privateKey.Attributes(), privateKey.Count, &publicHandle,
                &privateHandle);
        Require("C_GenerateKeyPair", value);
        return privateHandle;
    }

    public void SignInit(nuint session, nuint mechanism, nuint key)
    {
        var native = new NativeMechanism { Mechanism = mechanism };
        Require("C_SignInit", _functions->SignInit(session, &native, key));
    }

    /// <returns>Number of bytes written to <paramref name="signature"/>.</returns>
    public int Sign(nuint session, ReadOnlySpan<byte> data, Span<byte> signature)
    {
        nuint length = (nuint)signature.Length;
        fixed (byte* input = data, output = signature)
            Require("C_Sign", _functions->Sign(session, input, (nuint)data.Length, output, &length));
        return Within("C_Sign", length, signature.Length);
    }

    // What a module says of its own writing is as little believed as a length in a file.
    private static int Within(string function, nuint said, int room) =>
        said <= (nuint)room ? (int)said : throw KeyErrors.AnswerTooLong.With(function, (ulong)said, room);

    private static void Require(string function, nuint value)
    {
        if (value != ReturnValue.Ok)
            throw new CryptokiException(function, value);
    }
}
