using System.Text.RegularExpressions;
using KexecSign.Catalog;

namespace KexecSign.Architecture.Tests;

/// <summary>Every variable of the environment that the sources read is in the table that man pages and documentation are made from.</summary>
public sealed partial class EnvironmentTests
{
    // Where a reader is given something other than a literal, it is one of these: a name from a table or constant that is found below, or one
    // that the user gives.
    private static readonly string[] KnownWords = ["Variable", "AgentMessage.Variable", "LogsAll", "name", "variable", "j.Index", "Count"];

    private static readonly string[] Sources =
    [
        .. Repository.Files().Where(file => file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
            && !file.EndsWith("/EnvironmentReference.cs", StringComparison.Ordinal)).Select(file => File.ReadAllText(Path.Combine(Repository.Root, file))),
    ];

    private static IEnumerable<string> Read => Sources
        .SelectMany(text => Reading().Matches(text).Concat(Constant().Matches(text)).Concat(Own().Matches(text)).Select(match => match.Groups["name"].Value)
            .Concat(Table().Matches(text).SelectMany(table => Literal().Matches(table.Value).Select(match => match.Groups["name"].Value))))
        .Distinct();

    [Fact]
    public void What_is_read_is_in_the_table() =>
        Read.Except(EnvironmentReference.All.Select(variable => variable.Name)).ShouldBeEmpty("add it to src/KexecSign/Catalog/EnvironmentReference.cs");

    [Fact]
    public void What_is_in_the_table_is_read() =>
        EnvironmentReference.All.Select(variable => variable.Name).Except(Read).ShouldBeEmpty("nothing reads it any more");

    [Fact]
    public void A_name_that_is_computed_is_known() =>
        Sources.SelectMany(text => Computed().Matches(text).Select(match => match.Groups["word"].Value)).Distinct().Except(KnownWords).ShouldBeEmpty();

    [Theory]
    [InlineData("boot", true)]
    [InlineData("testset", true)]
    [InlineData("zboot repack", true)]
    [InlineData("inspect", false)]
    public void Commands_that_run_programs_say_how_they_are_found(string name, bool runs) =>
        EnvironmentReference.Of(OperationCatalog.All.Single(operation => operation.Name == name)).Any(variable => variable.Name == "PATH").ShouldBe(runs);

    // Where a plan has a step that runs something, the command looks for a program; 'agent' runs what it is told, with its own environment.
    [Fact]
    public void Whoever_plans_to_run_a_program_says_so()
    {
        string[] running = [.. OperationCatalog.All.Where(operation => operation.RunsPrograms).Select(operation => operation.Name)];
        Sources.Where(text => text.Contains("new(\"run\", ", StringComparison.Ordinal)).Select(text => OperationName().Match(text).Groups["name"].Value)
            .Where(name => name is not ("" or "agent")).Except(running).ShouldBeEmpty("say RunsPrograms in its definition");
    }

    [GeneratedRegex("""\bName = "(?<name>[a-z ]+)",\n""")]
    private static partial Regex OperationName();

    [Fact]
    public void Each_is_listed_once() => EnvironmentReference.All.Select(variable => variable.Name).ShouldBeUnique();

    // Environment.GetEnvironmentVariable("X"), run.Environment("X"), environment("X"), EnvironmentVariable = "X" where it is not an example.
    [GeneratedRegex("""(?<!///.*)\b(?:GetEnvironmentVariable|Environment|environment)\("(?<name>[A-Za-z0-9_]+)"\)""")]
    private static partial Regex Reading();

    [GeneratedRegex("""\bconst string (?:Variable|LogsAll) = "(?<name>[A-Z0-9_]+)";""")]
    private static partial Regex Constant();

    // Whatever else has our prefix.
    [GeneratedRegex("\"(?<name>KEXECSIGN_[A-Z0-9_]+)\"")]
    private static partial Regex Own();

    // Tables of names: the schedulers', what children inherit, where a module is looked up.
    [GeneratedRegex("""(?:ImmutableArray<ArrayJob> Known =\s*\[.*?\n    \];|Inherited = \[[^\]]*\]|string variable in \(ReadOnlySpan<string>\)\[[^\]]*\])""", RegexOptions.Singleline)]
    private static partial Regex Table();

    [GeneratedRegex("\"(?<name>[A-Z0-9_]{4,})\"")]
    private static partial Regex Literal();

    [GeneratedRegex("""\b(?:GetEnvironmentVariable|Environment|environment)\((?<word>[A-Za-z][\w.]*)\)""")]
    private static partial Regex Computed();
}
