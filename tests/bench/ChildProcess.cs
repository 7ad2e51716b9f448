using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace KexecSign.Bench;

/// <summary>One run of a program, seen from outside.</summary>
/// <param name="Wall">Seconds from its start to its end.</param>
/// <param name="Cpu">Seconds of user and system time, all threads.</param>
/// <param name="PeakKiB">Highest resident size.</param>
/// <param name="Output">What it wrote to standard output.</param>
internal sealed record ChildRun(double Wall, double Cpu, long PeakKiB, string Output);

/// <summary>
/// Starts programs below GNU time. The kernel counts a child's peak from the size of the process that it was forked from,
/// and time is small where this one is not.
/// </summary>
internal sealed partial class ChildProcess(string work)
{
    private readonly string _figures = Path.Combine(work, "time");
    private readonly string _output = Path.Combine(work, "stdout");
    private readonly string _errors = Path.Combine(work, "stderr");

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="InvalidOperationException">It could not be started, or failed.</exception>
    public unsafe ChildRun Run(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment)
    {
        string[] arguments = ["/usr/bin/time", "-o", _figures, "-f", "%U %S %M", "--", .. command];
        string[] variables = [.. Variables(environment)];
        byte* actions = stackalloc byte[256];
        Expect(FileActionsInit(actions), "posix_spawn_file_actions_init");
        Expect(FileActionsAddOpen(actions, 0, "/dev/null", OpenRead, 0), "/dev/null");
        Expect(FileActionsAddOpen(actions, 1, _output, OpenTruncate, 0x180), _output);
        Expect(FileActionsAddOpen(actions, 2, _errors, OpenTruncate, 0x180), _errors);

        nint argv = Block(arguments), envp = Block(variables);
        long began = Stopwatch.GetTimestamp();
        Expect(Spawn(out int child, arguments[0], actions, 0, argv, envp), string.Join(' ', command));
        int status;
        while (WaitPid(child, out status, 0) != child)
        {
        }
        double wall = Stopwatch.GetElapsedTime(began).TotalSeconds;
        _ = FileActionsDestroy(actions);
        Release(argv, arguments.Length);
        Release(envp, variables.Length);
        if (status != 0)
            throw new InvalidOperationException($"'{string.Join(' ', command)}' failed (wait status 0x{status:x}): {File.ReadAllText(_errors).Trim()}");

        string[] figures = File.ReadAllLines(_figures)[^1].Split(' ');
        double Seconds(int index) => double.Parse(figures[index], CultureInfo.InvariantCulture);
        return new(wall, Seconds(0) + Seconds(1), long.Parse(figures[2], CultureInfo.InvariantCulture), File.ReadAllText(_output));
    }

    /// <summary>Writes everything to the disk, so that no run pays for the one before it.</summary>
    [LibraryImport("libc", EntryPoint = "sync")]
    public static partial void Settle();

    private const int OpenRead = 0, OpenTruncate = 0x1 | 0x40 | 0x200;

    private static IEnumerable<string> Variables(IReadOnlyDictionary<string, string> more)
    {
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            // Settings of the runtime that runs this program must not reach the one that is measured.
            if (variable.Key is string name && !more.ContainsKey(name) && !name.StartsWith("DOTNET_TieredPGO", StringComparison.Ordinal))
                yield return $"{name}={variable.Value}";
        }
        foreach ((string name, string value) in more)
            yield return $"{name}={value}";
    }

    private static void Expect(int error, string what)
    {
        if (error != 0)
            throw new InvalidOperationException($"'{what}' could not be started: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    private static nint Block(string[] texts)
    {
        nint block = Marshal.AllocHGlobal((texts.Length + 1) * nint.Size);
        for (int i = 0; i < texts.Length; i++)
            Marshal.WriteIntPtr(block, i * nint.Size, Marshal.StringToCoTaskMemUTF8(texts[i]));
        Marshal.WriteIntPtr(block, texts.Length * nint.Size, 0);
        return block;
    }

    private static void Release(nint block, int count)
    {
        for (int i = 0; i < count; i++)
            Marshal.FreeCoTaskMem(Marshal.ReadIntPtr(block, i * nint.Size));
        Marshal.FreeHGlobal(block);
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Spawn(out int child, string path, byte* actions, nint attributes, nint argv, nint envp);

    [LibraryImport("libc", EntryPoint = "waitpid")]
    private static partial int WaitPid(int child, out int status, int options);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static unsafe partial int FileActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int FileActionsAddOpen(byte* actions, int descriptor, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static unsafe partial int FileActionsDestroy(byte* actions);
}
