using KexecSign.Boot.Tests.Images;
using KexecSign.Qemu;

namespace KexecSign.Boot.Tests;

/// <summary>Stubs of Linux 6.1, which hand the kernel to the firmware's LoadImage and so to its judgement.</summary>
[Collection(nameof(Bench))]
public sealed class OlderStubTests(Bench bench)
{
    [SkippableTheory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public void A_stub_of_6_1_boots_a_kernel_that_is_signed_inside(string compression)
    {
        Bench.RequireMachine();
        BootLabFiles lab = bench.Lab(bench.Image.InOlderStub(bench.Ours, compression, signedInside: true), bench.Ours.Certificate);

        (int exit, string console) = Bench.Boot(lab.Script);

        exit.ShouldBe(0, console);
        console.ShouldContain(" SecureBoot=1\n");
    }

    [SkippableFact]
    public void A_stub_of_6_1_does_not_get_an_unsigned_kernel_past_the_firmware()
    {
        Bench.RequireMachine();
        BootLabFiles lab = bench.Lab(bench.Image.InOlderStub(bench.Ours, "gzip", signedInside: false), bench.Ours.Certificate);

        (int exit, string console) = Bench.Boot(lab.Script, seconds: 60);

        exit.ShouldBe(1, console);
        console.ShouldContain("EFI decompressor: Failed to load image");
        console.ShouldNotContain("KexecSign: booted");
    }
}
