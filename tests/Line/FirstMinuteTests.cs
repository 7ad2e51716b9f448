using KexecSign.Fixtures;

namespace KexecSign.Line.Tests;

/// <summary>What somebody does who has just installed the program, in an empty folder.</summary>
public sealed class FirstMinuteTests : IDisposable
{
    private const string SoftHsm = "/usr/lib/softhsm/libsofthsm2.so";

    private readonly TempFolder _folder = new();

    [SkippableFact]
    public void The_demonstration_signs_an_image_that_firmware_takes_and_another_that_it_refuses()
    {
        Tool.Require("sbverify");
        Skip.IfNot(File.Exists(SoftHsm), "SoftHSM is not installed");
        string folder = _folder.At("demo");
        Answer answer = KexecSignProgram.Succeed("demo", "--directory", folder, "--json");
        string[] commands = [.. answer.Json.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("command").GetString()!)];
        answer.Json.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("exit").GetInt32()).ShouldBe([0, 0, 0, 4]);
        Tool.Run("sbverify", "--cert", Path.Combine(folder, "db.pem"), Path.Combine(folder, "signed.efi")).ShouldContain("OK");

        // Each command that it shows does the same when it is typed again.
        foreach ((string command, int exit) in commands.Zip((int[])[0, 0, 0, 4]))
            KexecSignProgram.Run(command.Split(' ')[1..]).Exit.ShouldBe(exit, command);
        KexecSignProgram.Succeed("demo", "--directory", folder).Output.ShouldContain("$ kexecsign verify");
    }

    [SkippableFact]
    public void A_plan_for_the_images_that_are_there_builds_as_it_was_written()
    {
        Skip.IfNot(File.Exists(SoftHsm), "SoftHSM is not installed");
        string work = _folder.Folder("work");
        File.WriteAllBytes(Path.Combine(work, "linux.efi"), TestImage.Arm64().Bytes);
        File.WriteAllText(Path.Combine(work, "notes.txt"), "no image");
        Answer answer = KexecSignProgram.Succeed("plan", "init", "-o", work);
        answer.Output.ShouldContain("linux.efi");
        answer.Output.ShouldNotContain("notes.txt");
        string plan = Path.Combine(work, "kernel.plan.json"), keys = Path.Combine(work, "throwaway.keys.json");
        KexecSignProgram.Succeed("keys", "init", "--demo", "--directory", _folder.At("token"), "--plan-keys", keys);
        KexecSignProgram.Succeed("build", plan, "--keys", keys);
        KexecSignProgram.Succeed("verify", Path.Combine(work, "signed", "linux.efi"), "--for", "firmware", "--config", _folder.At("token/kexecsign.json"));

        KexecSignProgram.Run("plan", "init", "-o", work).Error.ShouldStartWith("KS3085: ");
        KexecSignProgram.Run("plan", "init", "-o", _folder.Folder("empty")).Error.ShouldStartWith("KS3086: ");
    }

    [SkippableFact]
    public void Keys_have_names_from_the_first_command_on()
    {
        Skip.IfNot(File.Exists(SoftHsm), "SoftHSM is not installed");
        string token = _folder.At("token"), configuration = Path.Combine(token, "kexecsign.json"), signed = _folder.At("signed");
        KexecSignProgram.Succeed("keys", "init", "--demo", "--directory", token);
        string image = _folder.File("image", TestImage.Arm64().Bytes);
        KexecSignProgram.Succeed("sign", image, "-k", "db", "-o", signed, "--config", configuration);
        var environment = new Dictionary<string, string> { ["KEXECSIGN_CONFIG"] = configuration };
        Answer told = KexecSignProgram.RunWith(environment, "verify", signed, "--for", "firmware", "-v");
        told.Exit.ShouldBe(0, told.Error);
        told.Error.ShouldContain($"configuration {configuration}: keys db, kexec, ima");
        told.Error.ShouldContain("is trusted as db");
        KexecSignProgram.RunWith(environment, "sign", image, "-k", "db", "-o", signed, "--no-config").Error.ShouldStartWith("KS3088: no configuration was found, and so there is no key named 'db'.");
    }

    public void Dispose() => _folder.Dispose();
}
