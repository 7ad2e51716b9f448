// Times whole processes beside their peers. It measures and does not judge, so it is no part of Test.

Task("Bench")
    .Description("Times and memory beside sbsign, osslsigncode, evmctl, gzip and zstd, in artifacts/bench; --case=NAME for some of them.")
    .IsDependentOn("Build")
    .Does(() =>
{
    NeedDebianPackages(TestPackages);
    var kernels = Kernels("image", "source");
    var kit = KitOf(kernels["source"], kernels["image"]);
    var bench = artifacts.Combine("bench");
    EnsureDirectoryExists(bench);
    DotNetRun("tests/bench/KexecSign.Bench.csproj", new ProcessArgumentBuilder()
        .AppendQuoted(artifacts.CombineWithFilePath("kexecsign/kexecsign").FullPath)
        .AppendQuoted(KernelIn(kernels["image"]).FullPath)
        .AppendQuoted(kit.FullPath)
        .AppendQuoted(bench.FullPath)
        .AppendQuoted(Argument("case", "")),
        new DotNetRunSettings { Configuration = "Release" });
    Information("The figures are in {0}/bench.md and bench.json.", bench);
});
