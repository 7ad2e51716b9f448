using KexecSign.Consumers.Tests.Shim;
using Xunit.Abstractions;

namespace KexecSign.Consumers.Tests.Forgeries;

/// <summary>The images that firmware judges in the boot lab, judged by shim's own code.</summary>
public sealed class ForgedImageTests(ITestOutputHelper output) : IDisposable
{
    private readonly ShimBench _bench = new();

    [SkippableFact]
    public void Shims_own_code_and_verify_say_the_same_of_each_image()
    {
        var set = new ForgedSet();
        set.Images.Length.ShouldBeGreaterThanOrEqualTo(60);
        (int accepted, int refused) = _bench.CompareAll(
            [.. set.Images.Select(i => new BenchQuestion(i.File) { Db = set.Db, Dbx = set.Dbx, What = i.Name })], accepted: 20, refused: 20);
        output.WriteLine($"{set.Images.Length} images, {accepted} accepted and {refused} refused by both");
    }

    public void Dispose() => _bench.Dispose();
}
