// Times whole processes beside their peers. It measures and does not judge, so it is no part of Test.

Task("Bench")
    .Description("Times and memory beside sbsign, osslsigncode, evmctl, gzip and zstd, in artifacts/bench; --case=NAME for some of them.")
    .IsDependentOn("Build")
    .Does(() =>
{
    NeedDebianPackages(TestPackages.Append(new("libssl-dev", "compiles the kernel's sign-file")).DistinctBy(pair => pair.Key).ToDictionary(pair => pair.Key, pair => pair.Value));
    var kernels = Kernels("image", "source", "stub");
    var kit = KitOf(kernels["source"], kernels["image"]);
    var bench = artifacts.Combine("bench");
    EnsureDirectoryExists(bench);
    var kexecsign = artifacts.CombineWithFilePath("kexecsign/kexecsign");
    var exit = StartProcess("bash", new ProcessSettings
    {
        Arguments = new ProcessArgumentBuilder().Append("build/module-tree.sh").AppendQuoted(MakeAbsolute(cache).FullPath)
            .AppendQuoted(MakeAbsolute(kexecsign).FullPath).AppendQuoted(MakeAbsolute(kernels["source"]).FullPath),
        RedirectStandardOutput = true,
    }, out var lines);
    if (exit != 0)
        throw new CakeException(1, "KS6001: the modules of Debian's kernel could not be had; the message above says why.");
    var modules = new DirectoryPath(lines.Last());
    DotNetRun("tests/bench/KexecSign.Bench.csproj", new ProcessArgumentBuilder()
        .AppendQuoted(kexecsign.FullPath)
        .AppendQuoted(KernelIn(kernels["image"]).FullPath)
        .AppendQuoted(kit.FullPath)
        .AppendQuoted(bench.FullPath)
        .AppendQuoted(modules.Combine("modules").FullPath)
        .AppendQuoted(modules.CombineWithFilePath("sign-file").FullPath)
        .AppendQuoted(kernels["stub"].CombineWithFilePath("usr/lib/systemd/boot/efi/linuxaa64.efi.stub").FullPath)
        .AppendQuoted(Argument("case", "")),
        new DotNetRunSettings { Configuration = "Release" });
    Information("The figures are in {0}/bench.md and bench.json.", bench);
});
