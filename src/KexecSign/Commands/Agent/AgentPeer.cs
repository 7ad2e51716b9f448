using System.Buffers.Binary;
using System.Net.Sockets;
using KexecSign.Files;

namespace KexecSign.Commands.Agent;

/// <summary>Who is at the other end of a socket, as the kernel says (unix(7), SO_PEERCRED).</summary>
/// <param name="Process">Process id when it connected.</param>
/// <param name="User">Effective user id when it connected.</param>
internal sealed record AgentPeer(int Process, uint User)
{
    private const int SolSocket = 1, SoPeerCred = 17;
    private const int DumpableOption = 4;

    /// <summary>The program it is, as far as it can be seen.</summary>
    public string Program
    {
        get
        {
            try
            {
                return new FileInfo($"/proc/{Process}/exe").LinkTarget ?? "unknown";
            }
            catch (Exception unseen) when (unseen is IOException or UnauthorizedAccessException)
            {
                return "unknown";
            }
        }
    }

    /// <summary>Whether it is of the same user and session as this process.</summary>
    public bool IsOurs => User == Libc.EffectiveUser() && Process > 0 && Libc.SessionOf(Process) == Libc.SessionOf(0);

    /// <summary>The other end of a connection.</summary>
    public static AgentPeer Of(Socket connection)
    {
        // struct ucred: pid, uid, gid.
        Span<byte> credentials = stackalloc byte[12];
        connection.GetRawSocketOption(SolSocket, SoPeerCred, credentials);
        return new(BinaryPrimitives.ReadInt32LittleEndian(credentials), BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]));
    }

    /// <summary>
    /// Keeps others of the same user, the command among them, from reading this process's memory and with it a PIN or key.
    /// </summary>
    public static void HideMemory() => _ = Libc.ProcessControl(DumpableOption, 0, 0, 0, 0);

    /// <summary>Asks a process to end.</summary>
    public static void Terminate(int process) => _ = Libc.Kill(process, 15);
}
