using System.Security.Cryptography.X509Certificates;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Core;
using KexecSign.Keys.Keyrings;
using KexecSign.Qemu;

namespace KexecSign.Boot.Tests.Images;

/// <summary>What all boot tests share: a folder, keys, images and the initrd's program. One machine runs at a time.</summary>
public sealed class Bench : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-boot-");
    private int _labs;

    internal string Folder => _folder.FullName;

    internal TestKey Ours => field ??= new("ours", Folder);

    internal TestKey Other => field ??= new("other", Folder);

    internal ImageUnderTest Image => field ??= new(Folder);

    internal string Init => field ??= InitProgram.Build(Folder, Board.Arm64);

    internal static void RequireMachine()
    {
        Command.Require("qemu-system-aarch64", "qemu-system-arm");
        Command.Require("/usr/share/AAVMF/AAVMF_VARS.snakeoil.fd", "qemu-efi-aarch64");
    }

    internal BootLabFiles Lab(string image, params X509Certificate2[] allowed)
    {
        using var context = new RunContext { Keyring = new Keyring() };
        string folder = Path.Combine(Folder, $"lab {++_labs}");
        return BootLab.Write(new() { Image = image, Init = Init, Folder = folder, Allowed = [.. allowed] }, context);
    }

    internal static (int Exit, string Console) Boot(string script, int seconds = 300)
    {
        var environment = new Dictionary<string, string> { ["KEXECSIGN_BOOT_TIMEOUT"] = seconds.ToString() };
        return Command.Run("bash", [script], environment);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}

[CollectionDefinition(nameof(Bench))]
public sealed class BenchCollection : ICollectionFixture<Bench>;
