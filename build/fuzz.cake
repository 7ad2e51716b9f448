// Runs tests/Fuzz: an input that ends in anything but an error of the product is kept in artifacts/fuzz, with what came out.

void Fuzz(int minutes, long mutations, DirectoryPath corpus, DirectoryPath results)
{
    CleanDirectory(results);
    DotNetBuild("tests/Fuzz/KexecSign.Fuzz.csproj", new DotNetBuildSettings
    {
        Configuration = "Release",
        NoLogo = true,
        Verbosity = DotNetVerbosity.Quiet,
        MSBuildSettings = new DotNetMSBuildSettings().WithProperty("RunAnalyzers", "false"),
    });
    var arguments = new ProcessArgumentBuilder().AppendQuoted("tests/Fuzz/bin/Release/net10.0/KexecSign.Fuzz.dll");
    if (mutations > 0)
        arguments.Append("even").Append($"{mutations}").AppendQuoted(results.FullPath);
    else
        arguments.Append("guided").Append($"{minutes}").AppendQuoted(corpus.FullPath).AppendQuoted(results.FullPath);
    if (StartProcess("dotnet", new ProcessSettings { Arguments = arguments }) != 0)
        throw new CakeException(1, $"KS6006: a reader let something else than an error of the product out. The inputs are in {results}.");
}
