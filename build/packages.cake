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
    Shell($"sh build/archive.sh '{folder}' '{packages}/kexecsign-{runtime}.tar.gz'");
}
