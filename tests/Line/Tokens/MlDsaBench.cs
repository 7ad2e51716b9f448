using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>ML-DSA keys in files and in a token, the program run with Debian 13's OpenSSL, and that OpenSSL's own programs.</summary>
public sealed class MlDsaBench : IDisposable
{
    private readonly string _dotnet;

    public MlDsaBench()
    {
        OpenSsl = OpenSsl35.Require();
        _dotnet = OpenSsl.Dotnet(Folder);
    }

    internal TempFolder Folder { get; } = new();

    internal OpenSsl35 OpenSsl { get; }

    public void Dispose() => Folder.Dispose();

    internal string At(string name) => Folder.At(name);

    /// <summary>Makes a key and its own certificate, as files of the names given.</summary>
    internal void Certified(int set, string key = "key", string certificate = "cert") => OpenSsl.Run(
        "req", "-new", "-x509", "-newkey", $"ml-dsa-{set}", "-nodes", "-subj", $"/CN=pq{set}", "-days", "30", "-config", "/etc/ssl/openssl.cnf",
        "-addext", "keyUsage=digitalSignature", "-keyout", Folder.At(key), "-out", Folder.At(certificate));

    /// <summary>Builds a PKCS#11 module with ML-DSA, whose objects are in the folder.</summary>
    internal string Token()
    {
        string library = Folder.At("mldsa.so");
        Tool.Run("gcc", "-shared", "-fPIC", "-O1", "-o", library, Path.Combine(AppContext.BaseDirectory, "Tokens", "mldsa.c"));
        Folder.Folder("objects");
        return library;
    }

    /// <summary>Whether OpenSSL says that a signature over a message is by the certificate's key.</summary>
    internal bool Holds(string message, ReadOnlySpan<byte> signature, string certificate = "cert") => OpenSsl.Ask(
        "pkeyutl", "-verify", "-rawin", "-certin", "-inkey", Folder.At(certificate), "-in", message, "-sigfile", Folder.File("judged-sig", signature))
        .Output.Trim() == "Signature Verified Successfully";

    internal Answer Succeed(params string[] arguments)
    {
        Answer answer = Run(arguments);
        answer.Exit.ShouldBe(0, answer.Error);
        return answer;
    }

    internal Answer Run(params string[] arguments) => KexecSignProgram.RunBy(
        _dotnet, new(OpenSsl.Environment) { ["MLDSA_TOKEN"] = Folder.At("objects"), ["PQ_PIN"] = "1234" }, arguments);
}
