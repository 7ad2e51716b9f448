using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Agents;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.References;

namespace KexecSign.Commands.Agent;

/// <summary>
/// Answers the processes that the command starts. A client that hangs, crashes or lies harms nobody but itself: each has a thread and
/// a connection of its own, and waits for no other.
/// </summary>
internal sealed class AgentServer : IDisposable
{
    private const int MostClients = 512, MostReady = 8;
    // A client that stops in the middle of a message is not waited for longer.
    private const int LongestSilence = 60 * 1000;

    private readonly AgentPolicy _policy;
    private readonly Dictionary<string, HeldKey> _keys = new(StringComparer.Ordinal);
    private readonly PinOptions _pin;
    private readonly AuditLog? _audit;
    private readonly RunContext _context;
    private readonly string _folder;
    private readonly Socket _listener;
    private readonly ConcurrentDictionary<Socket, bool> _clients = new();
    private long _signed, _refused;
    // How many threads wait for a client; never none.
    private int _accepting;
    private volatile bool _ending;

    private AgentServer(AgentPolicy policy, PinOptions pin, AuditLog? audit, RunContext context)
    {
        _policy = policy;
        _pin = pin;
        _audit = audit;
        _context = context;
        // .NET makes it with mode 0700 and a random name.
        _folder = Directory.CreateTempSubdirectory("kexecsign-agent-").FullName;
        SocketPath = Path.Combine(_folder, "socket");
        _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    }

    /// <summary>Where clients connect.</summary>
    public string SocketPath { get; }

    /// <summary>How many signatures were made.</summary>
    public long Signed => Interlocked.Read(ref _signed);

