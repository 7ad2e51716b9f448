using KexecSign.Architecture.Tests.Metadata;

namespace KexecSign.Architecture.Tests;

/// <summary>
/// Inside a project the folders have an order, from the ground up: a file names its own folder and those below it, never
/// one above. A command names no other command.
/// </summary>
public sealed class FloorTests
{
    // "" is the project's own folder.
    private static readonly Dictionary<string, string[]> Floors = new()
    {
        ["KexecSign.Formats"] =
        [
            "Errors", "Vocabulary", "Layouts", "Pe", "Kernel", "Elf", "Zboot", "Sbat", "Cpio", "Tar", "Rpm", "Uki", "Authenticode", "AppendedSignatures", "Bpf", "Ima", "Uefi",
        ],
        ["KexecSign.Keys"] = ["Errors", "Files", "References", "Pins", "Kinds", "Certificates", "Pem", "External", "Pkcs11", "Tokens", "Agents", "Keyrings"],
        ["KexecSign.Simulation"] = ["Errors", "Answers", "Pkcs7", "Pe", "Kexec", "Bpf"],
        ["KexecSign"] =
        [
            "", "Core", "Files", "Programs", "Documents", "Configuration", "Compression", "Batches", "Images", "Modules", "Signing", "Parsers", "Zboot", "Judging",
            "Ima", "Inspection", "Uki", "Provenance", "Qemu", "Pictures", "Commands", "Catalog",
        ],
        ["KexecSign.Cli"] = ["Pins", "Terminal", "Output", "Progress", "Commands", "Help", "Compat", ""],
        ["KexecSign.MSBuild"] = ["", "Tasks"],
        ["Cake.KexecSign"] = [""],
    };

    public static TheoryData<string> Projects => Repository.RoomNames;

    [Theory]
    [MemberData(nameof(Projects))]
    public void Every_folder_has_a_floor_and_every_floor_a_folder(string project) =>
        SourceFile.Of(project).Select(file => file.Floor).Distinct().Order(StringComparer.Ordinal)
            .ShouldBe(Floors[project].Order(StringComparer.Ordinal), $"say in {nameof(FloorTests)} where each folder of {project} stands");

    [Theory]
    [MemberData(nameof(Projects))]
    public void Namespaces_follow_folders(string project) =>
        SourceFile.Of(project).Where(file => file.Namespace is not null && file.Namespace != file.NamespaceOfFolder)
            .Select(file => $"{file.Path}: {file.Namespace}").ShouldBeEmpty();

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_file_names_no_folder_above_its_own(string project)
    {
        string[] order = Floors[project];
        (from file in SourceFile.Of(project)
         from folder in file.NamedFolders
         where Array.IndexOf(order, SourceFile.FloorOf(folder)) > Array.IndexOf(order, file.Floor)
         select $"{file.Path} names {folder}").ShouldBeEmpty();
    }

    [Fact]
    public void A_command_names_no_other_command() =>
        (from file in SourceFile.Of("KexecSign")
         where file.Floor == "Commands"
         from folder in file.NamedFolders
         where SourceFile.FloorOf(folder) == "Commands" && folder != file.Folder
         select $"{file.Path} names {folder}").ShouldBeEmpty();

    // A rule that saw no names would always hold.
    [Fact]
    public void Names_are_seen()
    {
        SourceFile.Of("KexecSign").Count(file => file.NamedFolders.Contains("Files")).ShouldBeGreaterThan(50);
        SourceFile.Of("KexecSign").Single(file => file.Path.EndsWith("/SignOperation.cs", StringComparison.Ordinal))
            .NamedFolders.ShouldContain("Signing/Timestamps", "it is named there by a qualified name");
    }
}
