using KexecSign.Fixtures;
using KexecSign.Pictures;

namespace KexecSign.Tests.Pictures;

/// <summary>Markdown as GitHub's own renderer (cmark-gfm) makes HTML of it.</summary>
public sealed class MarkdownPageTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableFact]
    public void Matrix_chains_and_rules_become_tables()
    {
        string html = Rendered(PicturedRun.Verified(_bench).Markdown);
        html.ShouldContain("<td>✅ accepts</td>");
        html.ShouldContain("<td><code>CN=test rsa 2048</code></td>");
        html.ShouldContain("<td><code>signatures.outer.digests</code></td>");
        html.ShouldContain("<td>❌ no</td>");
        html.ShouldContain("payload (gzip)");
        html.ShouldContain("<pre><code>");
    }

    [SkippableFact]
    public void Hostile_names_are_text()
    {
        string html = Rendered(PicturedRun.Verified(_bench, PicturedRun.Hostile, TestSigner.Rsa("**b** | <b>x</b> ![i](http://x) www.example.org @you #1 `c`")).Markdown);
        html.ShouldNotContain("<img");
        html.ShouldNotContain("<a ");
        html.ShouldNotContain("<b>");
        html.ShouldNotContain("<strong>b</strong>");
        html.ShouldContain("&lt;img src=x onerror=alert(1)&gt;");
        // A cell is not ended by what is in it.
        foreach (string row in html.Split("<tr>").Skip(1).Where(row => row.Contains("<b>x", StringComparison.Ordinal) || row.Contains("www", StringComparison.Ordinal)))
            row.Split("<td>").Length.ShouldBe(4);
    }

    [Fact]
    public void A_plan_of_thousands_stays_below_what_GitHub_takes()
    {
        PictureImage[] images =
        [
            .. Enumerable.Range(0, 5000).Select(i => new PictureImage($"image-{i}.efi", i == 4321 ? PictureTone.Bad : PictureTone.Good, "built")
            {
                Says = i == 4321 ? "KS1001: it failed." : null,
                Answers = [new("firmware", PictureTone.Good, "accepts", "a reason of some length, by CN=somebody, as reasons are")],
                Facts = [new("sha256", new string('a', 64), IsHash: true)],
            }),
        ];
        string text = MarkdownPage.Of(new("plan", PictureTone.Bad, "4999 built, 1 failed", [.. images]));
        text.Length.ShouldBeLessThan(1 << 20);
        text.ShouldContain("KS1001\\: it failed", customMessage: "what failed comes first");
        text.ShouldContain("4900 more images");
    }

    [Theory]
    [InlineData("a", "`a`")]
    [InlineData("a`b", "`` a`b ``")]
    [InlineData("``", "``` `` ```")]
    [InlineData(" ", "\\-")]
    [InlineData("a|b", "`a\\|b`")]
    public void Code_is_fenced_by_more_backticks_than_are_in_it(string text, string code) => MarkdownPage.Code(text).ShouldBe(code);

    public void Dispose() => _bench.Dispose();

    private static string Rendered(string markdown) =>
        Tool.Run("cmark-gfm", "--unsafe", "-e", "table", "-e", "autolink", "-e", "strikethrough", "-e", "tagfilter", markdown);
}
