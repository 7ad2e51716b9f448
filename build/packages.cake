// What is given to users: NuGet packages, and an archive for build roots without .NET.

string RuntimeOfThisMachine() =>
    System.Runtime.InteropServices.RuntimeInformation.OSArchitecture is System.Runtime.InteropServices.Architecture.Arm64 ? "linux-arm64" : "linux-x64";

void PackAll(DirectoryPath packages)
{
    CleanDirectory(packages);
    foreach (var project in new[] { "KexecSign.Cli", "KexecSign.MSBuild", "Cake.KexecSign" })
    {
        DotNetPack($"src/{project}", new DotNetPackSettings
        {
            Configuration = "Release",
            OutputDirectory = packages,
            NoLogo = true,
            Verbosity = DotNetVerbosity.Quiet,
        });
    }
    PackArchive(packages);
}

void PackArchive(DirectoryPath packages)
{
    var runtime = RuntimeOfThisMachine();
    var folder = artifacts.Combine("archive").Combine("kexecsign");
    CleanDirectory(folder);
    DotNetPublish("src/KexecSign.Cli", new DotNetPublishSettings
    {
        Configuration = "Release",
        Runtime = runtime,
        SelfContained = true,
        OutputDirectory = folder,
        NoLogo = true,
        Verbosity = DotNetVerbosity.Quiet,
    });
    // Names in order, one time and one owner: the same sources give the same archive.
    Shell($"tar -C '{artifacts}/archive' --sort=name --mtime=@${{SOURCE_DATE_EPOCH:-0}} --owner=0 --group=0 --numeric-owner -cf - kexecsign | gzip -n -9 > '{packages}/kexecsign-{runtime}.tar.gz'");
}
