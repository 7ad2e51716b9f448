using System.Runtime.InteropServices;

namespace KexecSign.Keys.Pins;

/// <summary>What keeps other processes of the same user out of this one.</summary>
public static partial class ProcessSecrecy
{
    private const int SetDumpable = 4;

    /// <summary>
    /// From now on no core is written, and only root may read this process's memory and environment or trace it. For programs of our own,
    /// as their first instruction; a build engine that loads us is not ours to change before it has a secret.
    /// </summary>
    public static void Begin() => _ = Control(SetDumpable, 0, 0, 0, 0);

    /// <summary>
    /// Takes a variable out of this process's environment, and its value out of the memory that the kernel shows as environ.
    /// </summary>
    /// <returns>The value; null when it is not set.</returns>
    public static unsafe string? TakeVariable(string name)
    {
        byte* value = Get(name);
        if (value is null)
            return null;
        string? text = Marshal.PtrToStringUTF8((nint)value);
        for (byte* at = value; *at != 0; at++)
            *at = 0;
        _ = Unset(name);
        return text;
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint first, nuint second, nuint third, nuint fourth);

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial byte* Get(string name);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unset(string name);
}
