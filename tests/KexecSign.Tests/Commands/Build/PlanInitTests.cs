using KexecSign.Commands.Build;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Commands.Build;

/// <summary>Where 'plan init' takes the images from, and where its files go.</summary>
public sealed class PlanInitTests : IDisposable
{
    private readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_folder_that_is_not_there_is_made_for_images_that_are_named_and_refused_where_they_would_be_those_in_it()
    {
        string folder = _bench.Folder.At("release"), image = _bench.Folder.File("Image", TestImage.Arm64().Bytes);
        Refusal.Of("KS3089", () => Init(new() { Output = folder }), folder);
        Directory.Exists(folder).ShouldBeFalse();
        File.Exists(Init(new() { Output = folder, Files = [image] }).Plan).ShouldBeTrue();
    }

    private PlanInitResult Init(PlanInitOptions options) => PlanInitOperation.Of(() => []).Run(options, _bench.Context);
}
