using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace KexecSign.Bench;

/// <summary>
/// <c>build</c> from a bare 44 MB Image to a signed, verified zboot image, beside the same steps as one process each and beside the
/// programs of the usual recipe; and what each of its own steps takes.
/// </summary>
internal static class WholeLine
{
    public const string StepsName = "build, step by step";

    private const int Rounds = 5;

    public static IEnumerable<Case> On(Bed bed)
    {
        foreach (string compression in (string[])["gzip", "zstd"])
        {
            string recipe = compression == "gzip" ? "gzip -n -9" : "zstd -q -22 --ultra";
            yield return new($"build, whole line, {compression}", compression == "gzip" ? Rounds : 3,
            [
                new("kexecsign build", Build(bed, compression), bed.In("line.efi")),
                new("kexecsign sign; zboot build; sign", ["sh", "-ec", Steps(bed, compression)], bed.In("steps.efi")),
                // Without a link, which the recipe has, too.
                new($"sbsign; {recipe}; sbsign", ["sh", "-ec",
                    $"""
                    sbsign --key '{bed.Key}' --cert '{bed.Certificate}' --output '{bed.In("inner.efi")}' '{bed.Image}' 2>/dev/null
                    {recipe} -c '{bed.In("inner.efi")}' > '{bed.In("inner.packed")}'
                    sbsign --key '{bed.Key}' --cert '{bed.Certificate}' --output '{bed.In("outer.efi")}' '{bed.In("z.efi")}' 2>/dev/null
                    """]),
            ]);
        }
    }

    /// <summary>Median milliseconds of each step that <c>build -v</c> names, from its line to the next one.</summary>
    public static string StepByStep(Bed bed)
    {
        var runs = new List<List<(string Name, double Time)>>();
        // The first warms the page cache and is not counted.
        for (int round = 0; round <= Rounds; round++)
        {
            ChildProcess.Settle();
            runs.Add(Timed([.. Build(bed, "gzip"), "-v"]));
        }
        string[] names = [.. runs[0].Select(step => step.Name)];
        if (runs.Any(run => !run.Select(step => step.Name).SequenceEqual(names)))
            throw new InvalidOperationException("build -v did not name the same steps each time");
        var table = new StringBuilder("| step of build, gzip | median |\n| --- | ---: |\n");
        for (int i = 0; i < names.Length; i++)
        {
            double median = Spread.Of(runs.Skip(1).Select(run => run[i].Time)).Median;
            table.Append(CultureInfo.InvariantCulture, $"| {names[i]} | {median * 1000:0} ms |\n");
        }
        Console.Write(table);
        return table.ToString();
    }

    private static string[] Build(Bed bed, string compression) =>
    [
        bed.KexecSign, "build", "--image", bed.Image, "--kit", bed.Kit, "--compression", compression, "--key", bed.Key, "--cert", bed.Certificate,
        "--inner-key", bed.Key, "--inner-cert", bed.Certificate, "-o", bed.In("line.efi"),
    ];

    private static string Steps(Bed bed, string compression) =>
        $"""
        '{bed.KexecSign}' sign '{bed.Image}' --fit --key '{bed.Key}' --cert '{bed.Certificate}' -o '{bed.In("inner.efi")}' -q
        '{bed.KexecSign}' zboot build --kit '{bed.Kit}' --image '{bed.In("inner.efi")}' --compression {compression} -o '{bed.In("z.efi")}' -q
        '{bed.KexecSign}' sign '{bed.In("z.efi")}' --key '{bed.Key}' --cert '{bed.Certificate}' -o '{bed.In("steps.efi")}' -q
        """;

    private static List<(string Name, double Time)> Timed(string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true };
        var lines = new List<(string Name, long At)> { ("start and read", Stopwatch.GetTimestamp()) };
        using Process process = Process.Start(start)!;
        while (process.StandardError.ReadLine() is { } line)
        {
            // How far a long step is belongs to that step.
            if (!line.StartsWith("warning", StringComparison.Ordinal) && !line.EndsWith(" ...", StringComparison.Ordinal)
                && !line.Contains("): ", StringComparison.Ordinal))
                lines.Add((NameOf(line), Stopwatch.GetTimestamp()));
        }
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"'{string.Join(' ', command)}' failed");
        lines.Add(("", Stopwatch.GetTimestamp()));
        return [.. lines.Zip(lines.Skip(1), (a, b) => (a.Name, Stopwatch.GetElapsedTime(a.At, b.At).TotalSeconds))];
    }

    // Programs are called with paths that are others each time.
    private static string NameOf(string line) => line.Split(' ')[0] switch
    {
        var word when word.EndsWith("objcopy", StringComparison.Ordinal) => "objcopy",
        var word when word.EndsWith("-ld", StringComparison.Ordinal) => "ld",
        _ => line,
    };
}
