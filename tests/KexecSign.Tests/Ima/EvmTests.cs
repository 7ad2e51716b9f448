using KexecSign.Batches;
using KexecSign.Commands.Ima;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Ima;

namespace KexecSign.Tests.Ima;

/// <summary>Portable EVM signatures, byte for byte those of evmctl.</summary>
public sealed class EvmTests : IDisposable
{
    private readonly Bench _bench = new();
    private readonly string _file;

    public EvmTests()
    {
        _file = _bench.Folder.File("vmlinuz.efi", TestImage.Arm64().Bytes);
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
    }

    [SkippableTheory]
    [InlineData("sha256", "0:0", null, null, null)]
    [InlineData("sha512", "5:4000000000", "4755", "system_u:object_r:boot_t:s0", "6162636465")]
    public void An_RSA_value_is_evmctls_own(string digest, string owner, string? mode, string? selinux, string? capability)
    {
        ImaSigned signed = Sign(o => o with
        {
            Signing = _bench.Identity(TestSigners.Rsa2048) with { Digest = digest },
            Evm = o.Evm with { Owner = owner, Mode = mode, Selinux = selinux, Capability = capability },
        });
        string[] ids = owner.Split(':');
        List<string> arguments =
        [
            "sign", "--portable", "-n", "-a", digest, "--key", TestSigners.Rsa2048.KeyFile(_bench.Folder), "--keyid", signed.KeyId, "--ima", signed.Value,
            "--uid", ids[0], "--gid", ids[1], "--mode", $"{0x8000 | Convert.ToInt32(mode ?? "640", 8)}",
            // evmctl takes the capability as text and hashes that.
            "--caps=" + (capability is null ? "" : System.Text.Encoding.ASCII.GetString(Convert.FromHexString(capability))),
        ];
        if (selinux is not null)
            arguments.AddRange(["--selinux", selinux]);
        Tool.Run("evmctl", [.. arguments, _file]).ShouldContain(signed.Evm.ShouldNotBeNull());
        File.ReadAllBytes(signed.EvmSidecar.ShouldNotBeNull()).ShouldBe(Convert.FromHexString(signed.Evm!));
    }

    [Fact]
    public void Another_owner_mode_label_or_content_does_not_hold()
    {
        Sign();
        Verify(o => o).ShouldBe((ExitCode.Done, null));
        Verify(o => o with { Owner = "0:1" }).ShouldBe((ExitCode.VerificationFailed, "KS4115"));
        Verify(o => o with { Mode = "644" }).ShouldBe((ExitCode.VerificationFailed, "KS4115"));
        Verify(o => o with { Selinux = "x" }).ShouldBe((ExitCode.VerificationFailed, "KS4115"));
        File.Copy(_file + ".evm.sig", _file + ".sig", overwrite: true);
        Verify(o => o).ShouldBe((ExitCode.VerificationFailed, "KS1401"));
        File.Delete(_file + ".evm.sig");
        Sign(o => o with { Evm = new() });
        Verify(o => o).ShouldBe((ExitCode.VerificationFailed, "KS4116"));
    }

    [SkippableFact]
    public void Apply_checks_the_file_as_it_is_installed()
    {
        string manifest = _bench.Folder.At("manifest");
        FileFacts facts = FileFacts.Of(_file).ShouldNotBeNull();
        (uint owner, uint group) = (facts.Owner, facts.Group);
        ImaSigned signed = Sign(o => o with { Manifest = manifest, Evm = o.Evm with { Owner = $"{owner}:{group}" } });
        File.ReadAllLines(manifest).ShouldBe([$"{signed.Value}  vmlinuz.efi", $"{signed.Evm}  vmlinuz.efi"]);

        FileOutcome applied = Apply(manifest);
        Skip.If(applied.Code == "KS3923", "this file system has no user attributes");
        applied.Status.ShouldBe(FileStatus.Applied, applied.Message);
        Tool.Run("getfattr", "-e", "hex", "-n", "user.evm", "--absolute-names", _file).ShouldContain("user.evm=0x" + signed.Evm);

        File.SetUnixFileMode(_file, UnixFileMode.UserRead);
        Apply(manifest).Code.ShouldBe("KS4115");
    }

    [SkippableFact]
    public void GNU_tar_gives_the_file_what_was_signed()
    {
        string tar = _bench.Folder.At("a.tar"), target = _bench.Folder.Folder("out");
        Sign(o => o with { Tar = tar, Evm = o.Evm with { Owner = "3:2500000", Mode = "0600" } });
        Tool.Run("tar", "--numeric-owner", "-tvf", tar).ShouldMatch(@"^-rw------- 3/2500000 ");
        ToolAnswer unpacked = Tool.Ask("tar", "-C", target, "--numeric-owner", "--xattrs", "--xattrs-include=security.*", "-xpf", tar);
        Skip.If(unpacked.Exit != 0 || unpacked.Output.Contains("Cannot set", StringComparison.Ordinal), $"needs root: {unpacked.Output.Trim()}");
        string installed = Path.Combine(target, "vmlinuz.efi");
        ImaVerifyOperation.Definition.Run(
            new() { Files = [installed], Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)], Evm = new() { Wanted = true, FromFile = true } }, _bench.Context)
            .Exit.ShouldBe(ExitCode.Done);
    }

    [Fact]
    public void Skip_signed_looks_at_both_values()
    {
        Sign();
        Sign(o => o with { SkipSigned = true }).Status.ShouldBe(FileStatus.Skipped);
        Sign(o => o with { SkipSigned = true, Evm = o.Evm with { Mode = "0644" } }).Status.ShouldBe(FileStatus.Signed);
        File.Delete(_file + ".evm.sig");
        Sign(o => o with { SkipSigned = true }).Status.ShouldBe(FileStatus.Signed);
        File.Exists(_file + ".evm.sig").ShouldBeTrue();
    }

    [Theory]
    [InlineData("0", null, null)]
    [InlineData("root:root", null, null)]
    [InlineData("0:0", "888", null)]
    [InlineData("0:0", "17777", null)]
    [InlineData("0:0", null, "0x00")]
    public void What_is_no_number_is_refused(string owner, string? mode, string? capability) => Refusal.Of(
        "KS3012", () => Sign(o => o with { Evm = o.Evm with { Owner = owner, Mode = mode, Capability = capability } }));

    [Fact]
    public void What_EVM_covers_is_not_said_in_vain() => Refusal.Of("KS3925", () => Sign(o => o with { Evm = new() { Mode = "0644" } }));

    public void Dispose() => _bench.Dispose();

    private ImaSigned Sign(Func<ImaSignOptions, ImaSignOptions>? change = null)
    {
        var options = new ImaSignOptions { Files = [_file], Signing = _bench.Identity(TestSigners.Rsa2048), Sidecar = true, Evm = new() { Wanted = true } };
        return ImaSignOperation.Definition.Run(change is null ? options : change(options), _bench.Context).Signed.ShouldHaveSingleItem();
    }

    private (ExitCode Exit, string? Code) Verify(Func<EvmOptions, EvmOptions> change)
    {
        ImaVerifyResult result = ImaVerifyOperation.Definition.Run(
            new() { Files = [_file], Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)], Evm = change(new() { Wanted = true }) }, _bench.Context);
        return (result.Exit, result.Files[0].Verdict.Code);
    }

    private FileOutcome Apply(string manifest) => ImaApplyOperation.Definition.Run(
        new() { Manifest = manifest, Root = _bench.Folder.Path, Xattr = "user", Certificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)] }, _bench.Context).Files.ShouldHaveSingleItem();
}
