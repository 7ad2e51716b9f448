using System.Text.Json;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests;

/// <summary>
/// The four commands that sign many files, by the real program: one way to name files, one outcome, the same exit codes and the same
/// rules about where the files go.
/// </summary>
public sealed class BatchRulesTests : IDisposable
{
    private const string Images = "sign", Files = "ima sign", Modules = "module sign", Packages = "rpm sign";

    private readonly TempFolder _folder = new();
    private readonly string _tree;
    private byte[]? _package;

    public BatchRulesTests() => _tree = _folder.Folder("tree");

    [SkippableTheory]
    [InlineData(Images)]
    [InlineData(Files)]
    [InlineData(Modules)]
    [InlineData(Packages)]
    public void Folders_patterns_and_lists_lead_to_the_same_files(string command)
    {
        Directory.CreateDirectory(Path.Combine(_tree, "below"));
        string[] made = [Make(command, "a", 1), Make(command, "b", 2), Make(command, "below/c", 3)];
        string list = _folder.At("list");
        File.WriteAllText(list, string.Join('\0', made) + '\0');
        foreach (string[] selection in (string[][])[[_tree], [Path.Combine(_tree, "*")], ["--files-from", list]])
        {
            JsonElement[] files = Outcomes(KexecSignProgram.Run([.. command.Split(' '), .. selection, .. Key, .. Place(command), .. Again(command), "--json"]), 0);
            files.Select(f => f.GetProperty("file").GetString()).ShouldBe(made);
            files.Select(f => f.GetProperty("status").GetString()).ShouldAllBe(status => status == "Signed");
            // A pattern finds sidecars, too.
            foreach (string sidecar in Directory.GetFiles(_tree, "*.sig", SearchOption.AllDirectories))
                File.Delete(sidecar);
        }
    }

    [SkippableTheory]
    [InlineData(Images)]
    [InlineData(Files)]
    [InlineData(Modules)]
    [InlineData(Packages)]
    public void Some_failures_are_exit_code_3_nothing_but_failures_1(string command)
    {
        string good = Make(command, "good", 1), bad = Path.Combine(_tree, "bad" + Ending(command)), gone = Path.Combine(_tree, "gone" + Ending(command));
        // For IMA every file will do but what another purpose would read as its own.
        File.WriteAllBytes(bad, command == Modules ? [.. "x"u8, .. "~Module signature appended~\n"u8] : [.. "MZ"u8]);
        if (command == Files)
            File.Delete(bad);
        JsonElement[] files = Outcomes(KexecSignProgram.Run([.. command.Split(' '), bad, gone, good, .. Key, .. Place(command), "--json"]), 3);
        files.Select(f => f.GetProperty("file").GetString()).ShouldBe([bad, gone, good]);
        files.Select(f => f.GetProperty("status").GetString()).ShouldBe(["Failed", "Failed", "Signed"]);
        files[1].GetProperty("code").GetString().ShouldBe("KS3001");
        files[1].GetProperty("message").GetString().ShouldNotBeNull().ShouldContain(gone);
        Outcomes(KexecSignProgram.Run([.. command.Split(' '), bad, gone, .. Key, .. Place(command), "--json"]), 1).Length.ShouldBe(2);
    }

    [SkippableTheory]
    [InlineData(Images)]
    [InlineData(Files)]
    [InlineData(Modules)]
    [InlineData(Packages)]
    public void What_is_signed_already_is_left_alone_when_that_is_asked_for(string command)
    {
        string first = Make(command, "first", 1);
        Outcomes(KexecSignProgram.Run([.. command.Split(' '), _tree, .. Key, .. Place(command), "--json"]), 0);
        byte[] once = File.ReadAllBytes(first);
        string second = Make(command, "second", 2);
        JsonElement[] files = Outcomes(KexecSignProgram.Run([.. command.Split(' '), _tree, "--skip-signed", .. Key, .. Place(command), "--json"]), 0);
        files.Select(f => (f.GetProperty("file").GetString(), f.GetProperty("status").GetString())).ShouldBe([(first, "Skipped"), (second, "Signed")]);
        files[0].GetProperty("note").GetString().ShouldBe("signed by this key already");
        File.ReadAllBytes(first).ShouldBe(once);
    }

