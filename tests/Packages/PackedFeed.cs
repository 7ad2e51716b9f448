using KexecSign.Fixtures;

namespace KexecSign.Packages.Tests;

/// <summary>The packages as users get them, in a folder that serves as the only feed. Packed once for all tests.</summary>
public sealed class PackedFeed : IDisposable
{
    /// <summary>How long a build, or a package's installation, may take.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    public PackedFeed()
    {
        Folder = Directory.CreateTempSubdirectory("kexecsign-packages-").FullName;
        Directory.CreateDirectory(Feed);
        foreach (string project in new[] { "KexecSign.Cli", "KexecSign.MSBuild", "Cake.KexecSign" })
            Run("dotnet", Repository, "pack", $"src/{project}", "-c", "Release", "-o", Feed, "-v", "quiet", "--nologo").ShouldSucceed();
    }

    public string Folder { get; }

    public string Feed => Path.Combine(Folder, "feed");

    /// <summary>The program that was packed as a tool; beside it may lie what native programs are made of.</summary>
    public static string Program => Directory.GetFiles(Path.Combine(Repository, "src/KexecSign.Cli/bin/Release"), "KexecSign.Cli.dll", SearchOption.AllDirectories)
        .First(path => !path.Contains("/linux-", StringComparison.Ordinal));

    public static string Repository { get; } = FindRepository();

    /// <summary>An empty folder that knows no feed but this one.</summary>
    public string NewProject(string name)
    {
        string folder = Path.Combine(Folder, name);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="packed" value="{Feed}" /></packageSources>
            </configuration>
            """);
        return folder;
    }

    public Output Run(string program, string folder, params string[] arguments)
    {
        var variables = new Dictionary<string, string> { ["DOTNET_CLI_UI_LANGUAGE"] = "en", ["MSBUILDDISABLENODEREUSE"] = "1" };
        // The packages under test must not get into the user's package folder under a version that stays the same.
        if (folder != Repository)
            variables["NUGET_PACKAGES"] = Path.Combine(Folder, "nuget");
        ProcessAnswer answer = new ProcessRun(program, arguments) { Folder = folder, Environment = variables, Without = IsMSBuilds, Patience = Patience }.End();
        return new(answer.Exit, answer.Said);
    }

    /// <summary>Variables that this process has of the build that runs it, and that another build must not have.</summary>
    internal static bool IsMSBuilds(string name) => name.StartsWith("MSBUILD", StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static string FindRepository()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "KexecSign.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("KexecSign.sln");
        return folder;
    }
}

/// <summary>What a program said and how it ended.</summary>
public sealed record Output(int Exit, string Text)
{
    public Output ShouldSucceed()
    {
        Exit.ShouldBe(0, Text);
        return this;
    }
}

/// <summary>All package tests share one feed, and so run one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PackedFeedGroup : ICollectionFixture<PackedFeed>
{
    public const string Name = "packed feed";
}
