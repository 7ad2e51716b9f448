using KexecSign.Bench;

// Usage: KexecSign.Bench KEXECSIGN IMAGE KIT OUTPUT MODULES SIGN_FILE STUB [CASE]
// Compares whole processes with their peers and writes OUTPUT/bench.json and OUTPUT/bench.md. CASE: only cases whose name contains it.
// It measures and does not judge: it fails only when a program fails.

string output = args[3];
string only = args.Length > 7 ? args[7] : "";
string folder = Path.Combine(output, "work");
Directory.CreateDirectory(folder);
var child = new ChildProcess(folder);
try
{
    Bed bed = Bed.Make(args[0], args[1], args[2], folder, child);
    var measurement = new Measurement(child);
    var figures = new List<Figures>();
    // One after the other, because some make large files when they are asked for, and delete them behind.
    IEnumerable<Case> all = Cases.On(bed, child).Concat(ModuleCases.On(bed, args[4], args[5]))
        .Concat(UkiCases.On(bed, args[6], child)).Concat(WholeLine.On(bed));
    foreach (Case wanted in all)
    {
        if (!wanted.Name.Contains(only, StringComparison.Ordinal))
            continue;
        if (figures.Count == 0)
            Console.WriteLine(Table.Head);
        foreach (Figures row in measurement.Of(wanted))
        {
            figures.Add(row);
            Console.WriteLine(Table.Row(row));
        }
    }
    string rates = TokenRates.Name.Contains(only, StringComparison.Ordinal) ? new TokenRates(bed, child).Run() : "";
    string steps = WholeLine.StepsName.Contains(only, StringComparison.Ordinal) ? WholeLine.StepByStep(bed) : "";
    File.WriteAllBytes(Path.Combine(output, "bench.json"), Table.Json(figures));
    File.WriteAllText(Path.Combine(output, "bench.md"),
        Table.Of(figures) + string.Concat(new[] { rates, steps }.Where(more => more.Length > 0).Select(more => "\n" + more)));
    return 0;
}
catch (InvalidOperationException failed)
{
    Console.Error.WriteLine(failed.Message);
    return 1;
}
finally
{
    Directory.Delete(folder, recursive: true);
}
