using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using KexecSign.Keys.Errors;

namespace KexecSign.Keys.Agents;

/// <summary>What a client asks of an agent.</summary>
public enum AgentRequest
{
    /// <summary>
    /// Whether the agent holds a key: reference. Answer: public key, name, and the hash that its token takes instead of the usual one
    /// (empty for none; agents of earlier versions leave it out).
    /// </summary>
    Open = 1,

    /// <summary>Sign: reference, kind, hash, name, length, and then the content itself. Answer: signature.</summary>
    Sign = 2,

    /// <summary>The certificates behind a reference. Answer: their DER, one after the other.</summary>
    Certificates = 3,
}

/// <summary>What an agent answers.</summary>
public enum AgentAnswer
{
    /// <summary>It is done; what was asked for follows.</summary>
    Done = 0,

    /// <summary>The key is none of the agent's: the client may open it itself.</summary>
    NotMine = 1,

    /// <summary>No; a sentence follows.</summary>
    Refused = 2,
}

/// <summary>Receives some bytes; 0 when the other side has closed.</summary>
internal delegate int AgentReceive(Span<byte> buffer);

/// <summary>
/// A message between an agent and its clients: its length, then fields, each a length and bytes; all lengths are 32 bits, little
/// endian. Content to be signed follows a message without a frame, because it may be long.
/// </summary>
public sealed class AgentMessage
{
    /// <summary>The environment variable that names an agent's socket.</summary>
    public const string Variable = "KEXECSIGN_AGENT";

    /// <summary>Longest message; content does not count.</summary>
    public const int MaxLength = 256 * 1024;

    private readonly List<ReadOnlyMemory<byte>> _fields = [];

    /// <summary>How many fields there are.</summary>
    public int Count => _fields.Count;

    /// <summary>Adds a field.</summary>
    public AgentMessage Add(ReadOnlyMemory<byte> field)
    {
        _fields.Add(field);
        return this;
    }

    /// <summary>Adds text.</summary>
    public AgentMessage Add(string field) => Add(Encoding.UTF8.GetBytes(field));

    /// <summary>Adds a number.</summary>
    public AgentMessage Add(long field)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, field);
        return Add(bytes);
    }

    /// <summary>A field's bytes.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3872.</exception>
    public ReadOnlyMemory<byte> Bytes(int index) =>
        index < _fields.Count ? _fields[index] : throw AgentErrors.Malformed.With($"field {index} of {_fields.Count} is missing");

    /// <summary>A field as text.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3872.</exception>
    public string Text(int index) => Encoding.UTF8.GetString(Bytes(index).Span);

    /// <summary>A field as a number.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3872.</exception>
    public long Number(int index) => Bytes(index) is { Length: 8 } bytes
        ? BinaryPrimitives.ReadInt64LittleEndian(bytes.Span)
        : throw AgentErrors.Malformed.With($"field {index} is no number");

    /// <summary>Sends it in one call.</summary>
    public void Send(Socket socket) => SendAll(socket, Frame());

    /// <summary>Its bytes.</summary>
    internal byte[] Frame()
    {
        int length = 0;
        foreach (ReadOnlyMemory<byte> field in _fields)
            length += 4 + field.Length;
        byte[] frame = new byte[4 + length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, length);
        int at = 4;
        foreach (ReadOnlyMemory<byte> field in _fields)
        {
            BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(at), field.Length);
            field.Span.CopyTo(frame.AsSpan(at + 4));
            at += 4 + field.Length;
        }
        return frame;
    }

    /// <summary>Sends bytes, however many calls that takes.</summary>
    public static void SendAll(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[socket.Send(bytes)..];
    }

    /// <summary>Receives one; null when the other side has closed.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3872.</exception>
    public static AgentMessage? Receive(Socket socket) => Receive(buffer => socket.Receive(buffer));

    /// <summary>Receives one by whatever gives some bytes at a time.</summary>
    internal static AgentMessage? Receive(AgentReceive some)
    {
        Span<byte> head = stackalloc byte[4];
        if (!ReceiveAll(some, head))
            return null;
        int length = BinaryPrimitives.ReadInt32LittleEndian(head);
        if (length is < 0 or > MaxLength)
            throw AgentErrors.Malformed.With($"its length is {length} where at most {MaxLength} is allowed");
        byte[] frame = new byte[length];
        if (!ReceiveAll(some, frame))
            throw AgentErrors.Malformed.With("it ends early");
        var message = new AgentMessage();
        for (int at = 0; at < length;)
        {
            int field = length - at < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(frame.AsSpan(at));
            if (field < 0 || field > length - at - 4)
                throw AgentErrors.Malformed.With($"a field of {field} bytes at {at} of {length}");
            message._fields.Add(frame.AsMemory(at + 4, field));
            at += 4 + field;
        }
        return message;
    }

    /// <summary>Fills a buffer; false when the other side closed before the first byte.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3872 when it closed in the middle.</exception>
    public static bool ReceiveAll(Socket socket, Span<byte> buffer) => ReceiveAll(part => socket.Receive(part), buffer);

    private static bool ReceiveAll(AgentReceive some, Span<byte> buffer)
    {
        for (int at = 0; at < buffer.Length;)
        {
            int count = some(buffer[at..]);
            if (count == 0 && at == 0)
                return false;
            at += count == 0 ? throw AgentErrors.Malformed.With($"it ends after {at} of {buffer.Length} bytes") : count;
        }
        return true;
    }
}
