using KexecSign.Commands.Build;
using KexecSign.Core.Reports;
using KexecSign.Fixtures;
using KexecSign.Signing;

namespace KexecSign.Tests.Commands.Build;

/// <summary>What 'build' says of an image that it made.</summary>
public sealed class BuildAnswerTests : IDisposable
{
    private const string Unsigned = "The image itself is unsigned: sign it last.";

    private readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void An_image_without_a_signature_is_said_to_be_unsigned_and_no_table_is_empty()
    {
        ReportView view = Build(Image()).View();
        view.Notes.ShouldBe([Unsigned]);
        view.Tables.Select(table => table.Title).ShouldBe(["made"]);
    }

    [Fact]
    public void One_that_is_signed_now_or_was_before_is_not()
    {
        ReportView now = Build(Image(), _bench.Identity(TestSigners.Rsa2048)).View();
        now.Notes.ShouldBeEmpty();
        now.Tables.Select(table => table.Title).ShouldBe(["made", "signed by", "verified"]);
        Build(_bench.SignedImage(TestSigners.Rsa2048)).View().Notes.ShouldBeEmpty();
    }

    [Fact]
    public void The_map_of_a_finished_zboot_image_knows_image_size_of_the_Image_inside()
    {
        string zboot = _bench.Folder.File("vmlinuz.efi", TestZboot.Roomy(TestImage.Arm64().Bytes).Bytes);
        var built = (BuildResult)BuildOperation.Definition.Run(
            new() { Image = zboot, Inner = _bench.Identity(TestSigners.Rsa2048), Output = _bench.Folder.At("built.efi") }, _bench.Context);
        built.ImageSize.ShouldBe(TestImage.ImageSize);
        BuildMap.Of(built).ShouldNotBeNull().Inner.ShouldNotBeNull().ImageSize.ShouldBe(TestImage.ImageSize);
    }

    private string Image() => _bench.Folder.File("Image", TestImage.Arm64().Bytes);

    private BuildResult Build(string image, SigningOptions? outer = null) => (BuildResult)BuildOperation.Definition.Run(
        new() { Image = image, Outer = outer ?? new(), Output = _bench.Folder.At("built.efi") }, _bench.Context);
}