    [SkippableTheory]
    [InlineData(Images)]
    [InlineData(Modules)]
    [InlineData(Packages)]
    public void The_rules_about_outputs_are_those_of_all(string command)
    {
        string first = Make(command, "a", 1), second = Make(command, "b", 2), output = _folder.Folder("out");
        string[] start = [.. command.Split(' '), .. Key];
        Refused("KS3011", [.. start, first, "-o", output, "--in-place"]);
        Refused("KS3006", [.. start, first, second]);
        Refused("KS3063", [.. start, first, second, "-o", _folder.At("nothing")]);
        Refused("KS3055", [.. start, first, "-o", _folder.At("nothing") + "/"]);
        Refused("KS3005", [.. start, first, "-o", first]);
        string same = Path.Combine(_folder.Folder("other"), Path.GetFileName(first));
        File.Copy(first, same);
        Refused("KS3013", [.. start, first, same, "-o", output]);
        Directory.GetFileSystemEntries(output).ShouldBeEmpty();

        Outcomes(KexecSignProgram.Run([.. start, _tree, "-o", output, "--json"]), 0)
            .Select(f => f.GetProperty("output").GetString()).ShouldBe([Path.Combine(output, Path.GetFileName(first)), Path.Combine(output, Path.GetFileName(second))]);
        // What there is nothing to do for is there all the same.
        string copies = _folder.Folder("copies");
        Outcomes(KexecSignProgram.Run([.. start, output, "-o", copies, "--skip-signed", "--json"]), 0)
            .Select(f => f.GetProperty("status").GetString()).ShouldBe(["Skipped", "Skipped"]);
        File.ReadAllBytes(Path.Combine(copies, Path.GetFileName(first))).ShouldBe(File.ReadAllBytes(Path.Combine(output, Path.GetFileName(first))));
    }

    [SkippableTheory]
    [InlineData(Images)]
    [InlineData(Files)]
    [InlineData(Modules)]
    [InlineData(Packages)]
    public void Twelve_hundred_files_need_no_more_than_1024_descriptors(string command)
    {
        const int count = 1200;
        Tool.Require("prlimit");
        for (int i = 0; i < count; i++)
            Make(command, $"{i:0000}", i);
        string[] line = ["--nofile=1024:1024", ProgramUnderTest.Path, .. command.Split(' '), _tree, .. Key, .. Place(command), "--json"];
        JsonElement[] files = Outcomes(KexecSignProgram.RunAs("prlimit", line), 0);
        files.Length.ShouldBe(count);
        files.ShouldAllBe(f => f.GetProperty("status").GetString() == "Signed");
        Directory.GetFiles(_tree, ".*").ShouldBeEmpty();
    }

    [Fact]
    public void Below_a_folder_EFI_images_are_known_by_what_is_in_them()
    {
        string kernel = Make(Images, "vmlinuz-6.12", 1), renamed = Path.Combine(_tree, "vmlinuz-6.13-amd64");
        File.Move(kernel, renamed);
        File.WriteAllText(Path.Combine(_tree, "config-6.13-amd64"), "CONFIG_EFI=y\n");
        File.WriteAllText(Path.Combine(_tree, "empty.efi"), "");
        // The subsystem of Windows programs.
        File.WriteAllBytes(Path.Combine(_tree, "setup.exe"), TestImage.Arm64().OptionalField(68, 3).Bytes);
        Outcomes(KexecSignProgram.Run(["sign", _tree, "--in-place", .. Key, "--json"]), 0)
            .Select(f => f.GetProperty("file").GetString()).ShouldBe([renamed]);
        KexecSignProgram.Run(["sign", _folder.Folder("bare"), "--in-place", .. Key]).Error.ShouldContain("KS3901");
    }

    public void Dispose() => _folder.Dispose();

    private string[] Key => ["--key", TestSigners.P256.KeyFile(_folder), "--cert", TestSigners.P256.CertificateFile(_folder)];

    private static string[] Place(string command) => command == Files ? ["--sidecar"] : ["--in-place"];

    private static string[] Again(string command) => command == Files ? [] : ["--replace"];

    private static string Ending(string command) => command switch
    {
        Images => ".efi",
        Modules => ".ko",
        Packages => ".rpm",
        _ => ".bin",
    };

    private static JsonElement[] Outcomes(Answer answer, int exit)
    {
        answer.Exit.ShouldBe(exit, answer.Error);
        return [.. answer.Json.GetProperty("files").EnumerateArray()];
    }

    private static void Refused(string code, string[] line)
    {
        Answer answer = KexecSignProgram.Run(line);
        answer.Exit.ShouldNotBe(0);
        answer.Error.ShouldContain(code);
    }

    private string Make(string command, string name, int seed)
    {
        string path = Path.Combine(_tree, name + Ending(command));
        File.WriteAllBytes(path, command switch
        {
            Images => TestImage.Arm64(seed).Bytes,
            Packages => _package ??= Package(),
            _ => System.Text.Encoding.UTF8.GetBytes($"the file {seed}"),
        });
        return path;
    }

    private byte[] Package() => File.ReadAllBytes(TestPackage.Build(_folder, [("kernel", "the kernel"u8.ToArray())]));
}
