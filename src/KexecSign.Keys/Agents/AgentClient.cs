using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.References;

namespace KexecSign.Keys.Agents;

/// <summary>
/// The way to an agent that holds keys for this process (<c>kexecsign agent -- COMMAND</c>). One connection serves all keys; what the
/// agent does not hold is opened here as without an agent.
/// </summary>
internal sealed class AgentClient : IDisposable
{
    // A token may take its time, and has a deadline of its own in the agent.
    private const int LongestAnswer = 10 * 60 * 1000;
    private const int Chunk = 1 << 18;

    private readonly string _path;
    private readonly Socket _socket;
    private readonly Lock _lock = new();

    private AgentClient(string path, Socket socket)
    {
        _path = path;
        _socket = socket;
    }

    /// <summary>Connects to the agent that the environment names; null for none.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3871: an agent that was there and is gone must not be passed over
    /// silently.</exception>
    public static AgentClient? From(Func<string, string?> environment)
    {
        if (environment(AgentMessage.Variable) is not { Length: > 0 } path)
            return null;
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = LongestAnswer,
            SendTimeout = LongestAnswer,
        };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new(path, socket);
        }
        catch (Exception gone) when (gone is SocketException or ArgumentException)
        {
            socket.Dispose();
            throw AgentErrors.Lost.Because(gone, path, "nobody answers there");
        }
    }

    /// <summary>A key that the agent holds; null when it is none of its.</summary>
    public ISeeingKey? Open(string reference)
    {
        string name = KeyReference.Canonical(reference);
        AgentMessage? answer = Ask(() => new AgentMessage().Add((long)AgentRequest.Open).Add(name).Send(_socket));
        return answer is null ? null : new AgentKey(this, name, answer.Bytes(1), answer.Text(2));
    }

    /// <summary>The certificates behind a URI; null when the agent may not or cannot read them.</summary>
    public IReadOnlyList<X509Certificate2>? Certificates(string reference)
    {
        string name = KeyReference.Canonical(reference);
        if (Ask(() => new AgentMessage().Add((long)AgentRequest.Certificates).Add(name).Send(_socket)) is not { } answer)
            return null;
        var certificates = new X509Certificate2[answer.Count - 1];
        for (int i = 1; i < answer.Count; i++)
            certificates[i - 1] = X509CertificateLoader.LoadCertificate(answer.Bytes(i).Span);
        return certificates;
    }

    public void Dispose() => _socket.Dispose();

    private byte[] Sign(string key, ContentKind kind, string? name, HashAlgorithmName hash, ReadOnlyMemory<byte> content) => Ask(() =>
    {
        new AgentMessage().Add((long)AgentRequest.Sign).Add(key).Add((long)kind).Add(hash.Name!).Add(name ?? "").Add(content.Length)
            .Send(_socket);
        for (int at = 0; at < content.Length; at += Chunk)
            AgentMessage.SendAll(_socket, content.Span[at..Math.Min(content.Length, at + Chunk)]);
    })?.Bytes(1).ToArray() ?? throw AgentErrors.Refused.With("the key is no longer among those that it holds.");

    private AgentMessage? Ask(Action send)
    {
        lock (_lock)
        {
            try
            {
                send();
                AgentMessage answer = AgentMessage.Receive(_socket) ?? throw AgentErrors.Lost.With(_path, "it has closed the connection");
                return (AgentAnswer)answer.Number(0) switch
                {
                    AgentAnswer.Done => answer,
                    AgentAnswer.NotMine => null,
                    AgentAnswer.Refused => throw AgentErrors.Refused.With(answer.Text(1)),
                    var other => throw AgentErrors.Malformed.With($"answer {(int)other}"),
                };
            }
            catch (SocketException lost)
            {
                throw AgentErrors.Lost.Because(lost, _path, lost.SocketErrorCode == SocketError.TimedOut
                    ? "it does not answer"
                    : "the connection broke");
            }
        }
    }

    private sealed class AgentKey(AgentClient agent, string reference, ReadOnlyMemory<byte> publicKey, string displayName) : ISeeingKey
    {
        public ReadOnlyMemory<byte> SubjectPublicKeyInfo => publicKey;

        public string DisplayName => $"{displayName} of the agent";

        public byte[] SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation) =>
            agent.Sign(reference, ContentKind.Digest, null, hashAlgorithm, hash.ToArray());

        public byte[] SignMessage(ReadOnlyMemory<byte> message, CancellationToken cancellation) =>
            agent.Sign(reference, ContentKind.Digest, null, HashAlgorithmName.SHA512, message);

        public byte[] SignContent(ContentToSign what, HashAlgorithmName hashAlgorithm, CancellationToken cancellation) =>
            agent.Sign(reference, what.Kind, what.Name, hashAlgorithm, what.Kind == ContentKind.Digest ? what.Hash : what.Bytes());
    }
}
