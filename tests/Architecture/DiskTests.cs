using System.Text.RegularExpressions;

namespace KexecSign.Architecture.Tests;

/// <summary>The operations touch the disk through Files alone, where every error is believed and nothing is opened unseen.</summary>
public sealed partial class DiskTests
{
    private const string Room = "src/KexecSign/", Layer = "src/KexecSign/Files/", Imports = "src/KexecSign/Files/Libc.cs";

    // What may go past the layer, and why. Asking whether something is there, and listing folders, is not meant.
    private static readonly Dictionary<string, string> Exceptions = new()
    {
        ["src/KexecSign/Commands/Agent/AgentServer.cs"] = "the folder of its socket",
        ["src/KexecSign/Commands/Build/PlanInitOperation.cs"] = "makes the folder of the schemas",
        ["src/KexecSign/Commands/Build/PlanRun.cs"] = "makes the folders of a plan's outputs",
        ["src/KexecSign/Commands/Keys/KeyCeremony.cs"] = "makes the folder of the certificates",
        ["src/KexecSign/Commands/Keys/KeysDocument.cs"] = "takes a permission that the umask left: others may not write what decides which key signs",
        ["src/KexecSign/Commands/Offline/AttachedRecord.cs"] = "makes the folder of a stage",
        ["src/KexecSign/Commands/Offline/Bundle.cs"] = "makes a stage in a folder of its own, which no manifest names before it is whole",
        ["src/KexecSign/Commands/Simulate/SimulateOperation.cs"] = "makes the folder of its outputs",
        ["src/KexecSign/Commands/Testset/TestsetFolder.cs"] = "works in a new folder, which is renamed when it is whole",
        ["src/KexecSign/Commands/Testset/TestsetKeys.cs"] = "works in a new folder, which is renamed when it is whole",
        ["src/KexecSign/Commands/Testset/TestsetOperation.cs"] = "works in a new folder, which is renamed when it is whole",
        ["src/KexecSign/Commands/Zboot/ZbootKitOperation.cs"] = "the log of a kernel build",
        ["src/KexecSign/Compression/LibDeflate.cs"] = "says which library is loaded",
        ["src/KexecSign/Programs/ChildProgram.cs"] = "what a child program answers, in a work folder",
        ["src/KexecSign/Programs/ProgramOutput.cs"] = "the log of a child program",
        ["src/KexecSign/Qemu/BootLab.cs"] = "a folder of its own for QEMU",
        ["src/KexecSign/Qemu/VirtualMachine.cs"] = "a folder of its own for QEMU",
        ["src/KexecSign/Uki/UkiRelease.cs"] = "reads back what an output of the layer holds",
        ["src/KexecSign/Zboot/KernelSource.cs"] = "unpacks a kernel's source into a work folder",
        ["src/KexecSign/Zboot/StubBuild.cs"] = "builds a kernel's stub in a work folder",
    };

    private static readonly string[] Sources =
        [.. Repository.Files().Where(file => file.StartsWith(Room, StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal))];

    [Fact]
    public void Only_one_file_imports_from_libc()
    {
        string[] importing = [.. Sources.Where(file => LibcImport().IsMatch(Text(file)))];
        importing.ShouldBe([Imports]);
    }

    [Fact]
    public void Only_the_layer_opens_reads_and_writes_files()
    {
        string[] found = [.. Sources.Where(file => !file.StartsWith(Layer, StringComparison.Ordinal) && DiskCall().IsMatch(Text(file)))];
        found.Except(Exceptions.Keys).ShouldBeEmpty("open, read and write through KexecSign.Files, or say here why not");
        Exceptions.Keys.Except(found).ShouldBeEmpty("these go through the layer now; take them off the list");
    }

    // A rule that saw nothing would always hold.
    [Fact]
    public void Calls_are_seen() => Sources.Where(file => file.StartsWith(Layer, StringComparison.Ordinal)).Count(file => DiskCall().IsMatch(Text(file))).ShouldBeGreaterThan(4);

    private static string Text(string file) => File.ReadAllText(Path.Combine(Repository.Root, file));

    [GeneratedRegex(@"LibraryImport\(""libc""")]
    private static partial Regex LibcImport();

    [GeneratedRegex(@"\b(?:(?<!work\.|folder\.)File\.(?:Open|Read|Write|Append|Create|Copy|Move|Delete|Replace|Set)\w*\(|Directory\.(?:Create|Delete|Move)\w*\(|RandomAccess\.|new (?:FileStream|StreamWriter|StreamReader)\b|StreamWriter\? \w+ = .*new\()")]
    private static partial Regex DiskCall();
}
