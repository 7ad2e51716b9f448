using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Trace = SharpFuzz.Common.Trace;

namespace KexecSign.Fuzz;

/// <summary>
/// Mutations that are kept when they reach code that none before did. SharpFuzz puts a counter at each branch of the product's assemblies,
/// in a copy of this program; the corpus stays for the next run.
/// </summary>
public static unsafe class GuidedRun
{
    private const int MapSize = 1 << 16;
    private static readonly string[] Instrumented = ["KexecSign.Formats.dll", "KexecSign.Keys.dll", "KexecSign.Simulation.dll", "KexecSign.dll"];

    /// <summary>Instruments a copy of this program and runs it; gives its exit code.</summary>
    public static int Start(TimeSpan time, string corpus, string faults)
    {
        DirectoryInfo copy = Directory.CreateTempSubdirectory("kexecsign-fuzz-");
        try
        {
            foreach (string file in Directory.GetFiles(AppContext.BaseDirectory))
                File.Copy(file, Path.Combine(copy.FullName, Path.GetFileName(file)));
            foreach (string assembly in Instrumented)
                SharpFuzz.Fuzzer.Instrument(Path.Combine(copy.FullName, assembly), _ => true, SharpFuzz.Options.Value);
            using Process child = Process.Start(
                "dotnet", [Path.Combine(copy.FullName, "KexecSign.Fuzz.dll"), "instrumented", $"{time.TotalMinutes}", Path.GetFullPath(corpus), Path.GetFullPath(faults)]);
            child.WaitForExit();
            return child.ExitCode;
        }
        finally
        {
            copy.Delete(recursive: true);
        }
    }

    /// <summary>Gives the instrumented assemblies somewhere to count, before anything of them runs.</summary>
    public static void Begin() => Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(MapSize);

    /// <summary>The run itself, in the instrumented copy.</summary>
    public static int Run(IReadOnlyList<Reader> readers, TimeSpan time, string corpusFolder, Faults faults)
    {
        ArgumentNullException.ThrowIfNull(readers);
        ArgumentNullException.ThrowIfNull(faults);
        byte* map = Trace.SharedMem;
        byte[] seen = new byte[MapSize * readers.Count];
        var corpora = readers.Select(r => Load(r, Path.Combine(corpusFolder, r.Name))).ToArray();
        long[] runs = new long[readers.Count], found = new long[readers.Count];
        // What is known counts before anything new does.
        for (int r = 0; r < readers.Count; r++)
        {
            foreach (byte[] input in corpora[r])
                Reaches(readers[r], input, map, seen.AsSpan(r * MapSize, MapSize), faults);
        }
        var mutator = new Mutator(Environment.TickCount);
        TimeSpan turn = TimeSpan.FromMilliseconds(500);
        for (long began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < time;)
        {
            for (int r = 0; r < readers.Count && Stopwatch.GetElapsedTime(began) < time; r++)
            {
                List<byte[]> corpus = corpora[r];
                for (long from = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(from) < turn; runs[r]++)
                {
                    byte[] input = mutator.Of(corpus[mutator.Next(corpus.Count)], corpus[mutator.Next(corpus.Count)]);
                    if (!Reaches(readers[r], input, map, seen.AsSpan(r * MapSize, MapSize), faults))
                        continue;
                    found[r]++;
                    corpus.Add(input);
                    Keep(Path.Combine(corpusFolder, readers[r].Name), input);
                }
            }
        }
        for (int r = 0; r < readers.Count; r++)
        {
            int edges = MapSize - seen.AsSpan(r * MapSize, MapSize).Count((byte)0);
            Console.WriteLine($"{readers[r].Name,-24} {runs[r],9} runs, {corpora[r].Count,6} in the corpus ({found[r]} new), {edges,6} places");
        }
        Console.WriteLine($"{runs.Sum()} runs in {time.TotalMinutes} minutes, {found.Sum()} inputs new in the corpus, {faults.Count} kinds of faults");
        return faults.Count;
    }

    private static bool Reaches(Reader reader, byte[] input, byte* map, Span<byte> seen, Faults faults)
    {
        new Span<byte>(map, MapSize).Clear();
        Trace.PrevLocation = 0;
        Attempt.Of(reader, input, faults);
        bool isNew = false;
        for (int i = 0; i < MapSize; i++)
        {
            byte bucket = Bucket(map[i]);
            if ((bucket & ~seen[i]) == 0)
                continue;
            seen[i] |= bucket;
            isNew = true;
        }
        return isNew;
    }

    // As AFL counts: a loop that runs twice is not news when it runs three times more.
    private static byte Bucket(byte count) => count switch
    {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        < 8 => 8,
        < 16 => 16,
        < 32 => 32,
        < 128 => 64,
        _ => 128,
    };

    private static List<byte[]> Load(Reader reader, string folder) =>
        [.. reader.Seeds, .. Directory.Exists(folder) ? Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes) : []];

    private static void Keep(string folder, byte[] input)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(input))[..32]), input);
    }
}
