using System.Runtime.InteropServices;
using System.Text;

namespace KexecSign.Keys.Pkcs11.Native;

/// <summary>
/// While it lives, a crash of the thread that made it ends the process with a message and exit code 1 instead of a core dump
/// and 139 or 134. It does nothing where it cannot be set up; other threads and other handlers are as before.
/// </summary>
internal sealed unsafe partial class CrashGuard : IDisposable
{
    private const int PageSize = 65536;
    private const int ReadWrite = 0x3, ReadExecute = 0x5, PrivateAnonymous = 0x22;
    private const int SlotSize = 128, LongestMessage = 4096;
    private const int SigInfo = 0x4;

    // SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: those that .NET has handlers for, too.
    private static ReadOnlySpan<int> Signals => [4, 6, 7, 8, 11];

    // Another handler that was put above may lead here for ever, so what is mapped once stays; that is once a module.
    private readonly byte* _data;
    private readonly byte* _code;
    private readonly SignalAction[] _previous = new SignalAction[Signals.Length];

    private CrashGuard(byte* data, byte* code)
    {
        _data = data;
        _code = code;
    }

    /// <summary>Guards the calling thread.</summary>
    /// <param name="message">What to say, one line.</param>
    public static CrashGuard? Begin(string message)
    {
        if (!OperatingSystem.IsLinux() || CrashHandlerCode.For(0, RuntimeInformation.ProcessArchitecture) is null)
            return null;
        byte* data = Map();
        byte* code = data is null ? null : Map();
        if (code is null)
            return null;
        var guard = new CrashGuard(data, code);
        return guard.Write(message) ? guard : null;
    }

    public void Dispose()
    {
        for (int i = 0; i < Signals.Length; i++)
        {
            *(int*)(_data + (i * CrashHandlerCode.BlockSize)) = 0;
            // A module may have put its own handler above (the Go runtime does); it must stay.
            SignalAction now;
            if (_previous[i].Handler != 0 && Act(Signals[i], null, &now) == 0 && now.Handler == (nint)(_code + (i * SlotSize)))
            {
                SignalAction previous = _previous[i];
                _ = Act(Signals[i], &previous, null);
            }
        }
    }

    private bool Write(string message)
    {
        byte* text = _data + 4096;
        int length = Encoding.UTF8.GetBytes(message.Length > 1000 ? message[..1000] : message, new Span<byte>(text, LongestMessage));
        text[length++] = (byte)'\n';
        int thread = ThreadId();
        for (int i = 0; i < Signals.Length; i++)
        {
            nint block = (nint)(_data + (i * CrashHandlerCode.BlockSize));
            CrashHandlerCode.For(block, RuntimeInformation.ProcessArchitecture)!.CopyTo(new Span<byte>(_code + (i * SlotSize), SlotSize));
            SignalAction previous;
            if (Act(Signals[i], null, &previous) != 0)
                return false;
            // 0 and 1 are no addresses: without a handler before it there is nothing to go on to.
            _previous[i] = previous.Handler is 0 or 1 ? default : previous;
            new ReadOnlySpan<nint>([thread, previous.Handler, (nint)text, length]).CopyTo(new Span<nint>((void*)block, 4));
        }
        if (Protect(_code, PageSize, ReadExecute) != 0)
            return false;
        for (int i = 0; i < Signals.Length; i++)
        {
            if (_previous[i].Handler == 0)
                continue;
            SignalAction ours = _previous[i];
            ours.Handler = (nint)(_code + (i * SlotSize));
            ours.Flags |= SigInfo;
            _ = Act(Signals[i], &ours, null);
        }
        return true;
    }

    private static byte* Map()
    {
        nint mapped = MapMemory(0, PageSize, ReadWrite, PrivateAnonymous, -1, 0);
        return mapped == -1 ? null : (byte*)mapped;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint MapMemory(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadId();

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static partial int Act(int signal, SignalAction* action, SignalAction* previous);

    /// <summary>struct sigaction of glibc and musl on x86-64 and arm64.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct SignalAction
    {
        public nint Handler;
        public fixed byte Mask[128];
        public int Flags;
        public nint Restorer;
    }
}
