using KexecSign.Boot.Tests.Images;
using KexecSign.Qemu;

namespace KexecSign.Boot.Tests;

/// <summary>Whether stubs unpack what repack left in their old payload's room.</summary>
[Collection(nameof(Bench))]
public sealed class RepackedTests(Bench bench)
{
    [SkippableTheory]
    [InlineData("gzip", "gzip -n -9 -c")]
    // Level 22 takes a minute and gives no other kind of frame.
    [InlineData("zstd", "zstd -q -9 -c")]
    public void A_finished_image_whose_kernel_was_signed_afterwards_boots_under_Secure_Boot(string compression, string command)
    {
        Bench.RequireMachine();
        BootLabFiles lab = bench.Lab(bench.Image.RepackedBy(bench.Ours, compression, command), bench.Ours.Certificate);

        (int exit, string console) = Bench.Boot(lab.Script);

        exit.ShouldBe(0, console);
        console.ShouldContain(" SecureBoot=1\n");
    }
}
