using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Commands.Simulate;
using KexecSign.Simulation.Bpf;

namespace KexecSign.Boot.Tests.Parsers;

/// <summary>What a load did and gave, as far as a kernel and the simulator can both tell: lines that must be the same.</summary>
internal static class ParserFacts
{
    // Parsers that the verifier refuses are loaded by the simulator, which finds out when it runs them.
    private static readonly string[] Verifier = ["KS4551", "KS4552", "KS4553", "KS4554", "KS4555", "KS4556", "KS4557", "KS4558", "KS4559", "KS4566"];

    /// <summary>What the simulator predicts.</summary>
    public static ImmutableArray<string> Predicted(SimulateResult result)
    {
        var lines = new List<string>();
        int level = 0;
        foreach (TraceEvent e in result.Trace)
        {
            if (e.Level != level)
                lines.Add($"level {level = e.Level}");
            // Which of several programs speaks, the kernel does not know, nor how many instructions it took.
            if (!e.What.StartsWith("ended after", StringComparison.Ordinal) && !(e.Who == "kernel" && e.What.Contains("has no room for", StringComparison.Ordinal))
                && !e.What.Contains("is still attached", StringComparison.Ordinal))
                lines.Add(Short(e.What));
        }
        if (result.Fault is { Program: not null } fault && Verifier.Contains(fault.Code))
        {
            int loaded = lines.FindLastIndex(l => l.StartsWith("loaded ", StringComparison.Ordinal));
            string name = lines[loaded]["loaded ".Length..];
            lines.RemoveRange(loaded, lines.Count - loaded);
            lines.Add("cannot load " + name);
        }
        // A kernel that is not the packed one is the simulator's own complaint.
        bool succeeds = result.Errno == "OK" && result.Kernel is not null;
        if (succeeds)
        {
            lines.Add(Result("kernel", result.Kernel!));
            if (result.Initrd is not null)
                lines.Add(Result("initrd", result.Initrd));
            if (result.CommandLine is { } text)
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"result cmdline {text.Length + 1} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text + "\0")))}"));
        }
        lines.Add(succeeds ? "returns 0" : "returns an error");
        return [.. lines];
    }

    /// <summary>What a kernel reported.</summary>
    public static ImmutableArray<string> Seen(IEnumerable<string> report) =>
    [
        .. report
            .Where(l => !l.StartsWith("verifier: ", StringComparison.Ordinal))
            .Select(l => l.StartsWith("returns ", StringComparison.Ordinal) && l != "returns 0" ? "returns an error" : Short(l)),
    ];

    private static string Result(string which, SimulatedPart part) => string.Create(CultureInfo.InvariantCulture, $"result {which} {part.Size} {part.Sha256}");

    // Why a packet or parser is refused, each says in words of its own; so does what decompresses, behind the kernel's words.
    private static string Short(string line) => line.StartsWith("cannot decompress ", StringComparison.Ordinal) ? line.Split(" (")[0]
        : line.StartsWith("loaded ", StringComparison.Ordinal) || line.StartsWith("cannot load ", StringComparison.Ordinal) || line.StartsWith("answers ", StringComparison.Ordinal) ? line.Split(':')[0]
        : line;
}
