using KexecSign.Boot.Tests.Images;
using KexecSign.Boot.Tests.Tools;
using KexecSign.Core;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Keyrings;
using KexecSign.Qemu;

namespace KexecSign.Boot.Tests;

/// <summary>The folder and its script, apart from the firmware's verdict.</summary>
[Collection(nameof(Bench))]
public sealed class BootLabTests(Bench bench)
{
    [SkippableFact]
    public void Flash_images_have_their_full_size_but_take_only_what_is_in_them()
    {
        Bench.RequireMachine();
        BootLabFiles lab = bench.Lab(bench.Image.Unsigned, bench.Ours.Certificate);

        foreach (string flash in (string[])["firmware.fd", "vars.fd"])
        {
            string path = Path.Combine(lab.Folder, flash);
            new FileInfo(path).Length.ShouldBe(64 << 20);
            (int exit, string kilobytes) = Command.Run("du", "-k", path);
            exit.ShouldBe(0);
            int.Parse(kilobytes.Split('\t')[0]).ShouldBeLessThan(8 << 10);
        }
        File.ReadAllBytes(Path.Combine(lab.Folder, "firmware.fd")).AsSpan()
            .SequenceEqual(File.ReadAllBytes("/usr/share/AAVMF/AAVMF_CODE.fd")).ShouldBeTrue();
    }

    [SkippableFact]
    public void The_same_input_gives_the_same_folder()
    {
        Bench.RequireMachine();
        BootLabFiles one = bench.Lab(bench.Image.Unsigned, bench.Ours.Certificate), two = bench.Lab(bench.Image.Unsigned, bench.Ours.Certificate);

        (int exit, string output) = Command.Run("diff", "-r", one.Folder, two.Folder);
        exit.ShouldBe(0, output);
    }

    [SkippableFact]
    public void The_script_names_no_place_outside_its_folder()
    {
        Bench.RequireMachine();
        string script = File.ReadAllText(bench.Lab(bench.Image.Unsigned).Script);

        script.ShouldNotContain(bench.Folder);
        script.ShouldNotContain("/usr/share");
    }

    [SkippableFact]
    public void A_boot_that_takes_too_long_fails_and_says_so()
    {
        Bench.RequireMachine();
        (int exit, string console) = Bench.Boot(bench.Lab(bench.Image.Unsigned).Script, seconds: 1);

        exit.ShouldBe(1);
        console.TrimEnd().ShouldEndWith("boot.sh: nothing from the initrd after 1 seconds");
    }

    [SkippableFact]
    public void A_folder_that_is_not_whole_is_named()
    {
        Bench.RequireMachine();
        BootLabFiles lab = bench.Lab(bench.Image.Unsigned);
        File.Delete(lab.Image);

        (int exit, string console) = Bench.Boot(lab.Script);

        exit.ShouldBe(1);
        console.ShouldContain("esp/vmlinuz.efi is missing; make the folder again.");
    }

    [SkippableFact]
    public void A_file_that_is_no_EFI_image_is_refused()
    {
        Bench.RequireMachine();
        KexecSignException refused = Should.Throw<KexecSignException>(() => bench.Lab(bench.Init));

        refused.Code.Id.ShouldStartWith("KS10");
        refused.Message.ShouldContain(bench.Init);
    }

    [SkippableFact]
    public void An_image_for_another_machine_is_refused()
    {
        Bench.RequireMachine();
        byte[] bytes = File.ReadAllBytes(bench.Image.Unsigned);
        int machine = BitConverter.ToInt32(bytes, 0x3C) + 4;
        bytes[machine..(machine + 2)].ShouldBe([0x64, 0xAA]);
        bytes[machine + 1] = 0x86;
        string image = Path.Combine(bench.Folder, "other-machine.efi");
        File.WriteAllBytes(image, bytes);

        Should.Throw<KexecSignException>(() => bench.Lab(image)).Message.ShouldBe(
            $"KS3501: {image}: the image is for x86_64 (machine 0x8664) but the boot lab has an arm64 machine (0xaa64). Give an arm64 image.");
    }

    [SkippableFact]
    public void A_folder_that_cannot_be_made_is_refused()
    {
        Bench.RequireMachine();
        using var context = new RunContext { Keyring = new Keyring() };
        var options = new BootLabOptions { Image = bench.Image.Unsigned, Init = bench.Init, Folder = Path.Combine(bench.Init, "lab") };

        Should.Throw<KexecSignException>(() => BootLab.Write(options, context)).Code.Id.ShouldBe("KS3003");
    }

    [Fact]
    public void Missing_firmware_is_named_with_its_package()
    {
        using var context = new RunContext { Keyring = new Keyring() };
        var options = new BootLabOptions { Image = "image", Init = "init", Folder = Path.Combine(bench.Folder, "none"), Firmware = "/nowhere" };

        Should.Throw<KexecSignException>(() => BootLab.Write(options, context)).Message
            .ShouldBe("KS5011: /nowhere/AAVMF_CODE.fd: the firmware for QEMU is missing. Install it ('apt install qemu-efi-aarch64' on Debian).");
        Directory.Exists(options.Folder).ShouldBeFalse();
    }
}
