using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>A SoftHSM token that holds the bench's signer, key and certificate.</summary>
internal static class Token
{
    private const string Module = "/usr/lib/softhsm/libsofthsm2.so";
    private const string Pin = "Callers-4711";

    public const string Uri = "pkcs11:token=callers;object=db";

    /// <summary>Makes it once; path of a file with its PIN.</summary>
    public static string Make(CompatBench bench)
    {
        Tool.Demand(File.Exists(Module), $"{Module} is missing; apt-get install softhsm2");
        Tool.Require("pkcs11-tool");
        string pin = bench.Folder.At("pin");
        if (File.Exists(pin))
            return pin;
        File.WriteAllText(bench.Folder.At("softhsm2.conf"), $"directories.tokendir = {bench.Folder.Folder("tokens")}\n");
        Answer made = bench.Run("bash", ["-ec", $"""
            softhsm2-util --init-token --free --label callers --pin {Pin} --so-pin {Pin}
            openssl pkcs8 -topk8 -nocrypt -in db.key -out db.p8
            softhsm2-util --import db.p8 --token callers --label db --id 01 --pin {Pin}
            pkcs11-tool --module {Module} --token-label callers --login --pin {Pin} --write-object db.x509 --type cert --label db --id 01
            """], Environment(bench));
        made.Exit.ShouldBe(0, made.Output + made.Error);
        File.WriteAllText(pin, Pin + "\n");
        File.SetUnixFileMode(pin, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return pin;
    }

    /// <summary>The environment in which it is found.</summary>
    public static (string Name, string Value)[] Environment(CompatBench bench) =>
        [("SOFTHSM2_CONF", bench.Folder.At("softhsm2.conf")), ("KEXECSIGN_PKCS11_MODULE", Module)];

    /// <summary>Makes it; the environment in which a caller's commands find it, and its PIN.</summary>
    public static (string Name, string Value)[] Secrets(CompatBench bench) => [("KEXECSIGN_PIN_FILE", Make(bench)), .. Environment(bench)];
}
