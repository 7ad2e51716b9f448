// The program as native code, and what is given to users: packages of it for each architecture, NuGet packages, a list of what is in
// them, and their checksums.

var NativePackages = new Dictionary<string, string>
{
    ["clang"] = "links the program",
    ["lld"] = "the same",
    ["libc6-dev"] = "what it is linked with",
};

var CrossPackages = new Dictionary<string, string>
{
    ["libc6-dev-arm64-cross"] = "the C library that the arm64 program is linked with",
    ["gcc-aarch64-linux-gnu"] = "what clang finds it by",
    ["binutils-aarch64-linux-gnu"] = "its objcopy",
};

var PackPackages = new Dictionary<string, string>
{
    ["dpkg-dev"] = "builds the .deb",
    ["rpm"] = "builds the .rpm",
    ["git"] = "says which version this is",
};

// A platform by the names that .NET, Debian, rpm and the C compiler have for it.
var Platforms = new[]
{
    (Runtime: "linux-x64", Debian: "amd64", Rpm: "x86_64", Triplet: "x86_64-linux-gnu"),
    (Runtime: "linux-arm64", Debian: "arm64", Rpm: "aarch64", Triplet: "aarch64-linux-gnu"),
};

string RuntimeOfThisMachine() =>
    System.Runtime.InteropServices.RuntimeInformation.OSArchitecture is System.Runtime.InteropServices.Architecture.Arm64 ? "linux-arm64" : "linux-x64";

FilePath NativeProgram(string runtime) => artifacts.Combine("native").Combine(runtime).CombineWithFilePath("kexecsign");

// Publishes the program as one file, 'kexecsign'. Each warning of the trimmer and the AOT compiler is an error.
void PublishNative(string runtime)
{
    var output = NativeProgram(runtime).GetDirectory();
    NeedDebianPackages(runtime == RuntimeOfThisMachine() ? NativePackages : NativePackages.Concat(CrossPackages).ToDictionary(pair => pair.Key, pair => pair.Value));
    CleanDirectory(output);
    // What analyzers say is said by the plain build; the AOT compiler's own warnings are errors here too.
    var settings = new DotNetMSBuildSettings().WithProperty("RunAnalyzers", "false");
    var platform = Platforms.Single(platform => platform.Runtime == runtime);
    if (LibDeflateOf(platform.Debian, platform.Triplet) is (FilePath archive, string version))
        settings.WithProperty("LibDeflateArchive", archive.FullPath).WithProperty("LibDeflateVersion", version);
    DotNetPublish("src/KexecSign.Cli", new DotNetPublishSettings
    {
        Configuration = "Release",
        Runtime = runtime,
        OutputDirectory = output,
        NoLogo = true,
        Verbosity = DotNetVerbosity.Quiet,
        MSBuildSettings = settings,
    });
}

// Debian's libdeflate to be linked in, with the version that reports name; null where apt has none, and then the machine's own is opened
// when it is needed.
(FilePath Archive, string Version)? LibDeflateOf(string architecture, string triplet)
{
    var unpacked = GetDirectories($"{MakeAbsolute(cache)}/debian/libdeflate-dev_*_{architecture}").OrderBy(folder => folder.FullPath).LastOrDefault();
    if (unpacked is null)
    {
        try
        {
            unpacked = KernelsOf(architecture, "deflate")["deflate"];
        }
        catch (CakeException)
        {
            Warning("Debian's libdeflate-dev for {0} is not to be had: the program will open the machine's libdeflate instead.", architecture);
            return null;
        }
    }
    var version = unpacked.GetDirectoryName().Split('_')[1];
    return (unpacked.CombineWithFilePath($"usr/lib/{triplet}/libdeflate.a"), version.Split('-')[0]);
}

void PackAll(DirectoryPath packages)
{
    NeedDebianPackages(PackPackages);
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
    foreach (var package in GetFiles(packages + "/*.nupkg"))
        SetTimes(package, TimeOfCommit());
    foreach (var platform in Platforms)
        PublishNative(platform.Runtime);
    var speaker = NativeProgram(RuntimeOfThisMachine());
    foreach (var platform in Platforms)
        Shell($"sh build/packaging/all.sh '{NativeProgram(platform.Runtime)}' '{speaker}' {platform.Debian} {platform.Rpm} '{packages}'");
    WriteBillOfMaterials(packages);
    CopyFile("build/packaging/Containerfile", packages.CombineWithFilePath("Containerfile"));
    WriteChecksums(packages, speaker);
}

