using System.Buffers.Binary;
using KexecSign.Commands.Boot;
using KexecSign.Core;
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

    [Theory]
    [InlineData(BootOutcome.Started, ExitCode.Done)]
    [InlineData(BootOutcome.Refused, ExitCode.VerificationFailed)]
    [InlineData(BootOutcome.Failed, ExitCode.Failed)]
    [InlineData(BootOutcome.Late, ExitCode.Failed)]
    public void Only_a_refusal_of_firmware_is_one(BootOutcome outcome, ExitCode exit) =>
        new BootResult("f", "arm64", "code", true, outcome, "line", null).Exit.ShouldBe(exit);

    public void Dispose() => _bench.Dispose();

    private string RiscV()
    {
        byte[] image = TestImage.Arm64().Bytes;
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(60)) + 4), 0x5064);
        return _bench.Folder.File("riscv", image);
    }
}
