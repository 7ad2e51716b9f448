using System.Xml.Linq;
using KexecSign.Fixtures;

namespace KexecSign.Architecture.Tests;

/// <summary>A project under src, with the assembly that was built from it.</summary>
internal sealed record Room(string Name, string ProjectFile, string AssemblyFile, bool IsProgram)
{
    public string Folder => Path.GetDirectoryName(ProjectFile)!;

    public IEnumerable<string> ProjectReferences => XDocument.Load(ProjectFile)
        .Descendants("ProjectReference")
        .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));
}

/// <summary>The repository that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IReadOnlyList<Room> Rooms { get; } = FindRooms();

    public static TheoryData<string> RoomNames => [.. Rooms.Select(room => room.Name)];

    public static Room Named(string name) => Rooms.Single(room => room.Name == name);

    /// <summary>Files that are or would be committed, relative to the root.</summary>
    public static IEnumerable<string> Files()
    {
        ProcessAnswer git = new ProcessRun("git", "-C", Root, "ls-files", "--cached", "--others", "--exclude-standard").End();
        git.Exit.ShouldBe(0, git.Error);
        return git.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(file => File.Exists(Path.Combine(Root, file)));
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "KexecSign.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("KexecSign.sln is in no folder above " + AppContext.BaseDirectory);
    }

    private static Room[] FindRooms() => [.. Directory.GetDirectories(Path.Combine(Root, "src"))
        .SelectMany(folder => Directory.GetFiles(folder, "*.csproj"))
        .Order(StringComparer.Ordinal)
        .Select(Describe)];

    private static Room Describe(string projectFile)
    {
        XDocument project = XDocument.Load(projectFile);
        string name = Path.GetFileNameWithoutExtension(projectFile);
        string assembly = project.Descendants("AssemblyName").FirstOrDefault()?.Value ?? name;
        bool isProgram = project.Descendants("OutputType").FirstOrDefault()?.Value == "Exe";
        return new Room(name, projectFile, Path.Combine(AppContext.BaseDirectory, assembly + ".dll"), isProgram);
    }
}
