using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Signing.Timestamps;

/// <summary>A timestamp authority on this machine: 'openssl ts' behind HTTP.</summary>
internal sealed class LocalTimestampServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly TempFolder _folder;
    private readonly Func<HttpListenerContext, byte[], byte[]?> _answer;

    private LocalTimestampServer(TempFolder folder, Func<HttpListenerContext, byte[], byte[]?> answer)
    {
        _folder = folder;
        _answer = answer;
        Url = $"http://127.0.0.1:{FreePort()}/tsa/";
        _listener.Prefixes.Add(Url);
        _listener.Start();
        // On a thread of its own: five of them would wait on the pool's, which has as many as processors and grows by one a second, so
        // that the last to start heard nothing before its client's patience was over.
        Task.Factory.StartNew(Serve, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public string Url { get; }

    public int Asked { get; private set; }

    public string CertificateFile => _folder.At("tsa.pem");

    /// <summary>One that answers, and packs further certificates along.</summary>
    public static LocalTimestampServer Sound(TempFolder folder, params string[] further)
    {
        MakeAuthority(folder);
        if (further.Length > 0)
        {
            File.WriteAllText(folder.At("further.pem"), string.Concat(further.Select(File.ReadAllText)));
            File.AppendAllText(folder.At("tsa.cnf"), $"\ncerts = {folder.At("further.pem")}\n");
        }
        return new(folder, (_, query) => Reply(folder, query));
    }

    /// <summary>One that answers as told: the query and the sound reply go in; null keeps the caller waiting.</summary>
    public static LocalTimestampServer Broken(TempFolder folder, Func<HttpListenerContext, byte[]?> answer) => new(folder, (context, _) => answer(context));

    /// <summary>A sound reply to another question.</summary>
    public static byte[] Stale(TempFolder folder)
    {
        MakeAuthority(folder);
        string query = folder.At("stale.tsq");
        Tool.Run("openssl", "ts", "-query", "-sha256", "-cert", "-data", folder.File("other", new byte[3]), "-out", query);
        return Reply(folder, File.ReadAllBytes(query));
    }

    public void Dispose() => _listener.Close();

    private static byte[] Reply(TempFolder folder, byte[] query)
    {
        string reply = folder.At("reply.tsr");
        Tool.Run("openssl", "ts", "-reply", "-config", folder.At("tsa.cnf"), "-queryfile", folder.File("query.tsq", query), "-out", reply);
        return File.ReadAllBytes(reply);
    }

    private static void MakeAuthority(TempFolder folder)
    {
        if (File.Exists(folder.At("tsa.pem")))
            return;
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=test tsa", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.8")], critical: true));
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(folder.At("tsa.pem"), certificate.ExportCertificatePem() + "\n");
        File.WriteAllText(folder.At("tsa.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(folder.At("serial"), "01\n");
        File.WriteAllText(folder.At("tsa.cnf"), $"""
            [tsa]
            default_tsa = one
            [one]
            serial = {folder.At("serial")}
            signer_cert = {folder.At("tsa.pem")}
            signer_key = {folder.At("tsa.key")}
            signer_digest = sha256
            default_policy = 1.2.3.4
            digests = sha256, sha384, sha512
            ess_cert_id_alg = sha256
            """);
    }

    private void Serve()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = _listener.GetContext();
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            Asked++;
            var query = new MemoryStream();
            context.Request.InputStream.CopyTo(query);
            if (_answer(context, query.ToArray()) is not { } answer)
                continue;
            context.Response.ContentType = "application/timestamp-reply";
            context.Response.Close(answer, willBlock: true);
        }
    }

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
