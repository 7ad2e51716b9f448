using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using KexecSign.Commands.Build;
using KexecSign.Commands.Verify;
using KexecSign.Fixtures;
using KexecSign.Inspection.Parts;
using KexecSign.Pictures;

namespace KexecSign.Tests.Pictures;

/// <summary>What a page holds, and what it lets in. How it looks is asked of a browser in <see cref="ChromiumTests"/>.</summary>
public sealed partial class HtmlPageTests : IDisposable
{
    private readonly Bench _bench = new();

    [Fact]
    public void A_verification_is_shown_with_matrix_chains_map_hashes_and_rules()
    {
        string page = File.ReadAllText(PicturedRun.Verified(_bench).Html);
        page.ShouldContain("<td class=\"good\">✓ accepts</td>");
        page.ShouldContain("CN=test rsa 2048");
        page.ShouldContain("Authenticode of the kernel in payload");
        page.ShouldContain("<svg");
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(_bench.Folder.At("in/vmlinuz.efi"))));
        page.ShouldContain($"<code class=\"hash\" data-name=\"sha256 of the file\">{sha256}</code>");
        // The policy of this run asks for SHA-384.
        page.ShouldContain("signatures.outer.digests</th><td class=\"bad\">✗ no</td>");
        page.ShouldContain("outcome bad");
    }

    [Fact]
    public void A_no_is_told_by_word_and_sign()
    {
        string page = File.ReadAllText(PicturedRun.Verified(_bench, trusted: TestSigners.Other).Html);
        page.ShouldContain("<td class=\"bad\">✗ refuses</td>");
        page.ShouldContain("KS4104");
    }

    [Fact]
    public void A_plan_is_shown_with_what_failed()
    {
        string page = File.ReadAllText(PicturedRun.Planned(_bench).Html);
        page.ShouldContain("1 built, 0 kept, 1 failed, of 2");
        page.ShouldContain("Authenticode of the image: 1 image");
        page.ShouldContain("<td class=\"bad\">✗ failed</td>");
        page.ShouldMatch("<p>KS[0-9]{4}: ");
        page.ShouldContain(Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(_bench.Folder.At("out/one.efi")))));
    }

    [Fact]
    public void Merged_reports_make_the_same_page_as_the_build()
    {
        string built = File.ReadAllText(PicturedRun.Planned(_bench).Html), html = _bench.Folder.At("merged.html"), markdown = _bench.Folder.At("merged.md");
        PlanMergeOperation.Definition.Run(new() { Reports = [_bench.Folder.At("report.json")], Html = html, Markdown = markdown }, _bench.Context);
        File.ReadAllText(html).ShouldBe(built);
        File.ReadAllText(markdown).ShouldBe(File.ReadAllText(_bench.Folder.At("plan.md")));
    }

    [Fact]
    public void Hostile_names_are_text()
    {
        string name = PicturedRun.Hostile.Replace('/', ' ');
        string page = File.ReadAllText(PicturedRun.Verified(_bench, name, TestSigner.Rsa("</script><script>alert(1)</script>")).Html);
        page.ShouldNotContain("<img");
        page.ShouldNotContain("\u202e");
        page.ShouldNotContain("\u0007");
        page.ShouldContain("\\u{202e}evil\\x07");
        page.ShouldContain("&lt;img src=x onerror=alert(1)&gt;&quot; onmouseover=&#x27;x&#x27; &amp;");
        Script().Count(page).ShouldBe(1, "the page's own");
        page.ShouldContain("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
    }

    [Fact]
    public void The_policy_names_the_hashes_of_style_and_script_and_nothing_else()
    {
        string page = File.ReadAllText(PicturedRun.Verified(_bench).Html);
        string policy = Policy().Match(page).Groups[1].Value;
        policy.Split("; ").Select(rule => rule.Split(' ')[0]).ShouldBe(["default-src", "style-src", "script-src", "base-uri", "form-action"]);
        policy.ShouldStartWith("default-src 'none'");
        policy.ShouldNotContain("unsafe");
        policy.ShouldContain($"style-src 'sha256-{Hash(Style().Match(page).Groups[1].Value)}'");
        policy.ShouldContain($"script-src 'sha256-{Hash(Script().Match(page).Groups[1].Value)}'");
        // Attributes of style and events would need more than hashes.
        page.ShouldNotContain(" style=");
        Event().IsMatch(page).ShouldBeFalse();
        // The name of SVG is no address that is asked.
        page.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal).ShouldNotMatch("https?://");
    }

    [Theory]
    [InlineData("in/vmlinuz.efi")]
    [InlineData("release.policy.json")]
    public void A_page_is_never_put_in_the_place_of_what_is_judged(string other)
    {
        PicturedRun.Verified(_bench);
        string file = _bench.Folder.At(other);
        byte[] before = File.ReadAllBytes(file);
        Refusal.Of("KS3013", () => VerifyOperation.Definition.Run(
            new() { File = _bench.Folder.At("in/vmlinuz.efi"), NoTrust = true, Html = file, Policy = null, Signature = other.StartsWith("in", StringComparison.Ordinal) ? null : file }, _bench.Context));
        File.ReadAllBytes(file).ShouldBe(before);
    }

    [Fact]
    public void A_page_is_never_put_in_the_place_of_what_is_built()
    {
        string image = _bench.Folder.File("image", TestImage.Arm64().Bytes), output = _bench.Folder.At("signed.efi");
        BuildOptions options = new() { Image = image, Output = output, Outer = _bench.Identity(TestSigners.Rsa2048), Html = output };
        Refusal.Of("KS3013", () => BuildOperation.Definition.Run(options, _bench.Context));
        File.Exists(output).ShouldBeFalse();
    }

    [Fact]
    public void Where_no_page_can_be_written_nothing_is_built()
    {
        string image = _bench.Folder.File("image", TestImage.Arm64().Bytes), output = _bench.Folder.At("signed.efi");
        Refusal.Of("KS3003", () => BuildOperation.Definition.Run(
            new() { Image = image, Output = output, Outer = _bench.Identity(TestSigners.Rsa2048), Html = _bench.Folder.At("nowhere/page.html") }, _bench.Context));
        File.Exists(output).ShouldBeFalse();
    }

    // WCAG 2.2, 1.4.3: letters on bars, which a browser's computed styles do not put together.
    [Fact]
    public void Letters_on_bars_can_be_read_in_light_and_in_dark()
    {
        foreach (PartLook look in Enum.GetValues<PartKind>().Select(PartLook.Of))
        {
            Contrast(look.Light, "#ffffff").ShouldBeGreaterThanOrEqualTo(4.5, look.Says);
            Contrast(look.Dark, "#10141a").ShouldBeGreaterThanOrEqualTo(4.5, look.Says);
        }
        Enum.GetValues<PartKind>().Select(kind => PartLook.Of(kind).Glyph).ShouldBeUnique();
    }

    public void Dispose() => _bench.Dispose();

    private static double Contrast(string one, string other)
    {
        double a = Luminance(one), b = Luminance(other);
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    private static double Luminance(string colour)
    {
        double[] parts = [.. Convert.FromHexString(colour[1..]).Select(c => c / 255.0).Select(c => c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4))];
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    }

    private static string Hash(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    [GeneratedRegex("<meta http-equiv=\"Content-Security-Policy\" content=\"([^\"]*)\">")]
    private static partial Regex Policy();

    [GeneratedRegex("<style>(.*?)</style>", RegexOptions.Singleline)]
    private static partial Regex Style();

    [GeneratedRegex("<script>(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex Script();

    [GeneratedRegex("<[^>]* on[a-z]+=")]
    private static partial Regex Event();
}
