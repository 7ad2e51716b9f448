using System.Collections.Immutable;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Catalog;
using KexecSign.Commands.Simulate;
using KexecSign.Fixtures;

namespace KexecSign.Boot.Tests.Parsers;

/// <summary>A kernel's report beside the prediction of <c>simulate</c>.</summary>
internal static class JudgeVerdict
{
    /// <summary>Simulates a case and compares.</summary>
    /// <param name="judge">Which kernel.</param>
    /// <param name="parser">What it was given.</param>
    /// <param name="report">What it reported.</param>
    /// <param name="folder">A place for the files.</param>
    /// <param name="console">What the machine said.</param>
    public static Outcome Compare(string judge, ParserCase parser, ImmutableArray<string> report, TempFolder folder, string console)
    {
        var options = new SimulateOptions
        {
            File = folder.File("file", parser.File),
            Image = parser.Image is null ? null : folder.File("image", parser.Image),
            Abi = parser.Abi,
            PageSize = 4096,
        };
        SimulateResult simulated = LabBench.Run(OperationCatalog.Simulate, options);
        ImmutableArray<string> expected = ParserFacts.Predicted(simulated), seen = ParserFacts.Seen(report);
        int same = expected.AsSpan().CommonPrefixLength(seen.AsSpan());
        string verdict = $"as simulated: {expected[^1]}, {expected.Length} facts";
        string what = same == expected.Length && same == seen.Length ? verdict : $"fact {same + 1} is '{At(seen, same)}', not '{At(expected, same)}'";
        return new(
            $"{judge}, {parser.Abi.ToString().ToLowerInvariant()}", parser.Name, verdict, what, 0,
            $"simulated:\n{string.Join('\n', expected)}\n{simulated.Fault?.Code} {simulated.Fault?.Reason}\n\nreported:\n{string.Join('\n', report)}\n\n{console}");
    }

    private static string At(ImmutableArray<string> facts, int index) => index < facts.Length ? facts[index] : "missing";
}