    /// <summary>How many requests were refused.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Opens every key, which logs in to its token, and begins to answer.</summary>
    /// <exception cref="KexecSignException">KS2xxx, KS3876.</exception>
    public static AgentServer Start(AgentPolicy policy, PinOptions pin, AuditLog? audit, RunContext context)
    {
        var server = new AgentServer(policy, pin, audit, context);
        try
        {
            foreach (AgentKeyRule rule in policy.Keys)
                server._keys[KeyReference.Canonical(rule.Key)] = new(rule, context.Keyring.OpenKey(rule.Key, pin, context.Cancellation));
            server._listener.Bind(new UnixDomainSocketEndPoint(server.SocketPath));
            server._listener.Listen(MostClients);
            server.StartAccepting();
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ending = true;
        _listener.Dispose();
        foreach (Socket client in _clients.Keys)
            client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private void StartAccepting()
    {
        Interlocked.Increment(ref _accepting);
        new Thread(Accept, maxStackSize: 512 * 1024) { IsBackground = true, Name = "agent" }.Start();
    }

    // Whoever accepts a client serves it, and another stands ready before. Threads are used again: a build brings thousands of clients, and
    // handing each to a thread of its own takes as long as looking at it.
    private void Accept()
    {
        while (!_ending)
        {
            Socket client;
            try
            {
                client = _listener.Accept();
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                if (!_ending)
                    Thread.Sleep(10);
                continue;
            }
            if (Interlocked.Decrement(ref _accepting) == 0)
                StartAccepting();
            if (_clients.Count >= MostClients)
            {
                client.Dispose();
            }
            else
            {
                _clients[client] = true;
                Serve(client);
            }
            if (Interlocked.Increment(ref _accepting) > MostReady)
            {
                Interlocked.Decrement(ref _accepting);
                return;
            }
        }
    }

    private void Serve(Socket client)
    {
        try
        {
            client.ReceiveTimeout = client.SendTimeout = LongestSilence;
            var peer = AgentPeer.Of(client);
            if (!peer.IsOurs)
            {
                // Read first: an answer to who has not been heard is lost when the connection closes.
                AgentMessage.Receive(client);
                Refuse(client, peer, null, "it is of another user or session than the agent");
                return;
            }
            // Between two requests a client may take its time: it may be compressing a kernel.
            while (client.Poll(-1, SelectMode.SelectRead) && AgentMessage.Receive(client) is { } message)
                Answer(client, peer, message);
        }
        // Of a client that is gone nothing more is to be said.
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException or KexecSignException or IOException)
        {
            return;
        }
        finally
        {
            _clients.TryRemove(client, out _);
            client.Dispose();
        }
    }

    private void Answer(Socket client, AgentPeer peer, AgentMessage message)
    {
        switch ((AgentRequest)message.Number(0))
        {
            case AgentRequest.Open:
                if (_keys.TryGetValue(message.Text(1), out HeldKey? held))
                    Done().Add(held.Key.SubjectPublicKeyInfo).Add(held.Key.DisplayName).Add(held.HashInstead).Send(client);
                else
                    NotMine(client);
                break;
            case AgentRequest.Certificates:
                Certificates(client, message.Text(1));
                break;
            case AgentRequest.Sign:
                Sign(client, peer, message);
                break;
            default:
                Refuse(client, peer, null, $"request {message.Number(0)} is not known");
                throw OperationErrors.AgentContentRefused.With($"request {message.Number(0)} cannot be answered");
        }
    }

    private void Sign(Socket client, AgentPeer peer, AgentMessage message)
    {
        string reference = message.Text(1), name = message.Text(4);
        var kind = (ContentKind)message.Number(2);
        long length = message.Number(5);
        HashAlgorithmName hash = HashKind.Of(new HashAlgorithmName(message.Text(3))).Name;
        if (!_keys.TryGetValue(reference, out HeldKey? held))
        {
            NotMine(client);
            throw OperationErrors.AgentContentRefused.With($"request {(long)AgentRequest.Sign} cannot be answered");
        }
        bool mlDsa = held.Key.Algorithm == KeyAlgorithm.MlDsa;
        AgentContent content = AgentContent.Receive(client, length, hash, whole: mlDsa);
        try
        {
            content.Require(kind, length, hash, mlDsa);
            byte[] digest = kind == ContentKind.Digest && !mlDsa ? content.Bytes : content.Hash;
            held.Take(kind, _policy, ref _signed, _context.Clock);
            // Written before the signature is made, so that none is without its line.
            _audit?.Write("sign", json => Describe(json, held, kind, hash, digest, name, peer));
            byte[] signature = mlDsa
                ? held.Key.SignData(content.Bytes, hash, _context.Cancellation)
                : held.Key.SignHash(digest, hash, _context.Cancellation);
            Done().Add(signature).Send(client);
        }
        catch (Exception refused) when (refused is KexecSignException or IOException)
        {
            _audit?.Write("refuse", json =>
            {
                Describe(json, held, kind, hash, content.Hash, name, peer);
                json.WriteString("because", Failure.Explain(refused).Message);
            });
            Refuse(client, peer, held, Failure.Explain(refused).Message, logged: true);
        }
    }

    private void Certificates(Socket client, string reference)
    {
        try
        {
            AgentMessage answer = Done();
            foreach (X509Certificate2 certificate in _context.Keyring.OpenCertificates(Full(reference), _pin, _context.Cancellation))
                answer.Add(certificate.RawDataMemory);
            answer.Send(client);
        }
        catch (KexecSignException)
        {
            NotMine(client);
        }
    }

    // The client sends no query: the agent's own rules say which module the token is in.
    private string Full(string reference)
    {
        foreach (AgentKeyRule rule in _policy.Keys)
        {
            int query = rule.Key.IndexOf('?', StringComparison.Ordinal);
            if (query >= 0)
                return reference + rule.Key[query..];
        }
        return reference;
    }

    private void Refuse(Socket client, AgentPeer peer, HeldKey? held, string because, bool logged = false)
    {
        Interlocked.Increment(ref _refused);
        if (!logged)
        {
            _audit?.Write("refuse", json =>
            {
                json.WriteString("key", held?.Key.DisplayName);
                json.WriteNumber("pid", peer.Process);
                json.WriteNumber("uid", peer.User);
                json.WriteString("because", because);
            });
        }
        new AgentMessage().Add((long)AgentAnswer.Refused).Add(because).Send(client);
    }

    private static void Describe(
        System.Text.Json.Utf8JsonWriter json, HeldKey held, ContentKind kind, HashAlgorithmName hash, byte[] digest, string name,
            AgentPeer peer)
    {
        json.WriteString("key", held.Key.DisplayName);
        json.WriteString("kind", AgentPolicy.KindNames[Math.Clamp((int)kind, 0, AgentPolicy.KindNames.Length - 1)]);
        json.WriteString("algorithm", hash.Name);
        json.WriteString("digest", Convert.ToHexStringLower(digest));
        json.WriteString("file", name);
        json.WriteString("caller", peer.Program);
        json.WriteNumber("pid", peer.Process);
    }

    private static AgentMessage Done() => new AgentMessage().Add((long)AgentAnswer.Done);

    private static void NotMine(Socket client) => new AgentMessage().Add((long)AgentAnswer.NotMine).Send(client);
}
