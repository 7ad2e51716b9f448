using System.Text.RegularExpressions;

namespace KexecSign.Architecture.Tests;

/// <summary>
/// Every error code is raised by a test, which names it by number or by field. Those below are not yet; the list shrinks and never
/// grows: a new code comes with its test.
/// </summary>
public sealed partial class RaisedCodeTests
{
    private static readonly string[] NotRaisedYet =
    [
        "KS1105", "KS1727", "KS2021", "KS3022", "KS3038", "KS3111", "KS3116", "KS3117", "KS3203", "KS3315", "KS3403", "KS3409",
        "KS3650", "KS3668", "KS3672", "KS3711", "KS3851", "KS3852", "KS3857", "KS3860", "KS3862", "KS4114", "KS4118", "KS4131",
        "KS4145", "KS4148", "KS4149", "KS4150", "KS4163", "KS4513", "KS4604", "KS4609", "KS4611", "KS4647", "KS4648", "KS4663",
        "KS5050",
    ];

    [Fact]
    public void Codes_that_no_test_raises_are_those_that_are_known()
    {
        string[] tests = [.. Repository.Files().Where(file => file.StartsWith("tests/", StringComparison.Ordinal))];
        string text = string.Join('\n', tests) + string.Concat(
            tests.Where(file => file.EndsWith(".cs", StringComparison.Ordinal) && !file.EndsWith("/RaisedCodeTests.cs", StringComparison.Ordinal)).Select(Read));
        var named = new HashSet<string>(Words().Matches(text).Select(match => match.Value), StringComparer.Ordinal);
        (string Field, string Id)[] codes =
        [
            .. Repository.Files().Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal))
                .SelectMany(file => Codes().Matches(Read(file))).Select(match => (match.Groups[1].Value, match.Groups[2].Value)),
        ];
        codes.Length.ShouldBeGreaterThan(400);
        string[] missing = [.. codes.Where(code => !named.Contains(code.Id) && !named.Contains(code.Field)).Select(code => code.Id).Order(StringComparer.Ordinal)];
        missing.Except(NotRaisedYet).ShouldBeEmpty("raise each new code in a test");
        NotRaisedYet.Except(missing).ShouldBeEmpty("raised now: take them off the list");
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Repository.Root, file));

    [GeneratedRegex(@"\bErrorCode (\w+) = new\(\s*""(KS\d{4})""")]
    private static partial Regex Codes();

    [GeneratedRegex(@"KS\d{4}|\b[A-Z]\w+")]
    private static partial Regex Words();
}
