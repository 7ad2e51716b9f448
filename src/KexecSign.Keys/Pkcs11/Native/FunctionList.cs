using System.Runtime.InteropServices;

namespace KexecSign.Keys.Pkcs11.Native;

/// <summary>
/// CK_FUNCTION_LIST of PKCS#11 2.40 (pkcs11f.h gives the order). CK_ULONG is <c>unsigned long</c>, hence <c>nuint</c>;
/// structures have natural alignment on Linux. Members this project never calls are plain pointers.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct FunctionList
{
    public byte Major;
    public byte Minor;
    public delegate* unmanaged[Cdecl]<InitializeArguments*, nuint> Initialize;
    public delegate* unmanaged[Cdecl]<void*, nuint> Finalize;
    public delegate* unmanaged[Cdecl]<LibraryInfo*, nuint> GetInfo;
    public nint GetFunctionList;
    public delegate* unmanaged[Cdecl]<byte, nuint*, nuint*, nuint> GetSlotList;
    public delegate* unmanaged[Cdecl]<nuint, SlotInfo*, nuint> GetSlotInfo;
    public delegate* unmanaged[Cdecl]<nuint, TokenInfo*, nuint> GetTokenInfo;
    public delegate* unmanaged[Cdecl]<nuint, nuint*, nuint*, nuint> GetMechanismList;
    public delegate* unmanaged[Cdecl]<nuint, nuint, MechanismInfo*, nuint> GetMechanismInfo;
    public delegate* unmanaged[Cdecl]<nuint, byte*, nuint, byte*, nuint> InitToken;
    public delegate* unmanaged[Cdecl]<nuint, byte*, nuint, nuint> InitPin;
    public nint SetPin;
    public delegate* unmanaged[Cdecl]<nuint, nuint, void*, void*, nuint*, nuint> OpenSession;
    public delegate* unmanaged[Cdecl]<nuint, nuint> CloseSession;
    public nint CloseAllSessions;
    public nint GetSessionInfo;
    public nint GetOperationState;
    public nint SetOperationState;
    public delegate* unmanaged[Cdecl]<nuint, nuint, byte*, nuint, nuint> Login;
    public delegate* unmanaged[Cdecl]<nuint, nuint> Logout;
    public delegate* unmanaged[Cdecl]<nuint, NativeAttribute*, nuint, nuint*, nuint> CreateObject;
    public nint CopyObject;
    public nint DestroyObject;
    public nint GetObjectSize;
    public delegate* unmanaged[Cdecl]<nuint, nuint, NativeAttribute*, nuint, nuint> GetAttributeValue;
    public nint SetAttributeValue;
    public delegate* unmanaged[Cdecl]<nuint, NativeAttribute*, nuint, nuint> FindObjectsInit;
    public delegate* unmanaged[Cdecl]<nuint, nuint*, nuint, nuint*, nuint> FindObjects;
    public delegate* unmanaged[Cdecl]<nuint, nuint> FindObjectsFinal;
    public nint EncryptInit;
    public nint Encrypt;
    public nint EncryptUpdate;
    public nint EncryptFinal;
    public nint DecryptInit;
    public nint Decrypt;
    public nint DecryptUpdate;
    public nint DecryptFinal;
    public nint DigestInit;
    public nint Digest;
    public nint DigestUpdate;
    public nint DigestKey;
    public nint DigestFinal;
    public delegate* unmanaged[Cdecl]<nuint, NativeMechanism*, nuint, nuint> SignInit;
    public delegate* unmanaged[Cdecl]<nuint, byte*, nuint, byte*, nuint*, nuint> Sign;
    public nint SignUpdate;
    public nint SignFinal;
    public nint SignRecoverInit;
    public nint SignRecover;
    public nint VerifyInit;
    public nint Verify;
    public nint VerifyUpdate;
    public nint VerifyFinal;
    public nint VerifyRecoverInit;
    public nint VerifyRecover;
    public nint DigestEncryptUpdate;
    public nint DecryptDigestUpdate;
    public nint SignEncryptUpdate;
    public nint DecryptVerifyUpdate;
    public nint GenerateKey;
    public delegate* unmanaged[Cdecl]<nuint, NativeMechanism*, NativeAttribute*, nuint, NativeAttribute*, nuint, nuint*, nuint*,
        nuint> GenerateKeyPair;
}
