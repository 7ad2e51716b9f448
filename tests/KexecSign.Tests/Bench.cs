using KexecSign.Commands.Offline;
using KexecSign.Commands.Sign;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Keyrings;
using KexecSign.Signing;
using KexecSign.Simulation.Kexec;

namespace KexecSign.Tests;

/// <summary>A folder, a run context whose warnings can be read, and short ways to run operations.</summary>
internal sealed class Bench : IRunLog, IDisposable
{
    public Bench() => Context = new() { Keyring = new Keyring(), Log = this, Elsewhere = BundledKeys.ForRun };

    public TempFolder Folder { get; } = new();

    public RunContext Context { get; }

    public List<string> Warnings { get; } = [];

    /// <summary>Signs a file with options to be changed; gives the result.</summary>
    public SignResult Sign(string file, TestSigner signer, Func<SignOptions, SignOptions>? change = null)
    {
        var options = new SignOptions { Files = [file], Output = Folder.At("signed"), Signing = Identity(signer) };
        return SignOperation.Definition.Run(change is null ? options : change(options), Context);
    }

    /// <summary>Signs a small kernel image and gives the path.</summary>
    public string SignedImage(TestSigner signer, TestImage? image = null)
    {
        string path = Folder.At($"image-{Guid.NewGuid():N}");
        Sign(Folder.File("unsigned", (image ?? TestImage.Arm64()).Bytes), signer, o => o with { Output = path });
        return path;
    }

    public SigningOptions Identity(TestSigner signer, bool chain = false) =>
        new() { Key = signer.KeyFile(Folder), Certificate = signer.CertificateFile(Folder, chain) };

    /// <summary>Runs an operation as the faces do.</summary>
    public OperationResult Run(Operation operation, object options) => operation.Run(options, Context);

    public void Dispose()
    {
        Context.Dispose();
        Folder.Dispose();
    }

    IRunStep IRunLog.Step(string name, long totalBytes) => SilentLog.Instance;

    void IRunLog.Warning(string message) => Warnings.Add(message);

    void IRunLog.Detail(string message)
    {
    }

    /// <summary>Whether the model of an arm64 kernel that trusts one certificate takes a file.</summary>
    public static bool KernelAccepts(string path, TestSigner trusted)
    {
        using FileSource file = FileSource.Open(path);
        return KexecFileLoad.Judge(file.ToLayout(), KernelArchitecture.Arm64, new KernelPolicy { Platform = [trusted.Certificate] }).Accepted;
    }

    public static (PeImage Image, Layout File) Read(string path)
    {
        Layout file = Layout.Of(File.ReadAllBytes(path));
        return (PeReader.Read(file), file);
    }
}
