using KexecSign.Architecture.Tests.Metadata;

namespace KexecSign.Architecture.Tests;

/// <summary>
/// Formats and simulation take bytes and give values: no file, clock, environment, console, process or network. There
/// are no exceptions from this, and no list to add one to.
/// </summary>
public sealed class PurityTests
{
    private static readonly string[] ForbiddenTypes =
    [
        "System.IO.File", "System.IO.FileInfo", "System.IO.FileStream", "System.IO.Directory", "System.IO.DirectoryInfo",
        "System.IO.DriveInfo", "System.IO.FileSystemInfo", "System.IO.FileSystemWatcher", "System.IO.RandomAccess",
        "System.IO.Enumeration.FileSystemEnumerable`1", "System.IO.MemoryMappedFiles.MemoryMappedFile",
        "System.Console", "System.Diagnostics.Process", "System.Diagnostics.Stopwatch",
        "System.Net.Http.HttpClient", "System.Net.Sockets.Socket", "System.Random",
    ];

    private static readonly string[] ForbiddenMembers =
    [
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTime.get_Today",
        "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow",
        "System.TimeProvider.get_System", "System.Security.Cryptography.RandomNumberGenerator.GetBytes",
        "System.Security.Cryptography.RandomNumberGenerator.Fill", "System.Guid.NewGuid",
        "System.IO.Path.GetFullPath", "System.IO.Path.GetTempPath", "System.IO.Path.GetTempFileName",
    ];

    public static TheoryData<string> PureRooms => ["KexecSign.Formats", "KexecSign.Simulation"];

    [Theory]
    [MemberData(nameof(PureRooms))]
    public void Uses_no_forbidden_type(string room)
    {
        using var assembly = new BuiltAssembly(Repository.Named(room).AssemblyFile);
        assembly.UsedTypes.Intersect(ForbiddenTypes).ShouldBeEmpty($"{room} must stay pure");
    }

    [Theory]
    [MemberData(nameof(PureRooms))]
    public void Uses_no_forbidden_member(string room)
    {
        using var assembly = new BuiltAssembly(Repository.Named(room).AssemblyFile);
        assembly.UsedMembers.Where(IsForbidden).ShouldBeEmpty($"{room} must stay pure");
    }

    // The rule would pass on an assembly it cannot read; it must see what is there.
    [Fact]
    public void Sees_the_files_that_other_rooms_use()
    {
        using var assembly = new BuiltAssembly(typeof(PurityTests).Assembly.Location);
        assembly.UsedTypes.ShouldContain("System.IO.File");
        assembly.UsedMembers.ShouldContain("System.Environment.GetEnvironmentVariable");
        assembly.UsedMembers.Count(IsForbidden).ShouldBeGreaterThan(0);
    }

    // C# iterators ask for the thread they run on; everything else of Environment is environment.
    private static bool IsForbidden(string member) =>
        ForbiddenMembers.Contains(member)
        || (member.StartsWith("System.Environment.", StringComparison.Ordinal) && member != "System.Environment.get_CurrentManagedThreadId");
}
