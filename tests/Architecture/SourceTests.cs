using System.Text.RegularExpressions;

namespace KexecSign.Architecture.Tests;

/// <summary>Rules about the source text itself.</summary>
public sealed partial class SourceTests
{
    private const int LongestFile = 400, LongestLine = 200, WantedLine = 140;

    // What there was when the rule was made, and some. It only goes down.
    private const int LinesStillTooLong = 60;

    private static readonly string[] Sources =
        [.. Repository.Files().Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal))];

    [Fact]
    public void Are_found() => Sources.Length.ShouldBeGreaterThan(50);

    // ErrorReference.cs is a list that a test writes, one line a code; nobody reads it top to bottom.
    [Fact]
    public void No_file_is_longer_than_400_lines() =>
        Sources.Where(file => !file.EndsWith("/ErrorReference.cs", StringComparison.Ordinal)).Select(file => (file, File.ReadAllLines(Full(file)).Length)).Where(found => found.Length > LongestFile).ShouldBeEmpty();

    // Tables and tasks that tests write are not read top to bottom, and the text of a schema is JSON.
    [Fact]
    public void Lines_can_be_read_beside_others()
    {
        string[] lines =
        [
            .. Sources.Where(file => !file.EndsWith("/ErrorReference.cs", StringComparison.Ordinal) && !file.StartsWith("src/KexecSign.MSBuild/Tasks/", StringComparison.Ordinal)
                    && !file.EndsWith("/PublishedSchemas.cs", StringComparison.Ordinal))
                .SelectMany(file => File.ReadAllLines(Full(file)).Select((line, at) => (line, place: $"{file}:{at + 1}")))
                .Where(found => found.line.Length > WantedLine).Select(found => found.line.Length > LongestLine ? found.place : ""),
        ];
        lines.Where(place => place.Length > 0).ShouldBeEmpty($"longer than {LongestLine} columns");
        lines.Length.ShouldBeLessThanOrEqualTo(LinesStillTooLong, $"lines of more than {WantedLine} columns: break what you touch");
    }

    [Fact]
    public void Nothing_is_called_Utils_Helpers_or_Manager()
    {
        Sources.Where(file => file.Split('/', '.').Any(part => Vague().IsMatch(part))).ShouldBeEmpty();
        Sources.SelectMany(file => Declaration().Matches(File.ReadAllText(Full(file))).Select(match => $"{file}: {match.Groups[1].Value}"))
            .Where(found => Vague().IsMatch(found)).ShouldBeEmpty();
    }

    [Fact]
    public void Namespaces_follow_folders() =>
        Sources.Select(file => (File: file, Declared: Namespace().Match(File.ReadAllText(Full(file))).Groups[1].Value))
            .Where(found => found.Declared.Length > 0 && found.Declared != Expected(found.File))
            .Select(found => $"{found.File} declares {found.Declared}, not {Expected(found.File)}").ShouldBeEmpty();

    // Each face spells options in its own words (FaceWords); an error names them. Commands of others are theirs.
    [Fact]
    public void Errors_name_options_and_spell_none()
    {
        string[] found =
        [
            .. from file in Sources
               where file.Split('/') is ["src", "KexecSign.Formats" or "KexecSign.Keys" or "KexecSign.Simulation", ..] or ["src", "KexecSign", "Core", "Errors", ..]
               where !file.EndsWith("/FaceWords.cs", StringComparison.Ordinal)
               from line in File.ReadAllLines(Full(file))
               where !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
               from text in Text().Matches(line).Select(match => OfOthers().Replace(match.Value, ""))
               where Spelled().IsMatch(text)
               select $"{file}: {text}",
        ];
        found.ShouldBeEmpty("write [option:NAME] or [run:COMMAND, NAME]");
    }

    private static string Expected(string file) => Path.GetDirectoryName(file)!["src/".Length..].Replace('/', '.');

    private static string Full(string file) => Path.Combine(Repository.Root, file);

    [GeneratedRegex("(Utils?|Utilities|Helpers?|Managers?)$")]
    private static partial Regex Vague();

    [GeneratedRegex(@"\b(?:class|struct|record|interface|enum) ([A-Z]\w*)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.)*\"")]
    private static partial Regex Text();

    [GeneratedRegex(@"'(evmctl|ukify|pkcs11-tool|\{0\} --help)[^']*'|Submit --array=1-N|--xattr-user and --sigfile")]
    private static partial Regex OfOthers();

    [GeneratedRegex(@"(?<![\w-])--[a-z{]|'kexecsign ")]
    private static partial Regex Spelled();
}
