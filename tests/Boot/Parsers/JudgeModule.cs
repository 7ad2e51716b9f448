using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Boot.Tests.Tools;

namespace KexecSign.Boot.Tests.Parsers;

/// <summary>The modules of ../judge, as build/judge-module.sh leaves them, with the kernel that they are for.</summary>
/// <param name="Folder">Holds kexec_judge_v6.ko and kexec_judge_v7.ko.</param>
/// <param name="Kernel">The kernel.</param>
/// <param name="Board">A machine for it.</param>
internal sealed record JudgeModule(string Folder, string Kernel, Board Board)
{
    private static string Cache => Path.Combine(DebianKernel.Cache, "judge");

    /// <summary>For Debian's own kernel of Linux 7; skips the test when there is none.</summary>
    /// <param name="architecture">arm64 or amd64.</param>
    public static JudgeModule OfDebian(string architecture)
    {
        string folder = Newest($"linux-headers-7.*-cloud-{architecture}_*", architecture), name = Path.GetFileName(folder);
        // linux-headers-7.3.4+deb13-cloud-arm64_7.3.4-1~bpo13+1_RECIPE goes with linux-binary-7.3.4+deb13-cloud-arm64_7.3.4-1~bpo13+1.
        string package = Path.Combine(DebianKernel.Cache, "debian", name[..name.LastIndexOf('_')].Replace("linux-headers-", "linux-binary-", StringComparison.Ordinal), "usr/lib/modules");
        string? kernel = Directory.Exists(package) ? Directory.EnumerateDirectories(package).Select(f => Path.Combine(f, "vmlinuz")).SingleOrDefault(File.Exists) : null;
        Command.Require(kernel is not null, $"no kernel in {package}; './build.sh --target=Test' puts one there");
        return new(folder, kernel!, architecture == "arm64" ? Board.Arm64 : Board.Amd64);
    }

    /// <summary>For the lab's kernel of Linux 7; skips the test when there is none.</summary>
    public static JudgeModule OfLab()
    {
        string lab = LabKernel.Require(LabKernel.Next);
        return new(Newest(Path.GetFileName(lab) + "_*", "arm64"), Path.Combine(lab, "Image"), Board.Arm64);
    }

    private static string Newest(string pattern, string architecture)
    {
        string? newest = Directory.Exists(Cache) ? Directory.EnumerateDirectories(Cache, pattern).MaxBy(Directory.GetLastWriteTimeUtc) : null;
        LabKernel.Demand(newest is not null, LabKernel.Next, architecture, $"no {pattern} in {Cache}; './build.sh --target=Boot' builds it");
        return newest!;
    }
}
