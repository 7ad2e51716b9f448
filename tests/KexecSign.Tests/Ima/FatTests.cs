using KexecSign.Batches;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Inspect;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Ima;

namespace KexecSign.Tests.Ima;

/// <summary>What becomes of signatures on an EFI system partition.</summary>
public sealed class FatTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableFact]
    public void A_sidecar_survives_the_way_over_a_FAT_volume_and_an_attribute_does_not()
    {
        Tool.Require("mcopy");
        string volume = Volume(), file = _bench.Folder.File("vmlinuz", "a kernel"u8), back = _bench.Folder.Folder("back");
        Skip.IfNot(Sign(file, o => o with { Sidecar = true, Xattr = "user" }).Exit == ExitCode.Done, "this file system has no user attributes");
        Tool.Run("mcopy", "-i", volume, file, file + ".sig", "::/");
        Tool.Run("mcopy", "-i", volume, "::/vmlinuz", "::/vmlinuz.sig", back);
        string restored = Path.Combine(back, "vmlinuz");
        ExtendedAttribute.TryGet(restored, "user.ima").ShouldBeNull();
        Verify(restored).ShouldBe(ExitCode.Done);
        File.Delete(restored + ".sig");
        Verify(restored).ShouldBe(ExitCode.VerificationFailed);
    }

    [SkippableFact]
    public void On_a_mounted_FAT_volume_attributes_are_refused_in_plain_words_and_sidecars_are_written()
    {
        Tool.Require("mount", "umount");
        string place = _bench.Folder.Folder("esp");
        ToolAnswer mounted = Tool.Ask("mount", "-o", "loop", "-t", "vfat", Volume(), place);
        Skip.If(mounted.Exit != 0, $"a FAT volume cannot be mounted here: {mounted.Output.Trim()}");
        try
        {
            string file = Path.Combine(place, "vmlinuz.efi");
            File.WriteAllText(file, "a kernel");
            FileOutcome unset = Sign(file, o => o with { Xattr = "user" }).Files.ShouldHaveSingleItem();
            unset.Code.ShouldBe("KS3923");
            unset.Message!.ShouldContain(FileSystemKind.OnFat);

            Sign(file, o => o with { Sidecar = true }).Exit.ShouldBe(ExitCode.Done);
            Verify(file).ShouldBe(ExitCode.Done);
            FileOutcome refused = ImaApplyOperation.Definition.Run(
                new() { Files = [file], Xattr = "user", Certificates = [TestSigners.P256.CertificateFile(_bench.Folder)] }, _bench.Context).Files.ShouldHaveSingleItem();
            refused.Code.ShouldBe("KS3923");
            refused.Message.ShouldNotBeNull().ShouldContain("FAT");
            InspectOperation.Definition.Run(new() { File = file }, _bench.Context).ImaNotes.ShouldContain(note => note.Contains("FAT", StringComparison.Ordinal));
        }
        finally
        {
            Tool.Run("umount", place);
        }
    }

    public void Dispose() => _bench.Dispose();

    private string Volume()
    {
        string volume = _bench.Folder.At("esp.img");
        Tool.Run("/usr/sbin/mkfs.vfat", "-C", volume, "2048");
        return volume;
    }

    private ImaSignResult Sign(string file, Func<ImaSignOptions, ImaSignOptions> change) =>
        ImaSignOperation.Definition.Run(change(new() { Files = [file], Signing = _bench.Identity(TestSigners.P256) }), _bench.Context);

    private ExitCode Verify(string file) =>
        ImaVerifyOperation.Definition.Run(new() { Files = [file], Certificates = [TestSigners.P256.CertificateFile(_bench.Folder)] }, _bench.Context).Exit;
}
