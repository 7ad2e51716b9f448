using KexecSign.Commands.Boot;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Inspect;
using KexecSign.Commands.Signatures;
using KexecSign.Commands.Verify;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Fixtures;
using KexecSign.Formats.Vocabulary;
using KexecSign.Judging;

namespace KexecSign.Tests.Files;

/// <summary>What a run reads is there afterwards as it was, under whatever name and whether it was named at all.</summary>
public sealed class KeptInputTests : IDisposable
{
    private readonly Bench _bench = new();

    [Fact]
    public void The_file_that_is_compared_with() =>
        Kept("b", TestImage.Arm64().Bytes, "KS3052", (b, a) => Run(InspectOperation.Definition, new() { File = a, Diff = b, MapSvg = Linked(b) }));

    [Fact]
    public void The_image_that_is_looked_at() =>
        Kept("b", TestImage.Arm64().Bytes, "KS3005", (b, _) => Run(InspectOperation.Definition, new() { File = b, MapSvg = b }));

    [Fact]
    public void The_image_that_signatures_are_copied_from() => Kept(
        "x", File.ReadAllBytes(_bench.SignedImage(TestSigners.Rsa2048)), "KS3052",
        (x, y) => Run(SignaturesCopyOperation.Definition, new() { From = x, File = y, Output = Linked(x) }));

    // Nobody named the sidecar, and the page was announced before it was read.
    [Fact]
    public void The_sidecar_that_is_judged()
    {
        string image = _bench.SignedImage(TestSigners.Rsa2048);
        ImaSignOperation.Definition.Run(new() { Files = [image], Sidecar = true, Signing = _bench.Identity(TestSigners.Rsa2048) }, _bench.Context);
        byte[] sidecar = File.ReadAllBytes(image + ".sig");
        VerifyOptions options = new() { File = image, Applied = true, ImaCertificates = [TestSigners.Rsa2048.CertificateFile(_bench.Folder)], Html = image + ".sig" };
        Refusal.Of("KS3052", () => Run(VerifyOperation.Definition, options), image + ".sig");
        File.ReadAllBytes(image + ".sig").ShouldBe(sidecar);
        // One that is not looked at is not in the way.
        VerifyOperation.Definition.Run(options with { Consumers = [Consumer.Firmware], Applied = false, Html = _bench.Folder.At("page.html") }, _bench.Context);
    }

    [Theory]
    [InlineData("initrd")]
    [InlineData("firmware")]
    [InlineData("variables")]
    public void What_a_machine_is_made_of(string which) => Kept("input", "content"u8.ToArray(), "KS3052", (input, image) =>
    {
        string other = _bench.Folder.File("other", "content"u8);
        Run(BootOperation.Definition, new()
        {
            File = image,
            Initrd = which == "initrd" ? input : null,
            Firmware = which == "firmware" ? input : other,
            Variables = which == "variables" ? input : other,
            Output = Linked(input),
        });
    });

    [Fact]
    public void Two_outputs_of_one_name_are_refused()
    {
        string image = _bench.Folder.File("image", TestImage.Arm64().Bytes), same = _bench.Folder.At("same");
        Refusal.Of("KS3013", () => Run(InspectOperation.Definition, new() { File = image, Extract = ".text", Output = same, MapSvg = same }), same);
        File.Exists(same).ShouldBeFalse();
    }

    [Fact]
    public void An_image_that_is_edited_in_place_is_replaced()
    {
        string image = _bench.SignedImage(TestSigners.Rsa2048);
        byte[] signed = File.ReadAllBytes(image);
        SignaturesRemoveOperation.Definition.Run(new() { File = image, All = true, InPlace = true }, _bench.Context);
        File.ReadAllBytes(image).Length.ShouldBeLessThan(signed.Length);
        _bench.Sign(image, TestSigners.Rsa2048, o => o with { Output = null, InPlace = true });
        File.ReadAllBytes(image).ShouldBe(signed);
    }

    public void Dispose() => _bench.Dispose();

    private void Kept(string name, byte[] content, string code, Action<string, string> run)
    {
        string input = _bench.Folder.File(name, content), image = _bench.Folder.File("image", TestImage.Arm64().Bytes);
        Refusal.Of(code, () => run(input, image));
        File.ReadAllBytes(input).ShouldBe(content);
    }

    private string Linked(string path)
    {
        string link = _bench.Folder.At("link");
        File.CreateSymbolicLink(link, path);
        return link;
    }

    private void Run<TOptions, TResult>(Operation<TOptions, TResult> operation, TOptions options)
        where TOptions : class, new()
        where TResult : OperationResult => operation.Run(options, _bench.Context);
}
