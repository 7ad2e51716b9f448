using System.Text.Json;
using KexecSign.Fixtures;

namespace KexecSign.Line.Tests;

/// <summary>Batches as a whole process: its exit code, its JSON, and what is left when it is interrupted.</summary>
public sealed class BatchTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _tree;

    public BatchTests() => _tree = _folder.Folder("tree");

    [Fact]
    public void Some_failures_are_exit_code_3_and_the_JSON_names_every_file()
    {
        Module("good.ko");
        File.WriteAllBytes(Path.Combine(_tree, "bad.ko.xz"), [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, 1]);
        Answer answer = KexecSignProgram.Run([.. Sign(), "--json"]);
        answer.Exit.ShouldBe(3, answer.Error);
        JsonElement[] files = [.. answer.Json.GetProperty("files").EnumerateArray()];
        files.Select(f => Path.GetFileName(f.GetProperty("file").GetString())).ShouldBe(["bad.ko.xz", "good.ko"]);
        files.Select(f => f.GetProperty("status").GetString()).ShouldBe(["Failed", "Signed"]);
        files[0].GetProperty("code").GetString().ShouldBe("KS3913");
        files[1].GetProperty("digest").GetString().ShouldNotBeNull().Length.ShouldBe(64);
    }

    [Fact]
    public void A_response_file_holds_the_arguments_and_a_list_the_files()
    {
        Module("a b.ko");
        Module("c.ko");
        string list = _folder.At("list"), arguments = _folder.At("arguments");
        File.WriteAllText(list, string.Join('\0', Directory.GetFiles(_tree)) + '\0');
        File.WriteAllLines(arguments, ["module", "sign", "--files-from", list, .. Sign()[3..]]);
        KexecSignProgram.Succeed("@" + arguments).Error.ShouldNotContain("KS");
        KexecSignProgram.Succeed("module", "verify", _tree, "--cert", Certificate);
    }

    [SkippableFact]
    public void An_interrupted_run_leaves_whole_files_and_the_next_one_finishes()
    {
        const int count = 1200;
        Tool.Require("kill");
        for (int i = 0; i < count; i++)
            Module($"{i:0000}.ko");
        using RunningProcess running = new ProcessRun(ProgramUnderTest.Path, [.. Sign(), "--quiet"]).Start();
        // Files appear a few hundred at a time; when the first do, most are still to be signed.
        string first = Path.Combine(_tree, "0000.ko");
        running.Until(() => new FileInfo(first).Length > 200, TimeSpan.FromSeconds(60)).ShouldBeTrue();
        Tool.Run("kill", "-INT", $"{running.Id}");
        running.End().Exit.ShouldNotBe(0);
        Directory.GetFiles(_tree, ".*").ShouldBeEmpty();
        Directory.GetFiles(_tree).Length.ShouldBe(count);

        Answer answer = KexecSignProgram.Succeed([.. Sign(), "--skip-signed", "--json"]);
        string[] status = [.. answer.Json.GetProperty("files").EnumerateArray().Select(f => f.GetProperty("status").GetString()!)];
        status.Length.ShouldBe(count);
        status.Distinct().Order(StringComparer.Ordinal).ShouldBe(["Signed", "Skipped"]);
        KexecSignProgram.Succeed("module", "verify", _tree, "--cert", Certificate);
    }

    public void Dispose() => _folder.Dispose();

    private string Certificate => TestSigners.Rsa4096.CertificateFile(_folder);

    private string[] Sign() => ["module", "sign", _tree, "--in-place", "--key", TestSigners.Rsa4096.KeyFile(_folder), "--cert", Certificate];

    private void Module(string name) => File.WriteAllText(Path.Combine(_tree, name), "the module " + name);
}
