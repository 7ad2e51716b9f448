using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Pictures;

/// <summary>Debian's Chromium without a window, spoken to by its DevTools protocol.</summary>
internal sealed class Chromium : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempFolder _profile = new();
    private readonly RunningProcess _process;
    private readonly ClientWebSocket _socket = new();
    private readonly List<JsonNode> _events = [];
    private string? _session;
    private int _last;

    public Chromium()
    {
        Tool.Require("chromium");
        _process = new ProcessRun("chromium",
        [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-extensions", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--remote-debugging-port=0", $"--user-data-dir={_profile.Path}", "about:blank",
        ]).Start();
        string[] port = Port();
        _socket.ConnectAsync(new($"ws://127.0.0.1:{port[0]}{port[1]}"), CancellationToken.None).Wait(Patience).ShouldBeTrue();
        string target = Ask("Target.createTarget", new() { ["url"] = "about:blank" })["targetId"]!.GetValue<string>();
        _session = Ask("Target.attachToTarget", new() { ["targetId"] = target, ["flatten"] = true })["sessionId"]!.GetValue<string>();
        Ask("Page.enable");
        Ask("Network.enable");
    }

    /// <summary>URLs that were asked for since the last page was opened.</summary>
    public IEnumerable<string> Requests => Told("Network.requestWillBeSent").Select(e => e["params"]!["request"]!["url"]!.GetValue<string>());

    /// <summary>Opens a file and waits until it is there.</summary>
    public void Open(string file, int width = 1280, bool dark = false, bool script = true)
    {
        _events.Clear();
        Ask("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = 900, ["deviceScaleFactor"] = 1, ["mobile"] = false });
        Ask("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" }) });
        Ask("Emulation.setScriptExecutionDisabled", new() { ["value"] = !script });
        Ask("Page.navigate", new() { ["url"] = new Uri(file).AbsoluteUri });
        var watch = Stopwatch.StartNew();
        while (!Told("Page.loadEventFired").Any())
        {
            watch.Elapsed.ShouldBeLessThan(Patience);
            Receive();
        }
    }

    /// <summary>What a JavaScript expression gives.</summary>
    public JsonNode? Evaluate(string expression)
    {
        JsonNode answer = Ask("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        answer["exceptionDetails"].ShouldBeNull(answer.ToJsonString());
        return answer["result"]!["value"];
    }

    /// <summary>Presses a key.</summary>
    public void Press(string key, int code, string? text = null)
    {
        var down = new JsonObject { ["type"] = text is null ? "rawKeyDown" : "keyDown", ["key"] = key, ["code"] = key, ["windowsVirtualKeyCode"] = code };
        if (text is not null)
            down["text"] = text;
        Ask("Input.dispatchKeyEvent", down);
        Ask("Input.dispatchKeyEvent", new() { ["type"] = "keyUp", ["key"] = key, ["code"] = key, ["windowsVirtualKeyCode"] = code });
    }

    /// <summary>The whole page as PNG; kept in the folder of KEXECSIGN_SCREENSHOTS for who wants to look.</summary>
    public byte[] Screenshot(string name)
    {
        byte[] png = Convert.FromBase64String(Ask("Page.captureScreenshot", new() { ["format"] = "png", ["captureBeyondViewport"] = true })["data"]!.GetValue<string>());
        if (Environment.GetEnvironmentVariable("KEXECSIGN_SCREENSHOTS") is { Length: > 0 } folder)
            File.WriteAllBytes(Path.Combine(folder, name + ".png"), png);
        return png;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _process.Dispose();
        for (int i = 0; ; i++)
        {
            try
            {
                _profile.Dispose();
                return;
            }
            // Its children write until they end.
            catch (IOException) when (i < 50)
            {
                Thread.Sleep(100);
            }
        }
    }

    private string[] Port()
    {
        string file = Path.Combine(_profile.Path, "DevToolsActivePort");
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (File.Exists(file) && File.ReadAllLines(file) is [_, _, ..] lines)
                return lines;
            if (_process.HasExited || watch.Elapsed > Patience)
                throw new InvalidOperationException("chromium did not start");
            Thread.Sleep(50);
        }
    }

    private IEnumerable<JsonNode> Told(string method) => _events.Where(e => e["method"]?.GetValue<string>() == method);

    private JsonNode Ask(string method, JsonObject? parameters = null)
    {
        int id = ++_last;
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] };
        if (_session is not null)
            message["sessionId"] = _session;
        _socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, true, CancellationToken.None).Wait(Patience).ShouldBeTrue();
        while (true)
        {
            JsonNode answer = Receive();
            if (answer["id"]?.GetValue<int>() != id)
                continue;
            answer["error"].ShouldBeNull(answer.ToJsonString());
            return answer["result"]!;
        }
    }

    private JsonNode Receive()
    {
        using var whole = new MemoryStream();
        byte[] part = new byte[1 << 16];
        while (true)
        {
            using var patience = new CancellationTokenSource(Patience);
            WebSocketReceiveResult received = _socket.ReceiveAsync(part, patience.Token).GetAwaiter().GetResult();
            whole.Write(part, 0, received.Count);
            if (!received.EndOfMessage)
                continue;
            JsonNode message = JsonNode.Parse(whole.ToArray())!;
            if (message["method"] is not null)
                _events.Add(message);
            return message;
        }
    }
}
