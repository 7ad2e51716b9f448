using KexecSign.Fixtures;

namespace KexecSign.Callers.Tests;

/// <summary>What a command answered, its streams apart.</summary>
internal sealed record Answer(int Exit, string Output, string Error);

/// <summary>
/// A folder with the compat commands as packages install them, links by the peers' names, and keys: a signer, the intermediate and
/// the root above it, made by openssl as the peers' own tests make them.
/// </summary>
public sealed class CompatBench : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // 1.2.840.113549.1.9.5 in DER: sbsign says when it signed, ours does not.
    private static readonly byte[] SigningTime = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x05];

    public CompatBench()
    {
        Links = Folder.Folder("compat");
        foreach (string name in (string[])["sbsign", "sbverify", "sbattach", "systemd-sbsign", "sign-file", "kmodsign", "evmctl", "pesign", "rpmsign", "kexecsign"])
            File.CreateSymbolicLink(Path.Combine(Links, name), ProgramUnderTest.Path);
        Shell(
            """
            exec 2>/dev/null
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 2 -subj '/CN=CA Key'
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout int.key -out int.csr -subj '/CN=Intermediate Certificate'
            printf 'basicConstraints=critical,CA:true\n' > int.ext
            openssl x509 -req -in int.csr -CA ca.pem -CAkey ca.key -set_serial 1 -days 2 -extfile int.ext -out int.pem
            openssl req -newkey rsa:2048 -nodes -keyout db.key -out db.csr -subj '/C=DE/O=Callers, Inc/CN=Signer Certificate'
            openssl x509 -req -in db.csr -CA int.pem -CAkey int.key -set_serial 1 -days 2 -out db.pem
            openssl req -x509 -newkey rsa:2048 -nodes -keyout ima.key -out ima.pem -days 2 -subj '/CN=IMA'
            openssl x509 -in db.pem -outform DER -out db.x509
            openssl x509 -in ima.pem -outform DER -out ima.x509
            cat ima.key ima.pem > both.pem
            """);
    }

    internal TempFolder Folder { get; } = new();

    /// <summary>The folder of links.</summary>
    internal string Links { get; }

    /// <summary>Runs a command of ours by its link.</summary>
    internal Answer Ours(string name, params string[] arguments) => Run(Path.Combine(Links, name), arguments);

    /// <summary>Runs Debian's.</summary>
    internal Answer Theirs(string name, params string[] arguments)
    {
        Tool.Require(name);
        return Run(name, arguments);
    }

    /// <summary>Runs a script in the bench's folder; $C is the folder of links.</summary>
    internal Answer Shell(string script, params (string Name, string Value)[] environment) =>
        Run("bash", ["-c", script], [("C", Links), .. environment]);

    /// <summary>Runs a program in the bench's folder, as a caller would.</summary>
    internal Answer Run(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var variables = new Dictionary<string, string> { ["LC_ALL"] = "C.UTF-8" };
        foreach ((string name, string value) in environment)
            variables[name] = value;
        ProcessAnswer answer = new ProcessRun(program, arguments) { Folder = Folder.Path, Environment = variables, Patience = Patience }.End();
        return new(answer.Exit, answer.Output, answer.Error);
    }

    /// <summary>Debian's sbverify finds the bench's signer on an image, and it was not Debian's sbsign that signed it.</summary>
    internal void RequireSignedByUs(string image)
    {
        Theirs("sbverify", "--cert", "db.pem", image).Exit.ShouldBe(0);
        SaysWhenItWasSigned(image).ShouldBeFalse("Debian's sbsign says when it signed");
    }

    /// <summary>Whether an image's signature is one of sbsign's.</summary>
    internal bool SaysWhenItWasSigned(string image) => File.ReadAllBytes(Folder.At(image)).AsSpan().IndexOf(SigningTime) >= 0;

    internal byte[] Read(string name) => File.ReadAllBytes(Folder.At(name));

    public void Dispose() => Folder.Dispose();
}

[CollectionDefinition(nameof(CompatBench))]
public sealed class CompatBenchCollection : ICollectionFixture<CompatBench>;
