using KexecSign.Commands.Zboot;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Tests.Zboot;

/// <summary>The system's temporary folder is that of the whole process, so nothing else may run beside these tests.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "Alone";
}

[Collection(AloneCollection.Name)]
public sealed class TemporaryFilesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-alone-");
    private readonly string? _before = Environment.GetEnvironmentVariable("TMPDIR");

    public TemporaryFilesTests()
    {
        Directory.CreateDirectory(Temporary);
        Environment.SetEnvironmentVariable("TMPDIR", Temporary);
    }

    private string Temporary => At("tmp");

    [SkippableFact]
    public void A_build_leaves_none_whether_it_ends_well_or_badly_or_is_stopped()
    {
        using var kit = new CapturedKit();
        File.WriteAllBytes(At("Image"), SmallKernel.Image());
        var options = new ZbootBuildOptions { Kit = kit.Require(), Image = At("Image"), Output = At("vmlinuz.efi") };
        string[] before = Left();
        ZbootBuildOperation.Definition.Run(options, CapturedKit.Context());
        Left().ShouldBe(before);

        var failing = new FailingPrograms(At("bin"));
        Refusal.Of("KS5003", () => ZbootBuildOperation.Definition.Run(options, CapturedKit.Context(failing.Path)));
        Left().ShouldBe(before);

        using var stop = new CancellationTokenSource();
        var context = new RunContext { Keyring = new Keyring(), Log = new StopsAt("link", stop), Cancellation = stop.Token };
        Should.Throw<OperationCanceledException>(() => ZbootBuildOperation.Definition.Run(options, context));
        Left().ShouldBe(before);
        Directory.GetFiles(_folder.FullName).Select(Path.GetFileName).Order().ShouldBe(["Image", "vmlinuz.efi"]);
    }

    [SkippableFact]
    public void A_capture_that_fails_leaves_its_log_alone_and_says_where_it_is()
    {
        Tool.Require("make", "gcc", "flex", "bison", "bc", "aarch64-linux-gnu-gcc");
        foreach (string name in new[] { "arch/arm64/Makefile", "drivers/firmware/efi/libstub/Makefile.zboot" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(At("linux/" + name))!);
            File.WriteAllText(At("linux/" + name), "");
        }
        File.WriteAllText(At("linux/Makefile"), "defconfig:\n\t@echo 'gcc -c x.c'; echo 'x.c:1:2: error: boom' >&2; exit 1\n");
        var log = new StopsAt("nothing", null);
        var options = new ZbootKitOptions { Source = At("linux"), Architecture = "arm64", Output = At("kit") };
        Refusal.Of("KS5003", () => ZbootKitOperation.Definition.Run(options, new RunContext { Keyring = new Keyring(), Log = log }))
            .Message.ShouldContain("make ended with exit code 2: x.c:1:2: error: boom.");
        string path = Left().ShouldHaveSingleItem();
        log.Details.ShouldContain("all output of make: " + path);
        File.ReadAllText(path).ShouldContain("gcc -c x.c");
        File.Exists(At("kit")).ShouldBeFalse();
        Refusal.Of("KS3112", () => ZbootKitOperation.Definition.Run(options with { Architecture = "amd64" }, CapturedKit.Context()));
        Refusal.Of("KS3010", () => ZbootKitOperation.Definition.Run(options with { Source = null }, CapturedKit.Context()));
        Refusal.Of("KS3011", () => ZbootKitOperation.Definition.Run(options with { BuildFolder = At("linux") }, CapturedKit.Context()));
        Refusal.Of("KS3109", () => ZbootKitOperation.Definition.Run(options with { Source = null, BuildFolder = At("linux") }, CapturedKit.Context()));
        Refusal.Of("KS3001", () => ZbootKitOperation.Definition.Run(options with { Source = At("nowhere") }, CapturedKit.Context()));
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("TMPDIR", _before);
        _folder.Delete(recursive: true);
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private string[] Left() => [.. Directory.EnumerateFileSystemEntries(Temporary).Where(f => !Path.GetFileName(f).StartsWith("kexecsign-kit-", StringComparison.Ordinal)).Order()];

    /// <summary>A PATH on which the linker fails.</summary>
    private sealed class FailingPrograms
    {
        public FailingPrograms(string folder)
        {
            Directory.CreateDirectory(folder);
            foreach (string name in new[] { "aarch64-linux-gnu-ld", "aarch64-linux-gnu-objcopy" })
            {
                string path = System.IO.Path.Combine(folder, name);
                File.WriteAllText(path, "#!/bin/sh\necho no >&2\nexit 1\n");
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
            Path = folder;
        }

        public string Path { get; }
    }

    /// <summary>Stops the run when a step begins.</summary>
    private sealed class StopsAt(string step, CancellationTokenSource? stop) : IRunLog
    {
        public List<string> Details { get; } = [];

        public IRunStep Step(string name, long totalBytes = 0)
        {
            if (name == step)
                stop?.Cancel();
            return SilentLog.Instance;
        }

        public void Warning(string message)
        {
        }

        public void Detail(string message) => Details.Add(message);
    }
}
