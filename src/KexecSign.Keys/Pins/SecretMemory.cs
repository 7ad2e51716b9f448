using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace KexecSign.Keys.Pins;

/// <summary>
/// Memory for a secret: of its own, where the collector makes no copies; in no core dump and, where the limit allows, not
/// swapped out; zeroed when disposed.
/// </summary>
/// <remarks>
/// The first one also makes the whole process undumpable: text of the environment and what a module keeps cannot be marked.
/// From then on no core is written and only root can read the process's memory.
/// </remarks>
internal sealed unsafe partial class SecretMemory : IDisposable
{
    private const int ReadWrite = 0x3, PrivateAnonymous = 0x22, DontNeed = 4, DontDump = 16, SetDumpable = 4;

    private readonly byte* _first;
    private readonly nuint _mapped;
    private readonly int _length;

    static SecretMemory() => _ = Control(SetDumpable, 0, 0, 0, 0);

    /// <param name="length">Bytes; they are zero.</param>
    public SecretMemory(int length)
    {
        _length = length;
        _mapped = (nuint)(Math.Max(length,
            1) + Environment.SystemPageSize - 1) / (nuint)Environment.SystemPageSize * (nuint)Environment.SystemPageSize;
        nint mapped = Map(0, _mapped, ReadWrite, PrivateAnonymous, -1, 0);
        if (mapped == -1)
            throw new InsufficientMemoryException();
        _first = (byte*)mapped;
        _ = Advise(_first, _mapped, DontDump);
        _ = LockPages(_first, _mapped);
    }

    public Span<byte> Bytes => new(_first, _length);

    // The addresses stay mapped, because a module that hangs may still read them: it finds zeros.
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(Bytes);
        _ = UnlockPages(_first, _mapped);
        _ = Advise(_first, _mapped, DontNeed);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "mlock")]
    private static partial int LockPages(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "munlock")]
    private static partial int UnlockPages(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint first, nuint second, nuint third, nuint fourth);
}
