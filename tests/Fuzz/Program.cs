using System.Globalization;

namespace KexecSign.Fuzz;

/// <summary>Runs readers over damaged files; exit code 1 when one of them lets anything but an error of the product out.</summary>
internal static class Program
{
    private const string Usage = """
        KexecSign.Fuzz even MUTATIONS FAULTS [SEED]       as many mutations for each reader
        KexecSign.Fuzz guided MINUTES CORPUS FAULTS       guided by coverage; the corpus is kept
        KexecSign.Fuzz seeds                              whether each reader takes its seeds
        KexecSign.Fuzz read READER FILE                   one file, to see what comes out
        """;

    public static int Main(string[] arguments)
    {
        if (arguments is ["instrumented", ..])
            GuidedRun.Begin();
        using var bench = new FuzzBench();
        switch (arguments)
        {
            case ["even", var count, var faults, .. var seed]:
                long mutations = long.Parse(count, CultureInfo.InvariantCulture);
                var found = new Faults(faults);
                EvenRun.Run(Readers.All(bench), mutations, seed is [var s] ? int.Parse(s, CultureInfo.InvariantCulture) : 17, found, Console.WriteLine);
                return found.Count == 0 ? 0 : 1;
            case ["guided", var minutes, var corpus, var faults]:
                return GuidedRun.Start(TimeSpan.FromMinutes(double.Parse(minutes, CultureInfo.InvariantCulture)), corpus, faults);
            case ["instrumented", var minutes, var corpus, var faults]:
                return GuidedRun.Run(Readers.All(bench), TimeSpan.FromMinutes(double.Parse(minutes, CultureInfo.InvariantCulture)), corpus, new(faults)) == 0 ? 0 : 1;
            case ["seeds"]:
                return Seeds(Readers.All(bench));
            case ["read", var name, var file]:
                Readers.All(bench).Single(r => r.Name == name).Read(File.ReadAllBytes(file));
                return 0;
            default:
                Console.Error.WriteLine(Usage);
                return 2;
        }
    }

    // A seed that is refused leads nowhere.
    private static int Seeds(IEnumerable<Reader> readers)
    {
        int refused = 0;
        foreach (Reader reader in readers)
        {
            for (int i = 0; i < reader.Seeds.Length; i++)
            {
                try
                {
                    reader.Read(reader.Seeds[i]);
                }
                catch (Formats.Errors.KexecSignException answer)
                {
                    Console.WriteLine($"{reader.Name} refuses its seed {i}: {answer.Message}");
                    refused++;
                }
            }
        }
        return refused == 0 ? 0 : 1;
    }
}
