using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Catalog;
using KexecSign.Commands.Testset;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Formats.Uefi;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>What the lab's tests share: the test set around the tiny kernel, unpacked by its own script, and a machine that trusts its keys.</summary>
public class LabBench : IDisposable
{
    // One table for the kernels of all series.
    private static readonly LabReport Shared = new();

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-lab-");

    internal LabReport Report => Shared;

    /// <summary>Series of the kernel that the set is made around and that judges.</summary>
    internal virtual string Series => "6.12";

    internal string Folder => _folder.FullName;

    internal string Init => field ??= InitProgram.Build(Folder, Board.Arm64);

    internal string RiscVInit => field ??= InitProgram.Build(Folder, Board.RiscV64);

    /// <summary>The test set; its IMA key is certified by the authority that the kernel trusts.</summary>
    internal TestsetResult Set => field ??= MakeSet();

    internal string Kernel => Path.Combine(LabKernel.Require(Series), "Image");

    /// <summary>A kit of the kernel's series.</summary>
    internal string Kit => StubKit.Require($"linux-source-{Series}_*_arm64_*.kit");

    /// <summary>Who judges, by which kernel.</summary>
    internal string Judge(string who) => Series == "6.12" ? who : $"{who}, Linux {Series}";

    /// <summary>Skips the test when something of this bench is missing.</summary>
    internal void Require()
    {
        RequireMachine();
        LabKernel.Require(Series);
    }

    internal static void RequireMachine()
    {
        Bench.RequireMachine();
        LabKernel.Require();
        StubKit.Require();
        Command.Require("aarch64-linux-gnu-ld", "binutils-aarch64-linux-gnu");
    }

    internal string InSet(string path) => Path.Combine(Set.Folder, path);

    internal string Key(string file) => InSet(Path.Combine("keys", file));

    /// <summary>Secure Boot with the set's keys, and more certificates in db if given.</summary>
    internal ImmutableArray<UefiVariable> SecureBoot(params X509Certificate2[] more) => Firmware.Keys(
        File.ReadAllBytes(Key("pk.der")),
        [.. File.ReadAllBytes(Key("db.esl")), .. more.SelectMany(c => SignatureList.Of(c, Guid.Empty).Encode())], File.ReadAllBytes(Key("dbx.esl")));

    /// <summary>A folder of its own for a session.</summary>
    internal string Work() => Directory.CreateDirectory(Path.Combine(Folder, Guid.NewGuid().ToString("N"))).FullName;

    /// <summary>A kernel that enforces signatures because Secure Boot is on.</summary>
    internal KernelSession UnderSecureBoot(params X509Certificate2[] more) => UnderSecureBoot(InSet("images/raw/signed.Image"), more);

    /// <summary>The same with another kernel, which db must have signed.</summary>
    internal KernelSession UnderSecureBoot(string kernel, params X509Certificate2[] more)
    {
        string work = Work(), store = Path.Combine(work, "vars.fd");
        Firmware.Arm64.Write(SecureBoot(more), [], store);
        return new(work, Init) { Kernel = kernel, Store = store };
    }

    /// <summary>A kernel on a machine without firmware.</summary>
    internal KernelSession WithoutSecureBoot(string parameters = "") => new(Work(), Init) { Kernel = Kernel, Parameters = parameters };

    internal static TResult Run<TOptions, TResult>(Operation<TOptions, TResult> operation, TOptions options)
        where TOptions : class, new()
        where TResult : OperationResult
    {
        using var context = new RunContext { Keyring = new Keyring() };
        return operation.Run(options, context);
    }

    private TestsetResult MakeSet()
    {
        var options = new TestsetOptions { Image = Kernel, Kit = Kit, Stub = DebianKernel.RequireStub(), Output = Path.Combine(Folder, "first") };
        string keys = Path.Combine(Run(OperationCatalog.Testset, options).Folder, "keys"), ima = Path.Combine(keys, "ima.pem");
        File.WriteAllText(ima, LabKernel.Certify(X509CertificateLoader.LoadCertificateFromFile(ima)).ExportCertificatePem() + "\n");
        TestsetResult set = Run(OperationCatalog.Testset, options with { Keys = keys, Output = Path.Combine(Folder, "set") });
        (int exit, string output) = Command.Run("sh", Path.Combine(set.Folder, "unpack.sh"));
        exit.ShouldBe(0, output);
        return set;
    }

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }
}

/// <summary>The same around the lab's kernel of Linux 7.</summary>
public sealed class NextLabBench : LabBench
{
    internal override string Series => LabKernel.Next;
}

[CollectionDefinition(nameof(LabBench))]
public sealed class LabBenchCollection : ICollectionFixture<LabBench>;

[CollectionDefinition(nameof(NextLabBench))]
public sealed class NextLabBenchCollection : ICollectionFixture<NextLabBench>;
