using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>A SoftHSM token with three keys, a few small images, and modules between the program and the token.</summary>
public sealed class TokenBench : IDisposable
{
    internal const string SoftHsm = "/usr/lib/softhsm/libsofthsm2.so";

    /// <summary>Found nowhere by chance.</summary>
    internal const string Pin = "Zq7-NeverToBeSeen-4711";

    private const string Profile = """
        { "token": "Bench", "keys": [
          { "label": "rsa", "role": "secure-boot", "subject": "CN=Bench RSA" },
          { "label": "other", "role": "kexec", "subject": "CN=Bench Other" },
          { "label": "ec", "role": "kexec", "algorithm": "p256", "subject": "CN=Bench EC" } ] }
        """;

    public TokenBench()
    {
        if (!File.Exists(SoftHsm))
            return;
        string profile = Folder.At("profile.json");
        File.WriteAllText(profile, Profile);
        Init = KexecSignProgram.RunWith(new() { ["BENCH_PIN"] = Pin },
            "keys", "init", "--profile", profile, "--directory", Folder.At("token"), "--certificates", Folder.Path, "--pin-env", "BENCH_PIN", "-v");
        Init.Exit.ShouldBe(0, Init.Error);
        for (int i = 0; i < 8; i++)
            Folder.File($"image{i}", TestImage.Arm64().Bytes);
    }

    internal TempFolder Folder { get; } = new();

    internal Answer? Init { get; }

    internal Dictionary<string, string> Environment => new()
    {
        ["SOFTHSM2_CONF"] = Folder.At("token/softhsm2.conf"),
        ["KEXECSIGN_PKCS11_MODULE"] = SoftHsm,
        ["BENCH_PIN"] = Pin,
        ["KEXECSIGN_PKCS11_TIMEOUT"] = "3",
    };

    internal string[] Images => [.. Enumerable.Range(0, 8).Select(i => Folder.At($"image{i}"))];

    internal string Certificate(string label) => Folder.At(label + ".pem");

    internal static void Require() => Tool.Demand(File.Exists(SoftHsm), $"{SoftHsm} is missing; apt-get install softhsm2");

    /// <summary>Arguments that sign all images into a folder.</summary>
    internal string[] SignAll(string folder, string label = "rsa") =>
        ["sign", .. Images, "--key", $"pkcs11:token=Bench;object={label}", "--cert", Certificate(label), "--pin-env", "BENCH_PIN", "-o", folder];

    /// <summary>The environment with a module in between that fails in the way named.</summary>
    internal Dictionary<string, string> Faulty(string fault, string module = SoftHsm)
    {
        string library = Folder.At("faulty.so");
        if (!File.Exists(library))
            Tool.Run("gcc", "-shared", "-fPIC", "-O1", "-o", library, Path.Combine(AppContext.BaseDirectory, "Tokens", "faulty.c"));
        return new(Environment) { ["KEXECSIGN_PKCS11_MODULE"] = library, ["FAULTY_MODULE"] = module, ["FAULTY"] = fault };
    }

    /// <summary>The environment with a module in between that lies once.</summary>
    /// <param name="how">In which way, see liar.c.</param>
    /// <param name="at">In which call, from 1.</param>
    /// <param name="call">Number of the only function whose calls count; null for all.</param>
    /// <param name="mark">A file that it makes when it lies.</param>
    internal Dictionary<string, string> Liar(string how, int at, string? call = null, string? mark = null)
    {
        string library = Folder.At("liar.so");
        if (!File.Exists(library))
            Tool.Run("gcc", "-shared", "-fPIC", "-O1", "-o", library, Path.Combine(AppContext.BaseDirectory, "Tokens", "liar.c"));
        var environment = new Dictionary<string, string>(Environment)
        {
            ["KEXECSIGN_PKCS11_MODULE"] = library,
            ["FAULTY_MODULE"] = SoftHsm,
            ["LIAR_HOW"] = how,
            ["LIAR_AT"] = $"{at}",
        };
        if (call is not null)
            environment["LIAR_CALL"] = call;
        if (mark is not null)
            environment["LIAR_MARK"] = mark;
        return environment;
    }

    public void Dispose() => Folder.Dispose();
}

[CollectionDefinition(nameof(TokenBench))]
public sealed class TokenBenchCollection : ICollectionFixture<TokenBench>;
