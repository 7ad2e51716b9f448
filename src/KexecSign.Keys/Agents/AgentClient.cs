using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Formats.Vocabulary;
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
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromMinutes(10);

    private readonly string _path;
    private readonly AgentSocket _socket;
    private readonly Lock _lock = new();
    // Whether an answer is still to come.
    private bool _isAsked;

    private AgentClient(string path, AgentSocket socket)
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
        return AgentSocket.Connect(path, LongestAnswer) is { } socket
            ? new(path, socket)
            : throw AgentErrors.Lost.With(path, "nobody answers there");
    }

    /// <summary>A key that the agent holds; null when it is none of its.</summary>
    public ISeeingKey? Open(string reference)
    {
        string name = KeyReference.Canonical(reference);
        return Ask(new AgentMessage().Add((long)AgentRequest.Open).Add(name)) is { } answer
            ? new AgentKey(this, name, answer.Bytes(1), answer.Text(2)) { HashInstead = HashIn(answer) }
            : null;
    }

    /// <summary>
    /// The same for a caller that takes the agent's word for its signatures; the answer is waited for by the function that comes back.
    /// </summary>
    public Func<AgentSigner?> AskForSigner(string reference)
    {
        string name = KeyReference.Canonical(reference);
        Send(new AgentMessage().Add((long)AgentRequest.Open).Add(name), default);
        return () => Receive() is { } answer
            ? new AgentSigner(answer.Bytes(1), (kind, file, hash, content) => AskToSign(name, kind, file, hash, content))
            : null;
    }

    /// <summary>The certificates behind a URI; null when the agent may not or cannot read them.</summary>
    public IReadOnlyList<X509Certificate2>? Certificates(string reference)
    {
        string name = KeyReference.Canonical(reference);
        if (Ask(new AgentMessage().Add((long)AgentRequest.Certificates).Add(name)) is not { } answer)
            return null;
        var certificates = new X509Certificate2[answer.Count - 1];
        for (int i = 1; i < answer.Count; i++)
            certificates[i - 1] = X509CertificateLoader.LoadCertificate(answer.Bytes(i).Span);
        return certificates;
    }

    public void Dispose() => _socket.Dispose();

    // What an agent of an earlier version does not say.
    private static HashAlgorithmName? HashIn(AgentMessage answer) => answer.Count <= 3 || answer.Text(3) is not { Length: > 0 } word ? null
        : (HashKind.Named(word) ?? throw AgentErrors.Malformed.With($"hash '{word}'")).Name;

    private byte[] Sign(string key, ContentKind kind, string? name, HashAlgorithmName hash, ReadOnlyMemory<byte> content) =>
        SignatureOf(Ask(SignRequest(key, kind, name, hash, content.Length), content));

    private Func<byte[]> AskToSign(string key, ContentKind kind, string? name, HashAlgorithmName hash, ReadOnlyMemory<byte> content)
    {
        Send(SignRequest(key, kind, name, hash, content.Length), content);
        return () => SignatureOf(Receive());
    }

    private static AgentMessage SignRequest(string key, ContentKind kind, string? name, HashAlgorithmName hash, int length) =>
        new AgentMessage().Add((long)AgentRequest.Sign).Add(key).Add((long)kind).Add(hash.Name!).Add(name ?? "").Add(length);

    private static byte[] SignatureOf(AgentMessage? answer) =>
        answer?.Bytes(1).ToArray() ?? throw AgentErrors.Refused.With("the key is no longer among those that it holds.");

    private AgentMessage? Ask(AgentMessage question, ReadOnlyMemory<byte> content = default)
    {
        lock (_lock)
        {
            Send(question, content);
            return Receive();
        }
    }

    // Content follows its message without a frame, because it may be long.
    private void Send(AgentMessage question, ReadOnlyMemory<byte> content) => Talk(() =>
    {
        // Whoever asked before went another way than to the answer; it must not be taken for the next one.
        if (_isAsked)
            AgentMessage.Receive(_socket.Receive);
        _isAsked = true;
        _socket.Send(question.Frame());
        _socket.Send(content.Span);
        return question;
    });

    private AgentMessage? Receive()
    {
        AgentMessage answer = Talk(() => AgentMessage.Receive(_socket.Receive)
            ?? throw AgentErrors.Lost.With(_path, "it has closed the connection"));
        _isAsked = false;
        return (AgentAnswer)answer.Number(0) switch
        {
            AgentAnswer.Done => answer,
            AgentAnswer.NotMine => null,
            AgentAnswer.Refused => throw AgentErrors.Refused.With(answer.Text(1)),
            var other => throw AgentErrors.Malformed.With($"answer {(int)other}"),
        };
    }

    private AgentMessage Talk(Func<AgentMessage> word)
    {
        try
        {
            return word();
        }
        catch (TimeoutException lost)
        {
            throw AgentErrors.Lost.Because(lost, _path, "it does not answer");
        }
        catch (IOException lost)
        {
            throw AgentErrors.Lost.Because(lost, _path, "the connection broke");
        }
    }

    private sealed class AgentKey(AgentClient agent, string reference, ReadOnlyMemory<byte> publicKey, string displayName) : ISeeingKey
    {
        public ReadOnlyMemory<byte> SubjectPublicKeyInfo => publicKey;

        public string DisplayName => $"{displayName} of the agent";

        public HashAlgorithmName? HashInstead { get; init; }

        public byte[] SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation) =>
            agent.Sign(reference, ContentKind.Digest, null, hashAlgorithm, hash.ToArray());

        public byte[] SignMessage(ReadOnlyMemory<byte> message, CancellationToken cancellation) =>
            agent.Sign(reference, ContentKind.Digest, null, HashAlgorithmName.SHA512, message);

        public byte[] SignContent(ContentToSign what, HashAlgorithmName hashAlgorithm, CancellationToken cancellation) =>
            agent.Sign(reference, what.Kind, what.Name, hashAlgorithm, what.Kind == ContentKind.Digest ? what.Hash : what.Bytes());
    }
}
