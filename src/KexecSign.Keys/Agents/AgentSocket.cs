using System.Runtime.InteropServices;
using System.Text;

namespace KexecSign.Keys.Agents;

/// <summary>
/// A client's end of the connection to an agent, by the system's own calls. A build starts thousands of clients, each for one signature:
/// the framework's sockets have a thread and an event queue of their own, which take longer to start than the whole talk takes.
/// </summary>
internal sealed unsafe partial class AgentSocket : IDisposable
{
    private const int Unix = 1, Stream = 1, CloseOnExec = 0x80000;
    private const int SocketLevel = 1, ReceiveTimeout = 20, SendTimeout = 21, NoSignal = 0x4000;
    private const int Interrupted = 4, WouldBlock = 11;
    // struct sockaddr_un: the family and 108 bytes of path, its end among them.
    private const int AddressSize = 110, PathAt = 2;

    private readonly int _socket;
    private bool _closed;

    private AgentSocket(int socket) => _socket = socket;

    /// <summary>Connects; null when nobody answers there.</summary>
    /// <param name="path">The socket.</param>
    /// <param name="patience">Longest wait for an answer.</param>
    public static AgentSocket? Connect(string path, TimeSpan patience)
    {
        byte* address = stackalloc byte[AddressSize];
        new Span<byte>(address, AddressSize).Clear();
        *(ushort*)address = Unix;
        if (Encoding.UTF8.GetByteCount(path) >= AddressSize - PathAt)
            return null;
        int length = Encoding.UTF8.GetBytes(path, new Span<byte>(address + PathAt, AddressSize - PathAt));
        int socket = Open(Unix, Stream | CloseOnExec, 0);
        if (socket < 0)
            return null;
        var connected = new AgentSocket(socket);
        // struct timeval.
        long* wait = stackalloc long[] { (long)patience.TotalSeconds, 0 };
        if (SetOption(socket, SocketLevel, ReceiveTimeout, wait, 16) == 0 && SetOption(socket, SocketLevel, SendTimeout, wait, 16) == 0
            && Connect(socket, address, (uint)(PathAt + length + 1)) == 0)
        {
            return connected;
        }
        connected.Dispose();
        return null;
    }

    /// <summary>Sends all bytes.</summary>
    /// <exception cref="TimeoutException">The other side does not take them.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint sent;
            fixed (byte* first = bytes)
                sent = Send(_socket, first, (nuint)bytes.Length, NoSignal);
            if (sent < 0)
                RequireInterrupted();
            else
                bytes = bytes[(int)sent..];
        }
    }

    /// <summary>Receives some bytes; 0 when the other side has closed.</summary>
    /// <exception cref="TimeoutException">No answer came in time.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public int Receive(Span<byte> buffer)
    {
        while (true)
        {
            nint received;
            fixed (byte* first = buffer)
                received = Receive(_socket, first, (nuint)buffer.Length, 0);
            if (received >= 0)
                return (int)received;
            RequireInterrupted();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_closed)
            _ = Close(_socket);
        _closed = true;
    }

    // A signal came in between: the same again. Whatever else it was ends the talk.
    private static void RequireInterrupted()
    {
        int error = Marshal.GetLastPInvokeError();
        if (error == WouldBlock)
            throw new TimeoutException();
        if (error != Interrupted)
            throw new IOException(Marshal.GetPInvokeErrorMessage(error));
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int Open(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(int socket, int level, int option, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(int socket, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(int socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(int socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int socket);
}
