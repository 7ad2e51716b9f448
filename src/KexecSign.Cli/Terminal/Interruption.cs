using System.Runtime.InteropServices;
using KexecSign.Core.Errors;
using KexecSign.Core;
using KexecSign.Files;

namespace KexecSign.Cli.Terminal;

/// <summary>
/// Ctrl-C and SIGTERM as a wish to stop, so that temporary files go and tokens are logged out of. Whatever does not end by itself soon
/// after is ended, as something that cannot be woken holds it: a file of a server that does not answer, a token; the second signal
/// ends the process at once.
/// </summary>
internal static partial class Interruption
{
    // Well within the two seconds that the process is given after a signal, on a busy machine too.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1.2);

    private const int Interrupt = 2, Terminate = 15;
    private const nint DefaultAction = 0, IgnoreAction = 1;

    private static readonly CancellationTokenSource Source = new();
    private static PosixSignalRegistration[] _registrations = [];

    public static CancellationToken Token()
    {
        if (_registrations.Length > 0)
            return Source.Token;
        Heed(Interrupt);
        Heed(Terminate);
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop)];
        return Source.Token;
    }

    // A shell's job in the background begins with SIGINT ignored, and the runtime leaves what is ignored alone.
    private static unsafe void Heed(int signal)
    {
        // struct sigaction takes 152 bytes in glibc and begins with the handler.
        nint* action = stackalloc nint[32];
        if (GetAction(signal, 0, action) == 0 && action[0] == IgnoreAction)
            _ = SetAction(signal, DefaultAction);
    }

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static unsafe partial int GetAction(int signal, nint none, nint* action);

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetAction(int signal, nint action);

    private static void Stop(PosixSignalContext context)
    {
        context.Cancel = !Source.IsCancellationRequested;
        if (!context.Cancel)
            return;
        // First, so that nothing which answers the wish to stop can hold it up.
        new Thread(EndAfterGrace, maxStackSize: 256 * 1024) { IsBackground = true, Name = "interruption" }.Start();
        Source.Cancel();
    }

    private static void EndAfterGrace()
    {
        Thread.Sleep(Grace);
        using (Stream error = Console.OpenStandardError())
            error.Write(System.Text.Encoding.UTF8.GetBytes(OperationErrors.Interrupted.With().Message + "\n"));
        UnfinishedFiles.EndProcess((int)ExitCode.Failed);
    }
}
