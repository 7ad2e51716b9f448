using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Tokens;

/// <summary>The bench's token, served over a socket as remote tokens are.</summary>
internal static class P11KitServer
{
    public static string Client { get; } = Directory.GetDirectories("/usr/lib", "*-linux-gnu")
        .Select(folder => Path.Combine(folder, "pkcs11", "p11-kit-client.so")).FirstOrDefault(File.Exists) ?? "p11-kit-client.so";

    public static Daemon Start(TokenBench bench, TempFolder folder)
    {
        Tool.Demand(File.Exists(Client), "p11-kit-client.so is missing; apt-get install p11-kit p11-kit-modules");
        string socket = folder.At("p11.sock");
        return Daemon.Start("setsid", ["p11-kit", "server", "-f", "-n", socket, "--provider", TokenBench.SoftHsm, "pkcs11:token=Bench"], socket, bench.Environment);
    }

    public static string Address(TempFolder folder) => "unix:path=" + folder.At("p11.sock");
}
