using KexecSign.Commands.Build;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Keys.Keyrings;

namespace KexecSign.Tests.Commands.Build;

/// <summary>How often a build reads its large files, counted by the passes that it reports.</summary>
public sealed class BuildReadsTests : IRunLog, IDisposable
{
    private readonly Bench _bench = new();
    private readonly List<(string Name, long Bytes)> _passes = [];

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Input_and_output_are_hashed_once_with_report_policy_and_provenance()
    {
        byte[] image = TestImage.Arm64().Bytes;
        string policy = _bench.Folder.File("policy.json", """{ "consumers": ["firmware", "ima"], "signatures": { "outer": { "digests": ["sha256"] } } }"""u8);
        using var context = new RunContext { Keyring = new Keyring(), Log = this };
        var result = BuildOperation.Definition.Run(
            new()
            {
                Image = _bench.Folder.File("image", image),
                Outer = _bench.Identity(TestSigners.Rsa2048),
                Ima = _bench.Identity(TestSigners.Rsa2048),
                ProvenanceSigner = _bench.Identity(TestSigners.Other),
                Policy = policy,
                Output = _bench.Folder.At("out"),
                Provenance = _bench.Folder.At("out.intoto.json"),
                Report = _bench.Folder.At("report.json"),
            },
            context).ShouldBeOfType<BuildResult>();
        long size = result.Outputs[0].Size;
        size.ShouldNotBe(image.Length);

        // One pass writes the output and hashes what is signed and the file. Of what is there then, one more computes every digest that is asked for.
        _passes.Where(p => p.Bytes >= image.Length).Select(p => (p.Name, p.Bytes)).ShouldBe(
        [
            (_passes.First(p => p.Name.StartsWith("hash and write", StringComparison.Ordinal)).Name, image.Length),
            ("hash (SHA256)", size),
            ("hash (SHA256)", image.Length),
        ]);
    }

    IRunStep IRunLog.Step(string name, long totalBytes)
    {
        _passes.Add((name, totalBytes));
        return SilentLog.Instance;
    }

    void IRunLog.Warning(string message)
    {
    }

    void IRunLog.Detail(string message)
    {
    }
}