// NuGet stores the time of packing; from 7.9 on it can be told another (DeterministicTimestamp), and then this may go.
void SetTimes(FilePath package, DateTimeOffset time)
{
    using var archive = System.IO.Compression.ZipFile.Open(package.FullPath, System.IO.Compression.ZipArchiveMode.Update);
    foreach (var entry in archive.Entries)
        entry.LastWriteTime = time.Year < 1980 ? new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero) : time;
}

// What is in the program, in CycloneDX's words. The tool adds when and a number by chance, which would make each packing another.
void WriteBillOfMaterials(DirectoryPath packages)
{
    var bill = packages.CombineWithFilePath("kexecsign.cdx.json").FullPath;
    Shell($"dotnet tool run dotnet-CycloneDX src/KexecSign.Cli/KexecSign.Cli.csproj -o '{packages}' -fn kexecsign.cdx.json -F Json --exclude-dev --disable-package-restore --no-serial-number -sn kexecsign -sv '{VersionOf(NativeProgram(RuntimeOfThisMachine()))}' >/dev/null");
    var document = System.Text.Json.Nodes.JsonNode.Parse(System.IO.File.ReadAllText(bill));
    document["metadata"]["timestamp"] = TimeOfCommit().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
    var components = document["components"].AsArray();
    void Add(string name, string version, string licence, string purl) => components.Add(new System.Text.Json.Nodes.JsonObject
    {
        ["type"] = "library", ["bom-ref"] = purl, ["name"] = name, ["version"] = version, ["scope"] = "required", ["purl"] = purl,
        ["licenses"] = new System.Text.Json.Nodes.JsonArray(new System.Text.Json.Nodes.JsonObject { ["license"] = new System.Text.Json.Nodes.JsonObject { ["id"] = licence } }),
    });
    // Linked in, but no package that the project names.
    var runtime = GetFiles(NativeProgram(RuntimeOfThisMachine()).GetDirectory() + "/notices/runtime-version.txt").Select(file => System.IO.File.ReadAllText(file.FullPath).Trim()).FirstOrDefault() ?? "10.0";
    Add($"Microsoft.NETCore.App.Runtime.NativeAOT.{RuntimeOfThisMachine()}", runtime, "MIT", $"pkg:nuget/Microsoft.NETCore.App.Runtime.NativeAOT.{RuntimeOfThisMachine()}@{runtime}");
    var machine = Platforms.Single(platform => platform.Runtime == RuntimeOfThisMachine());
    if (LibDeflateOf(machine.Debian, machine.Triplet) is (FilePath _, string version))
        Add("libdeflate", version, "MIT", $"pkg:deb/debian/libdeflate-dev@{version}?arch={machine.Debian}");
    System.IO.File.WriteAllText(bill, document.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true }) + "\n");
}

string VersionOf(FilePath program)
{
    StartProcess(program, new ProcessSettings { Arguments = "--version", RedirectStandardOutput = true, Silent = true }, out var lines);
    return lines.First().Split(' ')[1];
}

// The time of every file in packages: packing the same commit twice gives the same bytes.
DateTimeOffset TimeOfCommit()
{
    if (EnvironmentVariable("SOURCE_DATE_EPOCH") is { Length: > 0 } given)
        return DateTimeOffset.FromUnixTimeSeconds(long.Parse(given, System.Globalization.CultureInfo.InvariantCulture));
    var exit = StartProcess("git", new ProcessSettings { Arguments = "log -1 --format=%ct", RedirectStandardOutput = true, Silent = true }, out var lines);
    return DateTimeOffset.FromUnixTimeSeconds(exit == 0 ? long.Parse(lines.First(), System.Globalization.CultureInfo.InvariantCulture) : 0);
}

// SHA256SUMS over everything, and with --key and --cert the product's own signature of it and provenance of all files.
void WriteChecksums(DirectoryPath packages, FilePath program)
{
    Shell($"cd '{packages}' && find . -type f ! -name 'SHA256SUMS*' ! -name '*.intoto.json' -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum > SHA256SUMS");
    var key = Argument("key", "");
    if (key == "")
    {
        Information("SHA256SUMS is not signed: no --key=KEY --cert=CERT was given.");
        return;
    }
    string Reference(string given) => FileExists(given) ? MakeAbsolute(File(given)).FullPath : given;
    // The program that was just built says of everything who made it; SHA256SUMS is among it.
    Shell($"cd '{packages}' && find . -type f ! -name '*.intoto.json' -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' '{program}' provenance sign --key '{Reference(key)}' --cert '{Reference(Argument("cert", ""))}' -o release.intoto.json --builder '{Argument("builder", "urn:kexecsign:builder:unnamed")}' -q");
}
