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
        var steps = new List<(string Name, List<double> Times)>();
        for (int round = 0; round <= Rounds; round++)
        {
            ChildProcess.Settle();
            List<(string Name, double Time)> run = Timed([.. Build(bed, "gzip"), "-v"]);
            if (round == 0)
                steps.AddRange(run.Select(step => (step.Name, new List<double>())));
            else
                steps.Zip(run, (step, timed) => (step.Times, timed.Time)).ToList().ForEach(pair => pair.Times.Add(pair.Time));
        }
        var table = new StringBuilder("| step of build, gzip | median |\n| --- | ---: |\n");
        foreach ((string name, List<double> times) in steps)
            table.Append(CultureInfo.InvariantCulture, $"| {name} | {Spread.Of(times).Median * 1000:0} ms |\n");
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
            if (!line.StartsWith("warning", StringComparison.Ordinal))
                lines.Add((line.Split(' ')[0].EndsWith("objcopy", StringComparison.Ordinal) ? "objcopy"
                    : line.Split(' ')[0].EndsWith("-ld", StringComparison.Ordinal) ? "ld" : line, Stopwatch.GetTimestamp()));
        }
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"'{string.Join(' ', command)}' failed");
        lines.Add(("", Stopwatch.GetTimestamp()));
        return [.. lines.Zip(lines.Skip(1), (a, b) => (a.Name, Stopwatch.GetElapsedTime(a.At, b.At).TotalSeconds))];
    }
}
