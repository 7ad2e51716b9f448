using System.Text.RegularExpressions;

namespace KexecSign.Architecture.Tests;

/// <summary>Every error code is raised by a test, which names it by number (KS1234) or by field (KeyErrors.TokenGone).</summary>
public sealed partial class RaisedCodeTests
{
    /// <summary>Codes that only a fault of a machine raises that no test can have, each with what that is.</summary>
    private static readonly Dictionary<string, string> NotToBeHad = [];

    [Fact]
    public void Every_code_is_raised_by_a_test()
    {
        string[] tests = [.. Repository.Files().Where(file => file.StartsWith("tests/", StringComparison.Ordinal))];
        string text = string.Join('\n', tests) + string.Concat(
            tests.Where(file => file.EndsWith(".cs", StringComparison.Ordinal) && !file.EndsWith("/RaisedCodeTests.cs", StringComparison.Ordinal)).Select(Read));
        var named = new HashSet<string>(Numbers().Matches(text).Select(match => match.Value), StringComparer.Ordinal);
        named.UnionWith(Fields().Matches(text).Select(match => match.Groups[1].Value));
        (string Field, string Id)[] codes =
        [
            .. Repository.Files().Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal))
                .SelectMany(file => Codes().Matches(Read(file))).Select(match => (match.Groups[1].Value, match.Groups[2].Value)),
        ];
        codes.Length.ShouldBeGreaterThan(400);
        string[] missing = [.. codes.Where(code => !named.Contains(code.Id) && !named.Contains(code.Field)).Select(code => code.Id).Order(StringComparer.Ordinal)];
        missing.ShouldBe(
            [.. NotToBeHad.Keys.Order(StringComparer.Ordinal)],
            customMessage: "raise each code in a test; one that nothing raises any more is deleted");
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Repository.Root, file));

    [GeneratedRegex(@"\bErrorCode (\w+) = new\(\s*""(KS\d{4})""")]
    private static partial Regex Codes();

    [GeneratedRegex(@"KS\d{4}")]
    private static partial Regex Numbers();

    [GeneratedRegex(@"\w(?:Errors|Rules)\.(\w+)")]
    private static partial Regex Fields();
}
