using KexecSign.Commands.Uki;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Uki;

namespace KexecSign.Tests.Uki;

/// <summary>What is easily mistyped when an image is put together.</summary>
public sealed class UkiMistakeTests : IDisposable
{
    private readonly Bench _bench = new();

    [Fact]
    public void A_second_section_of_a_name_is_refused()
    {
        string file = _bench.Folder.File("file", "content"u8);
        Refusal.Of("KS3080", () => Addon([$".text:{file}"]), ".text", "the stub's own");
        Refusal.Of("KS3080", () => Addon([$".mine:{file}", $".mine:{file}"]), ".mine", "given already");
        Addon([$".mine:{file}", $".other:{file}"]);
    }

    [Fact]
    public void The_path_of_a_file_given_as_text_is_told()
    {
        string release = _bench.Folder.File("os-release", "ID=debian\n"u8);
        using var inputs = new UkiInputs(_bench.Context);
        inputs.Text("@" + release, ".osrel").ShouldBe("ID=debian\n"u8.ToArray());
        inputs.Text("root=/dev/vda2 quiet", ".cmdline");
        _bench.Warnings.ShouldBeEmpty();
        inputs.Text(release, ".osrel");
        _bench.Warnings.ShouldHaveSingleItem().ShouldContain($"'@{release}'");
    }

    public void Dispose() => _bench.Dispose();

    private void Addon(string[] sections) => AddonBuildOperation.Definition.Run(
        new AddonBuildOptions
        {
            Architecture = "x86_64",
            Output = _bench.Folder.At("x.addon.efi"),
            Contents = new() { CommandLine = "quiet", Sections = [.. sections] },
        }, _bench.Context);
}
