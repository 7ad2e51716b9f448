using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using KexecSign.Formats.Cpio;
using KexecSign.Formats.Layouts;

namespace KexecSign.Boot.Tests.Lab;

/// <summary>What a running kernel answered.</summary>
/// <param name="Errno">Error number by step; 0 is success.</param>
/// <param name="Booted">What the initrd said at the end; null when it did not come so far.</param>
/// <param name="Seconds">How long the machine ran.</param>
/// <param name="Console">All that it said.</param>
internal sealed record KernelAnswers(ImmutableDictionary<string, int> Errno, string? Booted, double Seconds, string Console);

/// <summary>One boot of a kernel whose initrd does a list of steps: many candidates in one machine. See initrd/init.c for the steps.</summary>
internal sealed partial class KernelSession(string folder, string init)
{
    private readonly List<(string Name, string From)> _files = [];
    private readonly List<string> _steps = [];

    /// <summary>The kernel that runs.</summary>
    public required string Kernel { get; init; }

    /// <summary>The machine that it runs on.</summary>
    public Board Board { get; init; } = Board.Arm64;

    /// <summary>The firmware that starts the kernel when there is a store for it.</summary>
    public Firmware Firmware { get; init; } = Firmware.Arm64;

    /// <summary>A variable store for the firmware; null to start the kernel without firmware.</summary>
    public string? Store { get; init; }

    /// <summary>Whether that store keeps what the kernel has firmware write.</summary>
    public bool KeepsStore { get; init; }

    /// <summary>Its parameters.</summary>
    public string Parameters { get; init; } = "";

    /// <summary>How long it may take.</summary>
    public int Seconds { get; init; } = 240;

    /// <summary>Gives the machine a file; the name in its root folder comes back.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Its name there; made up when not given.</param>
    public string Give(string path, string? name = null)
    {
        name ??= $"f{_files.Count}";
        _files.Add((name, path));
        return "/" + name;
    }

    /// <summary>Adds a step.</summary>
    /// <param name="name">By which its answer is found; no blanks.</param>
    /// <param name="step">What init.c is to do.</param>
    public void Add(string name, string step) => _steps.Add($"{name} {step}");

    /// <summary>Writes the initrd that does the steps.</summary>
    public string WriteInitrd()
    {
        string initrd = Path.Combine(folder, $"initrd-{Guid.NewGuid():N}.img"), steps = initrd + ".steps";
        File.WriteAllText(steps, string.Join('\n', _steps) + "\n");
        WriteArchive(initrd, [("init", init), ("steps", steps), .. _files]);
        return initrd;
    }

    /// <summary>Boots and collects the answers.</summary>
    public KernelAnswers Run()
    {
        string initrd = WriteInitrd();
        string[] machine = Store is null ? Board.Machine : Firmware.Arguments(Store, KeepsStore);
        var clock = Stopwatch.StartNew();
        string console = Machine.Run(
            Board.Program, [.. machine, "-m", "2048", "-kernel", Kernel, "-initrd", initrd, "-append", $"console={Board.Console} panic=-1 {Parameters}"],
            line => line.StartsWith("KexecSign: booted", StringComparison.Ordinal) || line.Contains("failed to load Boot", StringComparison.Ordinal), Seconds);
        File.Delete(initrd);
        return new(
            Answers().Matches(console).ToImmutableDictionary(m => m.Groups[1].Value, m => int.Parse(m.Groups[2].ValueSpan, CultureInfo.InvariantCulture)),
            console.Split('\n').LastOrDefault(l => l.StartsWith("KexecSign: booted", StringComparison.Ordinal)), clock.Elapsed.TotalSeconds, console);
    }

    private static void WriteArchive(string path, IEnumerable<(string Name, string From)> files)
    {
        Layout archive = NewcArchive.Write(files.Select(f => (f.Name, 0x1EDu, Layout.Of(File.ReadAllBytes(f.From)))));
        byte[] chunk = new byte[1 << 20];
        using FileStream file = File.Create(path);
        for (long at = 0; at < archive.Length; at += chunk.Length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(chunk.Length, archive.Length - at));
            archive.Read(at, part);
            file.Write(part);
        }
    }

    // A kernel of 7.3 prints by a thread, between whatever else is sent: "step load2 = 126kexec_file: Enforced kernel signature ...".
    [GeneratedRegex(@"^KexecSign: step (\S+) = (\d+)", RegexOptions.Multiline)]
    private static partial Regex Answers();
}
