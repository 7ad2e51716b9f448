// Runs test projects one after the other and adds up what they count.

bool IsTestProject(FilePath project) =>
    System.IO.File.ReadAllText(project.FullPath) is var text && !text.Contains("<IsTestProject>false</IsTestProject>") && !project.FullPath.Contains("/bench/");

void RunTests(IEnumerable<FilePath> projects, DirectoryPath results, string lab)
{
    var scenarios = results.Combine("boot");
    CleanDirectory(results);
    DotNetBuild("KexecSign.sln", new DotNetBuildSettings { NoLogo = true, Verbosity = DotNetVerbosity.Quiet });

    long passed = 0, failed = 0, skipped = 0;
    string leftOut = "", broken = "";
    foreach (var project in projects.OrderBy(project => project.FullPath))
    {
        var name = project.GetFilenameWithoutExtension().ToString();
        Information("Testing {0}", name);
        var exit = StartProcess("dotnet", new ProcessSettings
        {
            Arguments = new ProcessArgumentBuilder()
                .Append("test").AppendQuoted(project.FullPath).Append("--no-build --nologo -v minimal")
                .Append("--logger").AppendQuoted($"trx;LogFileName={name}.trx")
                .Append("--results-directory").AppendQuoted(results.FullPath),
            // A tool that is not there must not pass for a test that is not needed.
            EnvironmentVariables = new Dictionary<string, string>
            {
                ["KEXECSIGN_REQUIRE_TOOLS"] = "1",
                ["KEXECSIGN_REQUIRE_LAB"] = lab,
                ["KEXECSIGN_BOOT_RESULTS"] = scenarios.FullPath,
                // Whole processes are the native program, as users have it.
                ["KEXECSIGN_PROGRAM"] = NativeProgram(RuntimeOfThisMachine()).FullPath,
                ["KEXECSIGN_PROGRAM_ARM64"] = NativeProgram("linux-arm64").FullPath,
            },
        });
        var counted = Counted(results.CombineWithFilePath(name + ".trx"));
        passed += counted.Passed;
        skipped += counted.Skipped;
        if (counted.Skipped > 0)
            leftOut += $"  {counted.Skipped} of {name}\n";
        // A test host that dies leaves no failed test behind, only an exit code.
        failed += exit != 0 && counted.Failed == 0 ? 1 : counted.Failed;
        foreach (string test in FailedIn(results.CombineWithFilePath(name + ".trx")).DefaultIfEmpty(exit != 0 ? $"{name} ended with {exit}" : ""))
            broken += test == "" ? "" : $"  {test}\n";
    }

    if (FileExists(scenarios.CombineWithFilePath("scenarios.txt")))
    {
        Information("{0}", System.IO.File.ReadAllText(scenarios.CombineWithFilePath("scenarios.txt").FullPath));
        Information("The same as KTAP, with the serial logs of what failed, is in {0}.", scenarios);
    }

    // build.sh prints this behind everything else that is said.
    if (leftOut != "")
    {
        leftOut = "Left out:\n" + leftOut + (lab == ""
            ? "The boot lab's kernels take a while to build and are made only where CI is set. This runs what boots them:\n  ./build.sh --target=Boot\n"
            : "The .trx files in artifacts/tests say why.\n");
    }
    if (broken != "")
        broken = "Failed:\n" + broken;
    System.IO.File.WriteAllText(results.CombineWithFilePath("summary").FullPath, $"{leftOut}{broken}{passed} passed, {failed} failed, {skipped} skipped\n");
    if (failed > 0)
        throw new CakeException(1, $"KS6004: {failed} test(s) failed. The .trx files in {results} have the details.");
    if (passed == 0)
        throw new CakeException(1, "KS6005: no test ran. Is KexecSign.sln complete?");
}

// Name and first lines of what each said: whoever sees only the end of a run's output must not run it again to learn that.
IEnumerable<string> FailedIn(FilePath trx) => !FileExists(trx)
    ? []
    : System.Xml.Linq.XDocument.Load(trx.FullPath).Descendants()
        .Where(element => element.Name.LocalName == "UnitTestResult" && (string)element.Attribute("outcome") == "Failed")
        .Select(element => $"{(string)element.Attribute("testName")}: {FirstLines(element.Descendants().FirstOrDefault(e => e.Name.LocalName == "Message")?.Value)}");

string FirstLines(string message) =>
    string.Join(" | ", (message ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Take(8)) is var line && line.Length > 600 ? line[..600] : line;

(long Passed, long Failed, long Skipped) Counted(FilePath trx)
{
    if (!FileExists(trx))
        return (0, 0, 0);
    var counters = System.Xml.Linq.XDocument.Load(trx.FullPath).Descendants().First(element => element.Name.LocalName == "Counters");
    long Value(string name) => (long)counters.Attribute(name);
    return (Value("passed"), Value("failed"), Value("total") - Value("passed") - Value("failed"));
}
