using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Pe;

namespace KexecSign.Consumers.Tests.Judges;

/// <summary>A file that shim is asked about, and what its variables hold: paths, null for what is not there.</summary>
internal sealed record ShimQuestion(string Image)
{
    public string? Db { get; init; }

    public string? Dbx { get; init; }

    public string? MokList { get; init; }

    public string? MokListX { get; init; }

    public string? SbatLevel { get; init; }
}

/// <summary>What shim says.</summary>
/// <param name="Accepts">Whether it takes the file.</param>
/// <param name="Dies">Whether it was led out of its buffers.</param>
/// <param name="Sha256">The digest that it computes, in hex; null for none.</param>
/// <param name="Says">Its first message.</param>
internal sealed record ShimAnswer(bool Accepts, bool Dies, string? Sha256, string Says);

/// <summary>
/// Debian's shim, its own code and its own OpenSSL, built by <c>build/shim-judge.sh</c> from the source package when the tests run. Without
/// the sources the tests are skipped.
/// </summary>
internal static class ShimJudge
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    private static readonly Lazy<(string? Folder, string Why)> Built = new(Build);

    /// <summary>The answers of a shim for a machine, in the order of the questions.</summary>
    public static List<ShimAnswer> Ask(IReadOnlyCollection<ShimQuestion> questions, ushort machine = PeConstants.MachineArm64)
    {
        Skip.If(Built.Value.Folder is null, $"shim's source cannot be had: {Built.Value.Why}");
        string program = Path.Combine(Built.Value.Folder!, machine == PeConstants.MachineArm64 ? "shim-aa64" : "shim-x64");
        string input = string.Concat(questions.Select(q =>
            string.Join('\t', [q.Image, .. new[] { q.Db, q.Dbx, q.MokList, q.MokListX, q.SbatLevel }.Select(p => p ?? "-")]) + "\n"));
        ProcessAnswer answer = new ProcessRun(program) { Input = Encoding.UTF8.GetBytes(input), Patience = Patience }.End();
        answer.Exit.ShouldBe(0, answer.Error);
        string[] lines = answer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(questions.Count);
        return [.. lines.Select(l => l.Split('\t')).Select(p => new ShimAnswer(p[0] == "accepts", p[0] == "dies", p[2] == "-" ? null : p[2], p[3]))];
    }

    /// <summary>Images that came with shim's source, signed by others.</summary>
    public static string[] Samples()
    {
        Skip.If(Built.Value.Folder is null, $"shim's source cannot be had: {Built.Value.Why}");
        return Directory.GetFiles(Built.Value.Folder!, "*.efi");
    }

    private static (string? Folder, string Why) Build()
    {
        string judges = Path.Combine(AppContext.BaseDirectory, "Judges");
        string script = Path.Combine(AppContext.BaseDirectory, "shim-judge.sh");
        ProcessAnswer answer = new ProcessRun("bash", script, DebianKernels.Cache, judges) { Patience = Patience }.End();
        return answer.Exit == 0 ? (answer.Output.Trim().Split('\n')[^1], "") : (null, answer.Error.Trim());
    }
}
