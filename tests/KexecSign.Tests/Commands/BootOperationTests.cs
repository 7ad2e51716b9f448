using System.Buffers.Binary;
using KexecSign.Commands.Boot;
using KexecSign.Core;
using KexecSign.Core.Reports;
using KexecSign.Fixtures;
using KexecSign.Qemu;

namespace KexecSign.Tests.Commands;

/// <summary>What <c>boot</c> says before and after a machine runs; tests/Boot lets machines decide.</summary>
public sealed class BootOperationTests : IDisposable
{
    private readonly Bench _bench = new();

    [Theory]
    [InlineData("\e[2J\e[01;01H\e[0m\e[35mBdsDxe: loading\r", "BdsDxe: loading")]
    [InlineData("plain", "plain")]
    [InlineData("\a\bodd\u007F", "odd")]
    [InlineData("cut \e[12", "cut ")]
    [InlineData("\e", "")]
    [InlineData("\eX", "X")]
    public void What_is_for_a_terminal_is_taken_out(string line, string expected) => ConsoleText.Plain(line).ShouldBe(expected);

    [Fact]
    public void An_image_for_a_machine_that_is_not_there_is_refused() =>
        Refusal.Of("KS4723", () => BootOperation.Definition.Run(new() { File = RiscV() }, _bench.Context), "0x5064", "arm64 and x86_64");

    [Fact]
    public void Firmware_that_is_missing_is_named() => Refusal.Of("KS5011", () => BootOperation.Definition.Run(
        new() { File = _bench.Folder.File("image", TestImage.Arm64().Bytes), Firmware = _bench.Folder.At("none.fd") }, _bench.Context), "none.fd");

    [Fact]
    public void What_is_no_image_is_not_started() =>
        Refusal.Of("KS1002", () => BootOperation.Definition.Run(new() { File = _bench.Folder.File("text", new byte[4096]) }, _bench.Context), "text");

    [Fact]
    public void A_store_of_variables_that_is_none_is_named() => Refusal.Of("KS1601", () => BootOperation.Definition.Run(
        new() { File = Image(), Firmware = _bench.Folder.File("code.fd", "code"u8), Variables = _bench.Folder.File("text.fd", new byte[4096]) }, _bench.Context), "text.fd");

    // A program in QEMU's place, which says what it was given.
    [SkippableTheory]
    [InlineData("code,secure.fd", "code,,secure.fd")]
    [InlineData("code.fd", "code.fd")]
    public void Firmware_is_found_from_the_machines_folder_whatever_its_name(string name, string given)
    {
        string code = _bench.Folder.File(name, "code"u8);
        BootResult result = Boot("for a; do echo \"$a\"; done", Path.GetRelativePath(Environment.CurrentDirectory, code));
        File.ReadAllText(_bench.Folder.At("console")).ShouldContain($",file={Path.Combine(Path.GetDirectoryName(code)!, given)}\n");
        result.Outcome.ShouldBe(BootOutcome.Failed);
    }

    [SkippableTheory]
    [InlineData("echo BdsDxe: loading; echo 'qemu-system-aarch64: first' >&2; echo 'qemu-system-aarch64: no such file' >&2; exit 1", "qemu-system-aarch64: no such file")]
    [InlineData("echo EFI stub: ERROR: no initrd; echo 'qemu-system-aarch64: warning' >&2; sleep 1", "EFI stub: ERROR: no initrd")]
    [InlineData("exit 1", "the machine stopped without a word")]
    // What QEMU says of itself is not what the machine says.
    [InlineData("echo 'qemu-system-aarch64: Linux version ' >&2", "qemu-system-aarch64: Linux version ")]
    public void What_qemu_says_last_is_told_where_nobody_says_more(string script, string says)
    {
        BootResult result = Boot(script, _bench.Folder.File("code.fd", "code"u8));
        (result.Outcome, result.Says).ShouldBe((BootOutcome.Failed, says));
    }

    [Fact]
    public void All_that_is_read_is_planned() => ((PlannedResult)BootOperation.Definition.Run(
        (object)new BootOptions { File = "image", Db = ["db.pem", "other.pem"], Output = "console" }, new() { Keyring = new(), DryRun = true }))
            .Steps.Select(step => $"{step.Action} {step.What}").ShouldBe(["read image", "read db.pem", "read other.pem", "run QEMU", "write console"]);

    [Theory]
    [InlineData(BootOutcome.Started, ExitCode.Done)]
    [InlineData(BootOutcome.Refused, ExitCode.VerificationFailed)]
    [InlineData(BootOutcome.Failed, ExitCode.Failed)]
    [InlineData(BootOutcome.Late, ExitCode.Failed)]
    public void Only_a_refusal_of_firmware_is_one(BootOutcome outcome, ExitCode exit) =>
        new BootResult("f", "arm64", "code", true, outcome, "line", null).Exit.ShouldBe(exit);

    public void Dispose() => _bench.Dispose();

    private string Image() => _bench.Folder.File("image", TestImage.Arm64().Bytes);

    private BootResult Boot(string script, string code)
    {
        const string variables = "/usr/share/AAVMF/AAVMF_VARS.snakeoil.fd";
        Skip.IfNot(File.Exists(variables), "qemu-efi-aarch64 is not installed");
        string program = Path.Combine(_bench.Folder.Folder("bin"), "qemu-system-aarch64");
        File.WriteAllText(program, "#!/bin/sh\n" + script + "\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var context = new RunContext { Keyring = new(), Environment = name => name == "PATH" ? $"{Path.GetDirectoryName(program)}:/usr/bin:/bin" : null };
        return BootOperation.Definition.Run(new() { File = Image(), Firmware = code, Variables = variables, Output = _bench.Folder.At("console") }, context);
    }

    private string RiscV()
    {
        byte[] image = TestImage.Arm64().Bytes;
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(60)) + 4), 0x5064);
        return _bench.Folder.File("riscv", image);
    }
}
