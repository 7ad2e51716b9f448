using KexecSign.Fixtures;

namespace KexecSign.Line.Tests;

/// <summary>What the whole-line tests share: a token made from the demo's profile, Debian's Image, a kit, a parser, and a package built from them.</summary>
public sealed class SigningBench : IDisposable
{
    private readonly Lock _lock = new();
    private bool _built;

    public SigningBench() => KexecSignProgram.Succeed(
        "keys", "init", "--profile", Path.Combine(AppContext.BaseDirectory, "demo.profile.json"), "--directory", Folder.At("token"), "--certificates", Folder.Path);

    internal TempFolder Folder { get; } = new();

    internal string Image => field ??= DebianKernels.Unsigned().Path;

    internal string Kit => field ??= DebianKernels.Kit();

    internal string Parser
    {
        get
        {
            if (field is null)
                KexecSignProgram.Succeed("bpf", "compile", "--parser", "zboot", "--abi", "v6", "-o", Folder.At("parser.o"));
            return field ??= Folder.At("parser.o");
        }
    }

    internal string PinFile => Folder.At("token/pin");

    internal string Certificate(string label) => Folder.At(label + ".pem");

    internal static string Key(string label) => $"pkcs11:token=KexecSign%20demo;object={label}";

    /// <summary>Arguments of a build with everything in it, whose files go to a folder.</summary>
    internal string[] Everything(string folder) =>
    [
        "build", "--image", Image, "--kit", Kit, "--parser", Parser, "--level", "1",
        "--key", Key("db"), "--cert", Certificate("db"), "--inner-key", Key("kexec"), "--inner-cert", Certificate("kexec"),
        "--ima-key", Key("ima"), "--ima-cert", Certificate("ima"), "--pin-file", PinFile,
        "-o", Path.Combine(folder, "vmlinuz.efi"), "--signed-image", Path.Combine(folder, "Image.signed"),
        "--tar", Path.Combine(folder, "vmlinuz.tar"), "--report", Path.Combine(folder, "report.json"),
    ];

    /// <summary>The folder of a package, built once for all tests that only look at it.</summary>
    internal string Package()
    {
        lock (_lock)
        {
            string folder = Folder.Folder("package");
            if (!_built)
                KexecSignProgram.Succeed(Everything(folder));
            _built = true;
            return folder;
        }
    }

    public void Dispose() => Folder.Dispose();
}

[CollectionDefinition(nameof(SigningBench))]
public sealed class SigningBenchCollection : ICollectionFixture<SigningBench>;
