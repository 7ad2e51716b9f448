using System.Diagnostics;
using System.Globalization;
using Xunit.Abstractions;

namespace KexecSign.Packages.Tests.Native;

/// <summary>
/// The first minute of somebody who has a bare Debian 12 and the package: two lines, and the second shows what a signature is good for.
/// </summary>
[Collection(NativePackagesGroup.Name)]
public sealed class FirstSuccessTests(NativePackages packages, ITestOutputHelper said)
{
    [SkippableFact]
    public void One_line_installs_the_package_with_what_the_demo_needs_and_the_next_runs_it()
    {
        string deb = packages.Deb();
        using BareSystem system = BareSystem.Of("bookworm");
        system.Put(deb, "work/" + Path.GetFileName(deb));
        ReachMirror(system);

        long began = Stopwatch.GetTimestamp();
        system.Run("apt-get install -y ./kexecsign_*_amd64.deb");
        TimeSpan installed = Stopwatch.GetElapsedTime(began);
        string shown = system.Run("kexecsign demo");
        TimeSpan done = Stopwatch.GetElapsedTime(began);

        // A minute is what users are promised; what this machine does besides is not known here, so the time is told and not judged.
        said.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"installed after {installed.TotalSeconds:0.0} s, first success after {done.TotalSeconds:0.0} s"));
        shown.ShouldContain("signed.efi: verified");
        shown.ShouldContain("changed.efi: NOT verified");
    }

    // The mirror that the bare system was made from, asked the way this machine asks.
    private static void ReachMirror(BareSystem system)
    {
        system.Put("/etc/resolv.conf", "etc/resolv.conf");
        File.WriteAllText(system.At("etc/apt/apt.conf.d/90mirror"), NativePackages.Must("apt-config", "/", "dump", "Acquire::http"));
        Output lists = system.Ask("apt-get update");
        Skip.If(lists.Exit != 0 || lists.Text.Contains("W: Failed", StringComparison.Ordinal), "the mirror of Debian is not reachable");
    }
}
