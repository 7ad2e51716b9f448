using System.Globalization;

namespace KexecSign.Simulation.Tests.Bpf;

/// <summary>A program of the corpus and its result.</summary>
internal sealed record Vector(string Name, string[] Lines, ulong Result)
{
    public static IReadOnlyDictionary<string, Vector> All { get; } = Read();

    /// <summary>Whether LLVM before 17 and kernels before 6.6 do not know it.</summary>
    public bool NeedsVersion4 => Name.StartsWith("v4 ", StringComparison.Ordinal) || Lines.Any(l => l.StartsWith('*') && !l.Contains("= r", StringComparison.Ordinal));

    private static Dictionary<string, Vector> Read()
    {
        var vectors = new Dictionary<string, Vector>();
        foreach (string block in File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "corpus", "vectors.txt")).Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = [.. block.Split('\n').Where(l => l.Length > 0 && l[0] != '#')];
            if (lines.Length == 0)
                continue;
            vectors.Add(lines[0], new(lines[0], lines[1..^1], ulong.Parse(lines[^1].AsSpan(5), NumberStyles.HexNumber, CultureInfo.InvariantCulture)));
        }
        return vectors;
    }
}
