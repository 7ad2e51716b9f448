using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Catalog;
using KexecSign.Commands.Uki;
using KexecSign.Core;
using KexecSign.Core.Operations;
using KexecSign.Formats.Cpio;
using KexecSign.Formats.Layouts;
using KexecSign.Keys.Keyrings;
using KexecSign.Signing;

namespace KexecSign.Boot.Tests.Uki;

/// <summary>Unified kernel images of Debian's kernels and stubs, with an initrd that says that it runs.</summary>
internal sealed class UkiImages(string folder, bool amd64)
{
    private const uint Executable = 0x1ED;

    private string? _initrd;

    /// <summary>A kernel of the cache.</summary>
    public string Kernel => Cached(amd64 ? "linux-image-6.12*-cloud-amd64-unsigned_*" : "linux-image-6.12*-cloud-arm64-unsigned_*", "boot", "vmlinuz-*");

    /// <summary>A stub of Debian 12, version 252.</summary>
    public string Stub => Cached(amd64 ? "systemd-boot-efi_*_amd64" : "systemd-boot-efi_*_arm64", "usr/lib/systemd/boot/efi", amd64 ? "linuxx64.efi.stub" : "linuxaa64.efi.stub");

    /// <summary>A stub of its backports, version 254 or later, which takes addons.</summary>
    public string NewerStub => Cached(amd64 ? "backports-systemd-boot-efi_*_amd64" : "backports-systemd-boot-efi_*_arm64", "usr/lib/systemd/boot/efi", amd64 ? "linuxx64.efi.stub" : "linuxaa64.efi.stub");

    /// <summary>The serial console.</summary>
    public string Console => amd64 ? "console=ttyS0" : "console=ttyAMA0";

    /// <summary>An initrd whose only program prints a line and powers off.</summary>
    public string Initrd
    {
        get
        {
            if (_initrd is not null)
                return _initrd;
            string init = amd64 ? Amd64Init() : InitProgram.Build(folder, Board.Arm64);
            Layout archive = NewcArchive.Write([("init", Executable, Layout.Of(File.ReadAllBytes(init)))]);
            File.WriteAllBytes(At("initrd.img"), archive.ReadBytes(0, archive.Length));
            return _initrd = At("initrd.img");
        }
    }

    /// <summary>Builds an image; its command line is the console, so a boot that says anything read it.</summary>
    public string Build(string name, Func<UkiBuildOptions, UkiBuildOptions> change)
    {
        var options = new UkiBuildOptions
        {
            Linux = Kernel,
            Stub = Stub,
            Contents = new() { Initrds = [Initrd], CommandLine = Console + " panic=-1", OsRelease = "ID=test\nPRETTY_NAME=\"KexecSign boot test\"\n" },
            Output = At(name),
        };
        Run(OperationCatalog.UkiBuild, change(options));
        return At(name);
    }

    /// <summary>Builds an addon for a command line.</summary>
    public string Addon(string name, string commandLine, TestKey key)
    {
        Run(OperationCatalog.AddonBuild, new AddonBuildOptions
        {
            Architecture = amd64 ? "x86_64" : "arm64",
            Contents = new() { CommandLine = commandLine },
            Signing = By(key),
            Output = At(name),
        });
        return At(name);
    }

    /// <summary>Key and certificate as options.</summary>
    public static SigningOptions By(TestKey key) => new() { Key = key.KeyFile, Certificate = key.CertificateFile };

    /// <summary>Runs an operation.</summary>
    public static TResult Run<TOptions, TResult>(Operation<TOptions, TResult> operation, TOptions options)
        where TOptions : class, new()
        where TResult : Core.Reports.OperationResult
    {
        using var context = new RunContext { Keyring = new Keyring() };
        return operation.Run(options, context);
    }

    private string At(string name) => Path.Combine(folder, name);

    private string Amd64Init()
    {
        Command.Require("gcc", "gcc");
        string source = Path.Combine(AppContext.BaseDirectory, "uki", "init-x64.c"), program = At("init-x64");
        (int exit, string output) = Command.Run(
            "gcc", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-Os", "-Wall", "-Wextra", "-Werror", "-Wl,--build-id=none", "-s", "-o", program, source);
        exit.ShouldBe(0, output);
        return program;
    }

    private static string Cached(string package, string path, string name)
    {
        string debian = Path.Combine(DebianKernel.Cache, "debian");
        string? found = !Directory.Exists(debian)
            ? null
            : Directory.GetDirectories(debian, package).Order(StringComparer.Ordinal).Select(p => Path.Combine(p, path)).Where(Directory.Exists)
                .SelectMany(p => Directory.GetFiles(p, name)).LastOrDefault();
        Command.Require(found is not null, $"no {package}/{path}/{name} in {debian}; './build.sh --target=Test' fetches it (build/debian-kernels.sh)");
        return found!;
    }
}
