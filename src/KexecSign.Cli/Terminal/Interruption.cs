using System.Runtime.InteropServices;

namespace KexecSign.Cli.Terminal;

/// <summary>
/// Ctrl-C and SIGTERM as a wish to stop, so that temporary files go and tokens are logged out of; the second one ends
/// the process at once.
/// </summary>
internal static class Interruption
{
    private static readonly CancellationTokenSource Source = new();
    private static PosixSignalRegistration[] _registrations = [];

    public static CancellationToken Token()
    {
        if (_registrations.Length == 0)
            _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop)];
        return Source.Token;
    }

    private static void Stop(PosixSignalContext context)
    {
        context.Cancel = !Source.IsCancellationRequested;
        Source.Cancel();
    }
}
