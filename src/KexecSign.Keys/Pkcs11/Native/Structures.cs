using System.Runtime.InteropServices;

namespace KexecSign.Keys.Pkcs11.Native;

/// <summary>CK_C_INITIALIZE_ARGS.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct InitializeArguments
{
    public void* CreateMutex;
    public void* DestroyMutex;
    public void* LockMutex;
    public void* UnlockMutex;
    public nuint Flags;
    public void* Reserved;
}

/// <summary>CK_INFO.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LibraryInfo
{
    public byte CryptokiMajor;
    public byte CryptokiMinor;
    public fixed byte Manufacturer[32];
    public nuint Flags;
    public fixed byte Description[32];
    public byte Major;
    public byte Minor;
}

/// <summary>CK_SLOT_INFO.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SlotInfo
{
    public fixed byte Description[64];
    public fixed byte Manufacturer[32];
    public nuint Flags;
    public byte HardwareMajor;
    public byte HardwareMinor;
    public byte FirmwareMajor;
    public byte FirmwareMinor;
}

/// <summary>CK_TOKEN_INFO; text fields are padded with blanks and have no terminator.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TokenInfo
{
    public fixed byte Label[32];
    public fixed byte Manufacturer[32];
    public fixed byte Model[16];
    public fixed byte Serial[16];
    public nuint Flags;
    public nuint MaxSessionCount;
    public nuint SessionCount;
    public nuint MaxRwSessionCount;
    public nuint RwSessionCount;
    public nuint MaxPinLength;
    public nuint MinPinLength;
    public nuint TotalPublicMemory;
    public nuint FreePublicMemory;
    public nuint TotalPrivateMemory;
    public nuint FreePrivateMemory;
    public byte HardwareMajor;
    public byte HardwareMinor;
    public byte FirmwareMajor;
    public byte FirmwareMinor;
    public fixed byte UtcTime[16];
}

/// <summary>CK_MECHANISM_INFO; key sizes are bits for RSA and EC.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MechanismInfo
{
    public nuint MinKeySize;
    public nuint MaxKeySize;
    public nuint Flags;
}

/// <summary>CK_MECHANISM.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeMechanism
{
    public nuint Mechanism;
    public void* Parameter;
    public nuint ParameterLength;
}

/// <summary>CK_ATTRIBUTE.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeAttribute
{
    public nuint Type;
    public void* Value;
    public nuint Length;
}
