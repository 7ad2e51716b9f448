using System.Collections.Immutable;
using System.Text.RegularExpressions;
using KexecSign.Boot.Tests.Lab;
using KexecSign.Formats.Bpf;
using KexecSign.Simulation.Bpf;

namespace KexecSign.Boot.Tests.Parsers;

/// <summary>One boot in which a kernel judges many parsers.</summary>
internal static partial class JudgeSession
{
    /// <summary>What the kernel reported of each case, and what it said on its console.</summary>
    public static (ImmutableArray<ImmutableArray<string>> Reports, KernelAnswers Answers) Run(JudgeModule module, IReadOnlyList<ParserCase> cases, string work, string init)
    {
        var session = new KernelSession(work, init) { Kernel = module.Kernel, Board = module.Board, Parameters = "quiet loglevel=3", Seconds = 600 };
        foreach (IGrouping<ParserAbi, (ParserCase Case, int Index)> series in cases.Select((c, i) => (Case: c, Index: i)).GroupBy(c => c.Case.Abi))
        {
            string name = $"kexec_judge_{series.Key.ToString().ToLowerInvariant()}";
            session.Add($"insert-{name}", $"insert {session.Give(Path.Combine(module.Folder, name + ".ko"))}");
            foreach ((ParserCase parser, int index) in series)
            {
                string file = Give(parser.File, $"{index}.file"), image = parser.Image is null ? "" : Give(parser.Image, $"{index}.image");
                session.Add($"case-{index}", $"judge {file} {image}".TrimEnd());
            }
            session.Add($"remove-{name}", $"remove {name}");
        }
        KernelAnswers answers = session.Run();
        ILookup<string, string> reports = Reports(answers);
        return ([.. cases.Select((_, i) => reports[$"case-{i}"].ToImmutableArray())], answers);

        string Give(byte[] content, string name)
        {
            string path = Path.Combine(work, name);
            File.WriteAllBytes(path, content);
            return session.Give(path);
        }
    }

    /// <summary>Lines of the reports, by step.</summary>
    public static ILookup<string, string> Reports(KernelAnswers answers) => Lines().Matches(answers.Console).ToLookup(m => m.Groups[1].Value, m => m.Groups[2].Value);

    [GeneratedRegex(@"^KexecSign: judge (\S+) (.*)$", RegexOptions.Multiline)]
    private static partial Regex Lines();
}
