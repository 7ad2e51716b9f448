using KexecSign.Commands.Build;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;

namespace KexecSign.Tests.Commands.Build;

/// <summary>What was built is judged before it is put in place; what is refused is never there.</summary>
public sealed class BuildRefusalTests : IDisposable
{
    private readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void An_image_that_firmware_refuses_is_not_put_in_place()
    {
        Refusal.Of(
            "KS3203", () => Build(o => o with { Outer = _bench.Identity(TestSigners.P256) }),
            "refused by firmware: signature 0 uses algorithm 1.2.840.10045.4.3.2", "Nothing was put in place");
        File.Exists(_bench.Folder.At("built.efi")).ShouldBeFalse();
    }

    [Fact]
    public void An_image_that_breaks_the_policy_is_not_put_in_place()
    {
        string policy = _bench.Folder.File("policy.json", """{ "architecture": "x86_64" }"""u8);
        Refusal.Of("KS3315", () => Build(o => o with { Policy = policy }), policy, "architecture: KS4164", "arm64", "x86_64", "Nothing was put in place")
            .Code.Kind.ShouldBe(ErrorKind.Verdict);
        File.Exists(_bench.Folder.At("built.efi")).ShouldBeFalse();
    }

    private void Build(Func<BuildOptions, BuildOptions> change) => BuildOperation.Definition.Run(
        change(new()
        {
            Image = _bench.Folder.File("image", TestImage.Arm64().Bytes),
            Outer = _bench.Identity(TestSigners.Rsa2048),
            Output = _bench.Folder.At("built.efi"),
        }),
        _bench.Context);
}
