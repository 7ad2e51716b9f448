using KexecSign.Architecture.Tests.Metadata;

namespace KexecSign.Architecture.Tests;

/// <summary>What a library shows to others changes only when someone says so.</summary>
public sealed class PublicApiTests
{
    private static readonly string Snapshots = Path.Combine(Repository.Root, "tests", "Architecture", "PublicApi");

    public static TheoryData<string> Libraries => [.. Repository.Rooms.Where(room => !room.IsProgram).Select(room => room.Name)];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Is_what_the_snapshot_says(string library)
    {
        using var assembly = new BuiltAssembly(Repository.Named(library).AssemblyFile);
        string[] now = [.. new PublicApi(assembly.Reader).Lines()];
        string path = Path.Combine(Snapshots, library + ".txt");
        if (Environment.GetEnvironmentVariable("UPDATE_SNAPSHOTS") == "1")
            File.WriteAllText(path, string.Concat(now.Select(line => line + "\n")));

        string[] accepted = File.Exists(path) ? File.ReadAllLines(path) : [];
        string[] difference = [.. accepted.Except(now).Select(line => "- " + line), .. now.Except(accepted).Select(line => "+ " + line)];
        difference.ShouldBeEmpty(
            $"The public API of {library} changed:\n{string.Join('\n', difference)}\nTo accept: UPDATE_SNAPSHOTS=1 dotnet test tests/Architecture");
    }

    [Fact]
    public void No_snapshot_outlives_its_library() =>
        Directory.GetFiles(Snapshots, "*.txt").Select(Path.GetFileNameWithoutExtension)
            .Except(Repository.Rooms.Where(room => !room.IsProgram).Select(room => room.Name)).ShouldBeEmpty();
}
