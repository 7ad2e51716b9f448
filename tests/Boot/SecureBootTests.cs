using KexecSign.Boot.Tests.Images;
using KexecSign.Qemu;

namespace KexecSign.Boot.Tests;

/// <summary>
/// The firmware's own verdict. A refusal is read from what it says of Boot0000, not from "Security Violation": that is what
/// its built-in shell says after any failure.
/// </summary>
[Collection(nameof(Bench))]
public sealed class SecureBootTests(Bench bench)
{
    private const string Refused = "refused: the firmware does not accept the signature of the image (Access Denied)";
    private const string Booted = "KexecSign: booted ";

    [SkippableFact]
    public void An_image_signed_by_an_enrolled_key_boots_with_Secure_Boot_on_even_from_a_moved_folder()
    {
        Bench.RequireMachine();
        BootLabFiles lab = bench.Lab(bench.Image.SignedBy(bench.Ours), bench.Ours.Certificate);
        string moved = Path.Combine(bench.Folder, "moved folder");
        Directory.Move(lab.Folder, moved);

        (int exit, string console) = Bench.Boot(Path.Combine(moved, "boot.sh"));

        exit.ShouldBe(0, console);
        console.ShouldContain(Booted);
        console.ShouldContain(" SecureBoot=1\n");
        console.ShouldContain("secureboot: Secure boot enabled");
    }

    [SkippableFact]
    public void An_unsigned_image_is_refused_when_keys_are_enrolled()
    {
        Bench.RequireMachine();
        ShouldBeRefused(bench.Lab(bench.Image.Unsigned, bench.Ours.Certificate));
    }

    [SkippableFact]
    public void The_same_unsigned_image_boots_when_no_keys_are_enrolled()
    {
        Bench.RequireMachine();
        (int exit, string console) = Bench.Boot(bench.Lab(bench.Image.Unsigned).Script);

        exit.ShouldBe(0, console);
        console.ShouldContain(Booted);
        console.ShouldContain(" SecureBoot=0\n");
    }

    [SkippableFact]
    public void One_changed_byte_in_a_signed_image_is_refused()
    {
        Bench.RequireMachine();
        ShouldBeRefused(bench.Lab(bench.Image.Damaged(bench.Image.SignedBy(bench.Ours)), bench.Ours.Certificate));
    }

    [SkippableFact]
    public void An_image_signed_by_a_key_that_is_not_enrolled_is_refused()
    {
        Bench.RequireMachine();
        ShouldBeRefused(bench.Lab(bench.Image.SignedBy(bench.Other), bench.Ours.Certificate));
    }

    private static void ShouldBeRefused(BootLabFiles lab)
    {
        (int exit, string console) = Bench.Boot(lab.Script);

        exit.ShouldBe(1, console);
        console.ShouldContain("failed to load Boot0000 \"KexecSign\" from \\vmlinuz.efi: Access Denied");
        console.TrimEnd().ShouldEndWith(Refused);
        console.ShouldNotContain(Booted);
    }
}
