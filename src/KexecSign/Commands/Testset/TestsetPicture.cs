using System.Collections.Immutable;
using KexecSign.Judging;
using KexecSign.Pictures;

namespace KexecSign.Commands.Testset;

/// <summary>A test set as a page shows it: the matrix of what each consumer must say.</summary>
internal static class TestsetPicture
{
    /// <summary>The page's content.</summary>
    public static PictureReport Of(ImmutableArray<TestsetImage> images) =>
        new("Kernel images, right and wrong", PictureTone.None, $"{images.Length} images and what each consumer must say",
            [.. images.Select(Image)]);

    private static PictureImage Image(TestsetImage image) => new(image.File, PictureTone.None, "")
    {
        Says = image.What,
        Answers =
        [
            .. ((string, ExpectedVerdict?)[])[("firmware", image.Firmware), ("kexec", image.Kexec), ("ima", image.Ima),
                ("bpf", image.Bpf)] is var asked
                ? asked.Where(a => a.Item2 is not null).Select(a =>
                    new PictureAnswer(a.Item1, PictureAnswer.ToneOf(a.Item2!.Verdict), $"{a.Item2}", ""))
                : [],
        ],
        Facts = [new("size", $"{image.Size} bytes"), new("sha256", image.Sha256, IsHash: true), .. image.KexecOfFile is { } whole
            ? (ReadOnlySpan<PictureFact>)[new("kexec of the file as it is", $"{whole}")] : []],
    };
}
