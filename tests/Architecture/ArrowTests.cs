using KexecSign.Architecture.Tests.Metadata;

namespace KexecSign.Architecture.Tests;

/// <summary>Arrows point one way: faces to operations, operations to keys and simulation, those to formats.</summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, int> Floors = new()
    {
        ["KexecSign.Formats"] = 0,
        ["KexecSign.Keys"] = 1,
        ["KexecSign.Simulation"] = 1,
        ["KexecSign"] = 2,
        ["KexecSign.Cli"] = 3,
        ["KexecSign.MSBuild"] = 3,
        ["Cake.KexecSign"] = 3,
    };

    public static TheoryData<string> Rooms => Repository.RoomNames;

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Every_room_has_a_floor(string room) =>
        Floors.ShouldContainKey(room, $"src/{room} is new: say in {nameof(ArrowTests)} on which floor it stands");

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Project_references_point_down(string room)
    {
        foreach (string reference in Repository.Named(room).ProjectReferences)
            ShouldPointDown(room, reference, "the project");
    }

    // The compiler leaves unused references out, so this sees what the code really uses.
    [Theory]
    [MemberData(nameof(Rooms))]
    public void Built_assemblies_point_down(string room)
    {
        Dictionary<string, string> rooms = Repository.Rooms.ToDictionary(r => Path.GetFileNameWithoutExtension(r.AssemblyFile), r => r.Name);
        using var assembly = new BuiltAssembly(Repository.Named(room).AssemblyFile);
        foreach (string reference in assembly.References.Where(rooms.ContainsKey))
            ShouldPointDown(room, rooms[reference], "the assembly");
    }

    private static void ShouldPointDown(string from, string to, string what) =>
        Floors[to].ShouldBeLessThan(Floors[from], $"{what} {from} must not refer to {to}");
}
