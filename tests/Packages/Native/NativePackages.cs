using KexecSign.Fixtures;

namespace KexecSign.Packages.Tests.Native;

/// <summary>The .deb, .rpm and .tar.gz of the native program, packed once for all tests by the script that releases are packed by.</summary>
public sealed class NativePackages : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kexecsign-native-").FullName;
    private readonly Dictionary<string, string> _packed = [];

    /// <summary>The folder with the packages of an architecture, by Debian's name for it.</summary>
    public string Of(string architecture)
    {
        string? speaker = ProgramUnderTest.Native, program = architecture == "arm64" ? ProgramUnderTest.NativeArm64 : speaker;
        Tool.Demand(speaker is not null && program is not null, "no native program was named; './build.sh --target=Test' makes it");
        lock (_packed)
        {
            if (!_packed.TryGetValue(architecture, out string? folder))
            {
                folder = Pack(program!, speaker!, architecture, "packed-" + architecture);
                _packed[architecture] = folder;
            }
            return folder;
        }
    }

    public string Deb(string architecture = "amd64") => Directory.GetFiles(Of(architecture), "*.deb").Single();

    public string Rpm(string architecture = "amd64") => Directory.GetFiles(Of(architecture), "*.rpm").Single();

    public string Archive(string architecture = "amd64") => Directory.GetFiles(Of(architecture), "*.tar.gz").Single();

    public string NewFolder(string name)
    {
        string folder = Path.Combine(_folder, name);
        Directory.CreateDirectory(folder);
        return folder;
    }

    /// <summary>Packs into a folder of that name.</summary>
    public string Pack(string program, string speaker, string architecture, string name)
    {
        string folder = NewFolder(name);
        Must("sh", PackedFeed.Repository, "build/packaging/all.sh", program, speaker, architecture, architecture == "arm64" ? "aarch64" : "x86_64", folder);
        return folder;
    }

    /// <summary>Runs something that may take minutes and must succeed.</summary>
    public static string Must(string program, string folder, params string[] arguments)
    {
        Output output = Ask(program, folder, arguments);
        output.Exit.ShouldBe(0, $"{program} {string.Join(' ', arguments)}\n{output.Text}");
        return output.Text;
    }

    /// <summary>Runs something whose exit code is the answer.</summary>
    public static Output Ask(string program, string folder, params string[] arguments)
    {
        ProcessAnswer answer = new ProcessRun(program, arguments)
        {
            Folder = folder,
            Environment = new Dictionary<string, string> { ["LC_ALL"] = "C", ["PATH"] = ProcessRun.PathBehind("/usr/sbin", "/sbin") },
            Patience = PackedFeed.Patience,
        }.End();
        return new(answer.Exit, answer.Said);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

[CollectionDefinition(Name)]
public sealed class NativePackagesGroup : ICollectionFixture<NativePackages>
{
    public const string Name = "native packages";
}
