using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests.Disk;

/// <summary>A command that writes, the files it begins with, and those that it leaves when nothing goes wrong.</summary>
internal sealed class Scenario : IDisposable
{
    private const string Leftover = ".kexecsign-";
    private readonly TempFolder _home = new();
    private readonly string[] _arguments;
    private int _runs;

    private Scenario(string name, bool isSet, Action<string> prepare, params string[] arguments)
    {
        Name = name;
        IsSet = isSet;
        _arguments = arguments;
        string pristine = _home.Folder("pristine"), finished = _home.Folder("finished");
        prepare(pristine);
        Before = Contents(pristine);
        Copy(Before, finished);
        Answer answer = KexecSignProgram.Succeed(Arguments(finished));
        answer.Error.ShouldNotContain("KS3");
        After = Contents(finished);
        After.Count.ShouldBeGreaterThan(0);
        Changed.ShouldNotBeEmpty();
    }

    public static ImmutableArray<string> Names { get; } =
    [
        "build", "plan", "sign", "signatures remove", "module sign", "module strip", "ima sign", "rpm sign", "provenance sign", "prepare", "attach",
    ];

    public string Name { get; }

    /// <summary>Codes by which a second run says that the first one did it all.</summary>
    public string[] DoneAlready => Name switch
    {
        "prepare" => ["KS3713"],
        "attach" => ["KS3714"],
        _ => [],
    };

    /// <summary>Whether its outputs appear all or not at all, rather than each for itself.</summary>
    public bool IsSet { get; }

    public IReadOnlyDictionary<string, byte[]> Before { get; }

    public IReadOnlyDictionary<string, byte[]> After { get; }

    /// <summary>The files that a good run makes or changes.</summary>
    public IEnumerable<string> Changed => After.Keys.Where(name => !Before.TryGetValue(name, out byte[]? old) || !old.AsSpan().SequenceEqual(After[name]));

    public static Scenario Of(string name, TempFolder keys)
    {
        string key = TestSigners.Rsa2048.KeyFile(keys), certificate = TestSigners.Rsa2048.CertificateFile(keys);
        string[] signer = ["--key", key, "--cert", certificate, "-q"];
        return name switch
        {
            "build" => new(
                name, isSet: true,
                folder =>
                {
                    Put(folder, "Image", TestImage.Arm64().Bytes);
                    Put(folder, "out.efi", "OLD"u8);
                    Put(folder, "out.efi.sig", "OLD"u8);
                },
                ["build", "--image", "{}/Image", "-o", "{}/out.efi", "--tar", "{}/out.tar", "--ima-key", key, "--ima-cert", certificate, .. signer]),
            "sign" => new(
                name, isSet: true, folder => Put(folder, "a.efi", TestImage.Arm64().Bytes),
                ["sign", "{}/a.efi", "--in-place", "--replace", .. signer]),
            "module sign" => new(
                name, isSet: false,
                folder =>
                {
                    Put(folder, "a.ko", "a module"u8);
                    Put(folder, "sub/b.ko", "another module"u8);
                },
                ["module", "sign", "{}", "--in-place", "--replace", .. signer]),
            "ima sign" => new(
                name, isSet: false,
                folder =>
                {
                    Put(folder, "tree/a", "a file"u8);
                    Put(folder, "tree/sub/b", "another"u8);
                    Put(folder, "list", "OLD"u8);
                },
                ["ima", "sign", "{}/tree", "--sidecar", "--manifest", "{}/list", "--tar", "{}/tree.tar", .. signer]),
            "rpm sign" => new(
                name, isSet: false, folder => Put(folder, "a.rpm", Package()),
                ["rpm", "sign", "{}", "--in-place", "--replace", .. signer]),
            "plan" => new(
                name, isSet: false,
                folder =>
                {
                    Put(folder, "Image0", TestImage.Arm64().Bytes);
                    Put(folder, "Image1", TestImage.Arm64(2).Bytes);
                    Put(folder, "out/0.efi", "OLD"u8);
                    Put(folder, "plan.json", Plan(key, certificate));
                },
                "build", "{}/plan.json", "-q"),
            "signatures remove" => new(
                name, isSet: true,
                folder =>
                {
                    Put(folder, "a.efi", TestImage.Arm64().Bytes);
                    KexecSignProgram.Succeed(["sign", Path.Combine(folder, "a.efi"), "--in-place", .. signer]);
                },
                "signatures", "remove", "{}/a.efi", "--all", "-o", "{}/b.efi", "-q"),
            "module strip" => new(
                name, isSet: false,
                folder =>
                {
                    Put(folder, "a.ko", "a module"u8);
                    KexecSignProgram.Succeed(["module", "sign", Path.Combine(folder, "a.ko"), "--in-place", .. signer]);
                },
                "module", "strip", "{}/a.ko", "-o", "{}/b.ko", "-q"),
            "provenance sign" => new(
                name, isSet: true,
                folder =>
                {
                    Put(folder, "a", "a file"u8);
                    Put(folder, "a.intoto.json", "OLD"u8);
                },
                ["provenance", "sign", "{}/a", "-o", "{}/a.intoto.json", .. signer]),
            "prepare" => new(
                name, isSet: false, folder => Put(folder, "a.efi", TestImage.Arm64().Bytes),
                "prepare", "{}/a.efi", "--cert", certificate, "--bundle", "{}/b", "-q"),
            "attach" => new(name, isSet: true, folder => Bundle(folder, key, certificate), "attach", "--bundle", "{}/b", "--cert", certificate, "-o", "{}/out.efi", "-q"),
            _ => throw new ArgumentOutOfRangeException(nameof(name)),
        };
    }

