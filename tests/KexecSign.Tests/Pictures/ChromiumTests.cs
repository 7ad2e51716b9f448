using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using KexecSign.Commands.Inspect;

namespace KexecSign.Tests.Pictures;

/// <summary>The pages in a real browser: read without script, on wide and narrow screens, in light and dark, by keyboard, and asking nobody for anything.</summary>
public sealed class ChromiumTests : IDisposable
{
    // Each text with the colour behind it; SVG's letters are held against their bars elsewhere.
    private const string Contrasts = """
        (() => {
          const rgb = c => c.match(/[\d.]+/g).map(Number);
          const lum = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
          const found = [];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const e = walker.currentNode.parentElement;
            if (!walker.currentNode.textContent.trim() || e.closest('svg,script,style') || !e.getClientRects().length) continue;
            const a = lum(rgb(getComputedStyle(e).color).slice(0, 3)), b = lum(behind(e).slice(0, 3));
            found.push([(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), walker.currentNode.textContent.trim().slice(0, 40)]);
          }
          return found;
        })()
        """;

    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(400, false)]
    [InlineData(400, true)]
    public void Pages_can_be_read(int width, bool dark)
    {
        using var browser = new Chromium();
        foreach ((string name, string page) in (ReadOnlySpan<(string, string)>)[("verify", PicturedRun.Verified(_bench).Html), ("plan", PicturedRun.Planned(_bench).Html)])
        {
            browser.Open(page, width, dark);
            JsonArray contrasts = browser.Evaluate(Contrasts)!.AsArray();
            contrasts.Count.ShouldBeGreaterThan(20);
            foreach (JsonNode? text in contrasts)
                text![0]!.GetValue<double>().ShouldBeGreaterThanOrEqualTo(4.5, $"{name}, {(dark ? "dark" : "light")}: {text[1]}");
            // What is too wide for the screen scrolls in its own frame.
            browser.Evaluate("document.documentElement.scrollWidth")!.GetValue<int>().ShouldBeLessThanOrEqualTo(width);
            browser.Evaluate("parseFloat(getComputedStyle(document.body).fontSize)")!.GetValue<double>().ShouldBeGreaterThanOrEqualTo(16);
            browser.Screenshot($"{name}-{width}-{(dark ? "dark" : "light")}").Length.ShouldBeGreaterThan(10_000);
        }
    }

    [SkippableFact]
    public void A_page_asks_nobody_for_anything_and_its_policy_lets_nothing_in()
    {
        using var browser = new Chromium();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string elsewhere = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/x";
        string page = PicturedRun.Verified(_bench, PicturedRun.Hostile).Html;
        browser.Open(page);
        browser.Requests.Where(url => !url.StartsWith("data:", StringComparison.Ordinal)).ShouldBe([new Uri(page).AbsoluteUri]);

        // What a mistake in escaping would do, done on purpose.
        browser.Evaluate($$"""
            (async () => {
              window.ran = false;
              document.body.insertAdjacentHTML('beforeend', '<img src="{{elsewhere}}" onerror="window.ran = true"><iframe src="{{elsewhere}}"></iframe><link rel="stylesheet" href="{{elsewhere}}">');
              const script = document.createElement('script'); script.textContent = 'window.ran = true'; document.body.append(script);
              try { await fetch('{{elsewhere}}') } catch { }
              await new Promise(done => setTimeout(done, 500));
              return window.ran;
            })()
            """)!.GetValue<bool>().ShouldBeFalse();
        // For a frame Chromium may open a connection before it asks the policy; then it says nothing on it.
        while (listener.Pending())
        {
            using Socket came = listener.AcceptSocket();
            came.ReceiveTimeout = 1000;
            Asked(came).ShouldBe(0, "no request left the page");
        }
    }

    [SkippableFact]
    public void Hostile_names_make_no_elements()
    {
        using var browser = new Chromium();
        browser.Open(PicturedRun.Verified(_bench).Html);
        int honest = browser.Evaluate("document.querySelectorAll('*').length")!.GetValue<int>();
        browser.Open(PicturedRun.Verified(_bench, PicturedRun.Hostile, Fixtures.TestSigner.Rsa("</b><img src=x>")).Html);
        browser.Evaluate("document.querySelectorAll('*').length")!.GetValue<int>().ShouldBe(honest);
        browser.Evaluate("document.querySelectorAll('img,iframe,[onerror],[onmouseover],a[href^=javascript]').length")!.GetValue<int>().ShouldBe(0);
        browser.Evaluate("document.querySelector('h1').textContent")!.GetValue<string>().ShouldContain("<img src=x onerror=alert(1)>");
    }

    [SkippableFact]
    public void Without_script_everything_is_there_to_read()
    {
        using var browser = new Chromium();
        string page = PicturedRun.Planned(_bench).Html;
        browser.Open(page, script: false);
        string read = browser.Evaluate("document.body.innerText")!.GetValue<string>();
        read.ShouldContain("CN=test rsa 2048");
        read.ShouldContain("✓ accepts");
        read.ShouldContain("sha256 of the plan");
        browser.Evaluate("document.querySelectorAll('button').length")!.GetValue<int>().ShouldBe(0);
    }

    [SkippableFact]
    public void All_that_can_be_used_is_reached_by_keyboard_and_seen_to_be()
    {
        using var browser = new Chromium();
        browser.Open(PicturedRun.Verified(_bench).Html);
        int expected = browser.Evaluate("document.querySelectorAll('a[href],button,summary,[tabindex=\"0\"]').length - document.querySelectorAll('details:not([open]) > :not(summary) :is(a,button,[tabindex]), details:not([open]) > [tabindex]').length")!.GetValue<int>();
        expected.ShouldBeGreaterThan(8);
        var reached = new HashSet<int>();
        for (int i = 0; i < expected + 5; i++)
        {
            browser.Press("Tab", 9);
            JsonNode focus = browser.Evaluate("(() => { const e = document.activeElement; return [[...document.querySelectorAll('*')].indexOf(e), e === document.body ? 'body' : getComputedStyle(e).outlineStyle, e.tagName]; })()")!;
            if (focus[1]!.GetValue<string>() == "body")
                continue;
            focus[1]!.GetValue<string>().ShouldNotBe("none", focus.ToJsonString());
            reached.Add(focus[0]!.GetValue<int>());
        }
        reached.Count.ShouldBe(expected);

        browser.Evaluate("document.querySelector('button').focus()");
        browser.Press("Enter", 13, "\r");
        browser.Evaluate("new Promise(done => setTimeout(() => done(document.querySelector('button').textContent), 300))")!.GetValue<string>().ShouldBe("Copied");
        browser.Evaluate("[...document.querySelectorAll('button')].every(b => b.getAttribute('aria-label').startsWith('Copy '))")!.GetValue<bool>().ShouldBeTrue();
    }

    [SkippableFact]
    public void A_drawing_of_its_own_is_shown_whole()
    {
        using var browser = new Chromium();
        PicturedRun.Verified(_bench);
        string svg = _bench.Folder.At("map.svg");
        InspectOperation.Definition.Run(new() { File = _bench.Folder.At("in/vmlinuz.efi"), MapSvg = svg }, _bench.Context);
        foreach (bool dark in (ReadOnlySpan<bool>)[false, true])
        {
            browser.Open(svg, 1280, dark);
            browser.Evaluate("document.documentElement.nodeName + [...document.querySelectorAll('text')].every(t => { const b = t.getBBox(), v = document.documentElement.viewBox.baseVal; return b.x >= 0 && b.x + b.width <= v.width && b.y + b.height <= v.height; })")!
                .GetValue<string>().ShouldBe("svgtrue", "no word goes beyond the drawing");
            browser.Screenshot($"map-{(dark ? "dark" : "light")}").Length.ShouldBeGreaterThan(5_000);
        }
    }

    public void Dispose() => _bench.Dispose();

    private static int Asked(Socket came)
    {
        try
        {
            return came.Receive(new byte[100]);
        }
        catch (SocketException silent) when (silent.SocketErrorCode == SocketError.TimedOut)
        {
            return 0;
        }
    }
}
