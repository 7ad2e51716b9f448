using System.Text;

namespace KexecSign.Fixtures;

/// <summary>What a program said, and how it ended.</summary>
/// <param name="Exit">Its exit code.</param>
/// <param name="OutputBytes">Standard output.</param>
/// <param name="ErrorBytes">Standard error.</param>
public sealed record ProcessAnswer(int Exit, byte[] OutputBytes, byte[] ErrorBytes)
{
    /// <summary>Standard output.</summary>
    public string Output => Encoding.UTF8.GetString(OutputBytes);

    /// <summary>Standard error.</summary>
    public string Error => Encoding.UTF8.GetString(ErrorBytes);

    /// <summary>Standard output, then standard error.</summary>
    public string Said => Output + Error;
}

/// <summary>How a test runs a program; the only way, so that none waits for ever and none reads one stream while the other is full.</summary>
public sealed record ProcessRun
{
    /// <param name="program">Its path, or its name in PATH.</param>
    /// <param name="arguments">Handed over as they are, without a shell.</param>
    public ProcessRun(string program, params IEnumerable<string> arguments)
    {
        Program = program;
        Arguments = [.. arguments];
    }

    /// <summary>Path or name of the program.</summary>
    public string Program { get; }

    /// <summary>Its arguments.</summary>
    public IReadOnlyList<string> Arguments { get; }

    /// <summary>Variables beside those of this process, or in their place.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Says which variables of this process the program does not get.</summary>
    public Predicate<string>? Without { get; init; }

    /// <summary>What it reads from standard input, which then ends.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>The folder that it works in; null for that of this process.</summary>
    public string? Folder { get; init; }

    /// <summary>After this time it is killed, and all that it started.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>This process's PATH with folders in front.</summary>
    public static string PathBehind(params ReadOnlySpan<string> folders) =>
        string.Join(':', [.. folders, System.Environment.GetEnvironmentVariable("PATH") ?? ""]);

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="InvalidOperationException">It did not end in time.</exception>
    public ProcessAnswer End()
    {
        using RunningProcess running = Start();
        return running.End();
    }

    /// <summary>Starts it, for those who do something while it runs.</summary>
    public RunningProcess Start() => new(this);

    /// <inheritdoc/>
    public override string ToString() => $"{Program} {string.Join(' ', Arguments)}";
}