    /// <summary>A fresh folder with the files it begins with.</summary>
    public string Begin()
    {
        string folder = _home.Folder($"run-{Interlocked.Increment(ref _runs)}");
        Copy(Before, folder);
        return folder;
    }

    public string[] Arguments(string folder) => [.. _arguments.Select(a => a.Replace("{}", folder, StringComparison.Ordinal))];

    /// <summary>What is wrong in a folder after a run that may have failed; null when every file is whole and leftovers are as they may be.</summary>
    public string? Fault(string folder, bool done, bool mayLeave)
    {
        Dictionary<string, byte[]> found = Contents(folder);
        foreach ((string name, byte[] content) in found)
        {
            if (name.Contains(Leftover, StringComparison.Ordinal))
            {
                if (!mayLeave)
                    return $"{name} was left";
                continue;
            }
            // It names the run's folder; whole is what can be read.
            if (name.EndsWith(".report.json", StringComparison.Ordinal))
            {
                JsonDocument.Parse(content).Dispose();
                continue;
            }
            bool isOld = Before.TryGetValue(name, out byte[]? old) && old.AsSpan().SequenceEqual(content);
            bool isNew = After.TryGetValue(name, out byte[]? made) && made.AsSpan().SequenceEqual(content);
            if (!isOld && !isNew)
                return $"{name} is neither what it was nor what it was to be ({content.Length} bytes)";
            if (done && !isNew)
                return $"{name} is as it was, and the run said that it is done";
        }
        if (Before.Keys.Except(found.Keys).FirstOrDefault() is { } lost)
            return $"{lost} is lost";
        return done && After.Keys.Except(found.Keys).FirstOrDefault() is { } missing
            ? $"{missing} is not there, and the run said that it is done" : null;
    }

    /// <summary>How many of the outputs are new.</summary>
    public (int New, int All) Placed(string folder)
    {
        string[] outputs = [.. Changed];
        Dictionary<string, byte[]> found = Contents(folder);
        return (outputs.Count(name => found.TryGetValue(name, out byte[]? content) && content.AsSpan().SequenceEqual(After[name])), outputs.Length);
    }

    public void Dispose() => _home.Dispose();

    private static Dictionary<string, byte[]> Contents(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(f => Path.GetRelativePath(folder, f), File.ReadAllBytes, StringComparer.Ordinal);

    private static void Copy(IReadOnlyDictionary<string, byte[]> files, string folder)
    {
        foreach ((string name, byte[] content) in files)
            Put(folder, name, content);
    }

    private static void Put(string folder, string name, ReadOnlySpan<byte> content)
    {
        string path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    private static void Bundle(string folder, string key, string certificate)
    {
        Put(folder, "a.efi", TestImage.Arm64().Bytes);
        Put(folder, "out.efi", "OLD"u8);
        string bundle = Path.Combine(folder, "b");
        KexecSignProgram.Succeed("prepare", Path.Combine(folder, "a.efi"), "--cert", certificate, "--bundle", bundle, "-q");
        string request = Directory.GetFiles(Path.Combine(bundle, "stage-1/requests"), "*.attributes").ShouldHaveSingleItem();
        Tool.Run("openssl", "dgst", "-sha256", "-sign", key, "-out", Path.Combine(bundle, "stage-1/answers/1.sig"), request);
    }

    private static byte[] Plan(string key, string certificate) => Encoding.UTF8.GetBytes($$"""
        { "keys": { "db": { "key": "{{key}}", "cert": "{{certificate}}" } },
          "images": [
            { "image": "Image0", "outputs": { "image": "out/0.efi" }, "steps": [{ "step": "sign", "key": "db" }] },
            { "image": "Image1", "outputs": { "image": "out/1.efi" }, "steps": [{ "step": "sign", "key": "db" }] } ] }
        """);

    /// <summary>A small package.</summary>
    public static byte[] Package()
    {
        using var folder = new TempFolder();
        return File.ReadAllBytes(TestPackage.Build(folder, [("kernel", "kernel"u8.ToArray())]));
    }
}
