using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using KexecSign.Pictures;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>What was expected of a scenario, and what was seen.</summary>
/// <param name="Group">Who judged.</param>
/// <param name="Name">What was judged.</param>
/// <param name="Expected">The verdict that is right.</param>
/// <param name="Seen">The verdict that was given.</param>
/// <param name="Seconds">How long it took; 0 where many were judged in one boot.</param>
/// <param name="Console">What the machine said.</param>
internal sealed record Outcome(string Group, string Name, string Expected, string Seen, double Seconds, string Console)
{
    /// <summary>Whether they are the same.</summary>
    public bool Holds => Expected == Seen;
}

/// <summary>
/// All scenarios of a run: as a table and as KTAP, in the folder that KEXECSIGN_BOOT_RESULTS names, with the serial logs of those that
/// did not go as expected.
/// </summary>
internal sealed class LabReport
{
    private readonly List<Outcome> _outcomes = [];

    private static string? Folder => Environment.GetEnvironmentVariable("KEXECSIGN_BOOT_RESULTS") is { Length: > 0 } set ? set : null;

    /// <summary>Takes note of scenarios and fails when one is not as expected.</summary>
    public void Require(IReadOnlyCollection<Outcome> outcomes)
    {
        outcomes.ShouldNotBeEmpty();
        lock (_outcomes)
        {
            _outcomes.AddRange(outcomes);
            Write();
        }
        ImmutableArray<Outcome> wrong = [.. outcomes.Where(o => !o.Holds)];
        if (!wrong.IsEmpty)
            Assert.Fail(string.Join('\n', wrong.Select(o => $"{o.Group}: {o.Name}: expected {o.Expected}, seen {o.Seen}; serial log: {KeepLog(o)}")));
    }

    private void Write()
    {
        if (Folder is not { } folder)
            return;
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "scenarios.txt"), Table());
        File.WriteAllText(Path.Combine(folder, "scenarios.ktap"), Ktap());
        File.WriteAllText(Path.Combine(folder, "scenarios.html"), HtmlPage.Of(Matrix()));
        File.WriteAllText(Path.Combine(folder, "scenarios.md"), MarkdownPage.Of(Matrix()));
    }

    // Images and those who judged them, as a test set's matrix is drawn: what was seen, and where that is another than expected, both.
    private PictureReport Matrix()
    {
        int wrong = _outcomes.Count(o => !o.Holds);
        return new("What firmware and kernels did", wrong == 0 ? PictureTone.Good : PictureTone.Bad, $"{_outcomes.Count} scenarios, {wrong} not as expected",
        [
            .. _outcomes.GroupBy(o => o.Name, StringComparer.Ordinal).Select(image => new PictureImage(image.Key, image.All(o => o.Holds) ? PictureTone.Good : PictureTone.Bad, "")
            {
                Answers = [.. image.Select(o => new PictureAnswer(o.Group, !o.Holds ? PictureTone.Open : o.Seen == "accepts" ? PictureTone.Good : PictureTone.Bad, o.Holds ? o.Seen : $"{o.Seen}, expected {o.Expected}", ""))],
            }),
        ]);
    }

    private string Table()
    {
        string[][] rows =
        [
            ["", "judge", "scenario", "expected", "seen", "seconds"],
            .. _outcomes.Select(o => new[] { o.Holds ? "ok" : "NOT OK", o.Group, o.Name, o.Expected, o.Seen, o.Seconds > 0 ? o.Seconds.ToString("F1", CultureInfo.InvariantCulture) : "" }),
        ];
        int[] widths = [.. Enumerable.Range(0, 6).Select(i => rows.Max(r => r[i].Length))];
        var text = new StringBuilder();
        foreach (string[] row in rows)
            text.Append(string.Join("  ", row.Select((cell, i) => cell.PadRight(widths[i]))).TrimEnd()).Append('\n');
        return text.Append(CultureInfo.InvariantCulture, $"{_outcomes.Count} scenarios, {_outcomes.Count(o => !o.Holds)} not as expected\n").ToString();
    }

    private string Ktap()
    {
        var text = new StringBuilder($"KTAP version 1\n1..{_outcomes.Count}\n");
        for (int i = 0; i < _outcomes.Count; i++)
        {
            Outcome outcome = _outcomes[i];
            text.Append($"{(outcome.Holds ? "ok" : "not ok")} {i + 1} {outcome.Group}: {outcome.Name}\n");
            if (!outcome.Holds)
                text.Append($"# expected {outcome.Expected}, seen {outcome.Seen}\n");
        }
        return text.ToString();
    }

    private static string KeepLog(Outcome outcome)
    {
        if (outcome.Console.Length == 0)
            return "none";
        string name = string.Concat($"{outcome.Group}-{outcome.Name}".Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_'));
        string path = Path.Combine(Folder ?? Path.GetTempPath(), $"kexecsign-serial-{name}.log");
        File.WriteAllText(path, outcome.Console);
        return path;
    }
}
