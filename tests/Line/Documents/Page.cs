using System.Text.RegularExpressions;

namespace KexecSign.Line.Tests.Documents;

/// <summary>A fenced block of a page, and what the comments before it say of it.</summary>
/// <param name="Page">Name of the page.</param>
/// <param name="Line">Line of the fence, from 1.</param>
/// <param name="Language">What stands behind the fence.</param>
/// <param name="Text">The block.</param>
/// <param name="NotRun">Why a test does not run it: <c>&lt;!-- not run: REASON --&gt;</c>.</param>
/// <param name="Exit">How it ends: <c>&lt;!-- ends with: 4 --&gt;</c>.</param>
/// <param name="File">The file that the reader writes it into: <c>&lt;!-- file: NAME --&gt;</c>.</param>
/// <param name="Schema">The schema that it keeps to: <c>&lt;!-- schema: NAME --&gt;</c>.</param>
internal sealed record Fence(string Page, int Line, string Language, string Text, string? NotRun, int Exit, string? File, string? Schema)
{
    public string Place => $"{Page}:{Line}";
}

/// <summary>A page for readers: what they have before it, <c>&lt;!-- has: NAME NAME --&gt;</c>, and its blocks in order.</summary>
internal sealed partial record Page(string Name, IReadOnlyList<string> Has, IReadOnlyList<Fence> Fences)
{
    /// <summary>The pages for a person's first day.</summary>
    public static readonly string[] Names =
    [
        "README.md", "docs/install.md", "docs/tutorial-packager.md", "docs/tutorial-ci.md", "docs/tutorial-msbuild.md", "docs/tutorial-cake.md",
        "docs/tutorial-kexec.md", "docs/plan-guide.md", "docs/how-it-works.md",
    ];

    public static Page Read(string name)
    {
        string[] lines = System.IO.File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "pages", Path.GetFileName(name)));
        List<string> has = [];
        List<Fence> fences = [];
        Dictionary<string, string> marks = [];
        for (int i = 0; i < lines.Length; i++)
        {
            if (Mark().Match(lines[i]) is { Success: true } mark)
            {
                if (mark.Groups[1].Value == "has")
                    has.AddRange(mark.Groups[2].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
                else
                    marks[mark.Groups[1].Value] = mark.Groups[2].Value;
            }
            else if (lines[i].StartsWith("```", StringComparison.Ordinal))
            {
                int end = Array.IndexOf(lines, "```", i + 1);
                fences.Add(new(name, i + 1, lines[i][3..].Trim(), string.Join('\n', lines[(i + 1)..end]) + "\n", marks.GetValueOrDefault("not run"),
                    int.Parse(marks.GetValueOrDefault("ends with", "0"), System.Globalization.CultureInfo.InvariantCulture), marks.GetValueOrDefault("file"), marks.GetValueOrDefault("schema")));
                marks = [];
                i = end;
            }
            else if (lines[i].Trim().Length > 0)
            {
                marks.Count.ShouldBe(0, $"{name}:{i + 1}: a mark stands before something that is no block");
            }
        }
        return new(name, has, fences);
    }

    /// <summary>All that the reader types and writes, as one script; files that are written come from a folder beside it.</summary>
    public string Script(string stash)
    {
        var script = new System.Text.StringBuilder();
        foreach (Fence fence in Fences.Where(fence => fence.NotRun is null))
        {
            if (fence.File is { } file)
            {
                string kept = Path.Combine(stash, $"{fence.Line}");
                System.IO.File.WriteAllText(kept, fence.Text);
                script.Append(System.Globalization.CultureInfo.InvariantCulture, $"mkdir -p \"$(dirname '{file}')\"; cp '{kept}' '{file}'\n");
            }
            else if (fence.Language == "sh")
            {
                script.Append(System.Globalization.CultureInfo.InvariantCulture, $"echo '== {fence.Place}'\n");
                script.Append(fence.Exit == 0
                    ? fence.Text
                    : $"set +e\n(\n{fence.Text})\nended=$?\nset -e\n[ $ended -eq {fence.Exit} ] || {{ echo \"{fence.Place} ended with $ended\"; exit 99; }}\n");
            }
        }
        return script.ToString();
    }

    [GeneratedRegex(@"^<!-- (has|not run|ends with|file|schema): (.*) -->$")]
    private static partial Regex Mark();
}
