using KexecSign.Boot.Tests.Lab;
using KexecSign.Catalog;
using KexecSign.Commands.Boot;
using KexecSign.Commands.Sign;
using KexecSign.Core;
using KexecSign.Fixtures;
using KexecSign.Keys.Keyrings;
using KexecSign.Qemu;

namespace KexecSign.Boot.Tests;

/// <summary>The command <c>boot</c>, with Debian's kernels under EDK2.</summary>
public sealed class BootCommandTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly RunContext _context = new() { Keyring = new Keyring() };

    [SkippableTheory]
    [InlineData("cloud kernel arm64", true, BootOutcome.Started)]
    [InlineData("cloud kernel arm64", false, BootOutcome.Refused)]
    [InlineData("cloud kernel amd64", true, BootOutcome.Started)]
    [InlineData("cloud kernel amd64", false, BootOutcome.Refused)]
    public void Firmware_starts_what_its_db_allows(string kernel, bool enrolled, BootOutcome expected)
    {
        Require(kernel);
        TestSigner signer = TestSigners.Rsa2048;
        string signed = _folder.At("signed.efi");
        OperationCatalog.Sign.Run(
            new() { Files = [DebianFiles.Named(kernel)], Output = signed, Signing = new() { Key = signer.KeyFile(_folder), Certificate = signer.CertificateFile(_folder) } }, _context);
        BootResult result = Boot(new() { File = signed, Db = [(enrolled ? signer : TestSigners.Other).CertificateFile(_folder)], Output = _folder.At("console") });
        string console = File.ReadAllText(_folder.At("console"));
        result.Outcome.ShouldBe(expected, console);
        result.SecureBoot.ShouldBeTrue();
        console.Contains("Linux version", StringComparison.Ordinal).ShouldBe(enrolled);
    }

    [SkippableFact]
    public void Without_a_db_anything_starts_and_what_is_waited_for_may_come_later()
    {
        Require("cloud kernel arm64");
        BootResult result = Boot(new() { File = DebianFiles.Named("cloud kernel arm64"), Expect = "Kernel panic", CommandLine = "root=none" });
        (result.Outcome, result.SecureBoot).ShouldBe((BootOutcome.Started, false), result.Says);
    }

    [SkippableFact]
    public void Time_that_is_up_is_no_refusal()
    {
        Require("cloud kernel arm64");
        BootResult result = Boot(new() { File = DebianFiles.Named("cloud kernel arm64"), Expect = "no kernel says this", Timeout = 1 });
        result.Outcome.ShouldBe(BootOutcome.Late);
        result.Says.ShouldContain("1 seconds");
    }

    public void Dispose()
    {
        _context.Dispose();
        _folder.Dispose();
    }

    private BootResult Boot(BootOptions options) => OperationCatalog.Boot.Run(options, _context);

    private static void Require(string kernel)
    {
        Firmware firmware = kernel.EndsWith("amd64", StringComparison.Ordinal) ? Firmware.Amd64 : Firmware.Arm64;
        Tools.Command.Require(firmware.Program, "qemu-system");
        Tools.Command.Require(firmware.Code, "its firmware");
    }
}
