using KexecSign.Commands.Build;
using KexecSign.Commands.Verify;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Pictures;

/// <summary>Pages as commands write them, of images with honest and with hostile names.</summary>
internal static class PicturedRun
{
    /// <summary>What a hostile name tries: markup, attributes, Markdown, control and direction characters.</summary>
    public const string Hostile = "<img src=x onerror=alert(1)>\" onmouseover='x' & `|` [a](javascript:x) \u202eevil\u0007";

    /// <summary>A page and its Markdown of verifying a signed zboot image.</summary>
    public static (string Html, string Markdown) Verified(Bench bench, string name = "vmlinuz.efi", TestSigner? signer = null, TestSigner? trusted = null)
    {
        signer ??= TestSigners.Rsa2048;
        byte[] kernel = File.ReadAllBytes(bench.SignedImage(TestSigners.Rsa3072));
        string file = Path.Combine(bench.Folder.Folder("in"), name);
        bench.Sign(bench.Folder.File("zboot", TestZboot.Gzip(kernel).Bytes), signer, o => o with { Output = file });
        string policy = bench.Folder.File("release.policy.json", """{ "consumers": ["firmware"], "signatures": { "outer": { "required": true, "digests": ["sha384"] } } }"""u8);
        string html = bench.Folder.At("page.html"), markdown = bench.Folder.At("page.md");
        VerifyOperation.Definition.Run(
            new()
            {
                File = file,
                Db = [(trusted ?? signer).CertificateFile(bench.Folder)],
                KexecCertificates = [TestSigners.Rsa3072.CertificateFile(bench.Folder)],
                Policy = policy,
                Html = html,
                Markdown = markdown,
            }, bench.Context);
        return (html, markdown);
    }

    /// <summary>A page of a plan: one image is built, another is none.</summary>
    public static (string Html, string Markdown) Planned(Bench bench)
    {
        bench.Folder.File("one", TestImage.Arm64().Bytes);
        bench.Folder.File("two", "no image"u8);
        string key = TestSigners.Rsa2048.KeyFile(bench.Folder), certificate = TestSigners.Rsa2048.CertificateFile(bench.Folder);
        string plan = bench.Folder.File("kernel.plan.json", System.Text.Encoding.UTF8.GetBytes($$"""
            {
              "keys": { "db": { "key": "{{key}}", "cert": "{{certificate}}" } },
              "steps": [{ "step": "sign", "key": "db" }],
              "images": [
                { "name": "first", "image": "one", "outputs": { "image": "out/one.efi" } },
                { "name": "second", "image": "two", "outputs": { "image": "out/two.efi" } }
              ]
            }
            """));
        string html = bench.Folder.At("plan.html"), markdown = bench.Folder.At("plan.md");
        BuildOperation.Definition.Run(new() { Plan = plan, Html = html, Markdown = markdown, Report = bench.Folder.At("report.json") }, bench.Context);
        return (html, markdown);
    }
}
