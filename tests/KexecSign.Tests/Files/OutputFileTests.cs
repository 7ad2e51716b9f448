using KexecSign.Files;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Files;

public sealed class OutputFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void Appears_whole_when_it_is_committed()
    {
        string target = _folder.At("out");
        using (OutputFile output = OutputFile.Create(target))
        {
            output.Write("content"u8);
            File.Exists(target).ShouldBeFalse();
            output.Commit();
        }
        File.ReadAllText(target).ShouldBe("content");
        _folder.Names().ShouldBe(["out"]);
    }

    [Fact]
    public void Leaves_the_old_file_and_nothing_else_without_a_commit()
    {
        string target = _folder.File("out", "old"u8);
        using (OutputFile output = OutputFile.Create(target))
            output.Write("new"u8);
        File.ReadAllText(target).ShouldBe("old");
        _folder.Names().ShouldBe(["out"]);
    }

    [Fact]
    public void Keeps_the_permissions_of_the_file_it_replaces()
    {
        const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherExecute;
        string target = _folder.File("out", "old"u8);
        File.SetUnixFileMode(target, mode);
        Write(target, "new"u8);
        File.GetUnixFileMode(target).ShouldBe(mode);
        File.ReadAllText(target).ShouldBe("new");
    }

    [Fact]
    public void Follows_a_symbolic_link_and_leaves_it_a_link()
    {
        string target = _folder.File("real", "old"u8), link = _folder.At("link");
        File.CreateSymbolicLink(link, "real");
        Write(link, "new"u8);
        File.ReadAllText(target).ShouldBe("new");
        new FileInfo(link).LinkTarget.ShouldBe("real");
    }

    [Fact]
    public void Makes_the_target_of_a_link_that_points_nowhere()
    {
        string link = _folder.At("link");
        File.CreateSymbolicLink(link, "later");
        Write(link, "new"u8);
        File.ReadAllText(_folder.At("later")).ShouldBe("new");
        new FileInfo(link).LinkTarget.ShouldBe("later");
    }

    [Fact]
    public void Refuses_links_that_go_in_a_circle()
    {
        File.CreateSymbolicLink(_folder.At("a"), "b");
        File.CreateSymbolicLink(_folder.At("b"), "a");
        Refusal.Of("KS3003", () => OutputFile.Create(_folder.At("a")), _folder.At("a"));
    }

    [Fact]
    public void A_hard_link_to_the_target_keeps_the_old_content()
    {
        string target = _folder.File("out", "old"u8), other = _folder.At("running-kernel");
        Tool.Run("ln", target, other);
        Write(target, "new"u8);
        File.ReadAllText(other).ShouldBe("old");
        File.ReadAllText(target).ShouldBe("new");
    }

    [Fact]
    public void Refuses_to_replace_an_input_by_whatever_path()
    {
        string input = _folder.File("in", "content"u8);
        File.CreateSymbolicLink(_folder.At("link"), "in");
        Directory.CreateSymbolicLink(_folder.At("way"), ".");
        foreach (string output in (string[])[input, _folder.At("link"), _folder.At("./x/../in"), _folder.At("way/in"), _folder.At("way/link")])
            Refusal.Of("KS3005", () => OutputFile.Create(output, input), output);
        Refusal.Of("KS3005", () => OutputFile.Create(input, _folder.At("way/link")));
        _folder.Names().ShouldBe(["in", "link"]);
    }

    [Fact]
    public void Refuses_a_folder_as_target() => Refusal.Of("KS3003", () => OutputFile.Create(_folder.Path), "folder");

    [Fact]
    public void Refuses_a_folder_that_is_not_there() => Refusal.Of("KS3003", () => OutputFile.Create(_folder.At("none/out")), "folder does not exist");

    [Fact]
    public void Refuses_a_file_used_as_folder() => Refusal.Of("KS3003", () => OutputFile.Create(_folder.File("f", "x"u8) + "/out"));

    [Fact]
    public void Takes_a_name_as_long_as_names_can_be()
    {
        string target = _folder.At(new string('n', 255));
        Write(target, "new"u8);
        File.ReadAllText(target).ShouldBe("new");
    }

    [SkippableFact]
    public void Refuses_a_read_only_file_system()
    {
        using SmallDisk disk = SmallDisk.ReadOnly(_folder, "old"u8);
        Refusal.Of("KS3003", () => OutputFile.Create(disk.At("image")), "read-only", disk.At("image"));
        disk.Names().ShouldBe(["image"]);
    }

    [SkippableFact]
    public void A_full_disk_leaves_the_old_file_and_tells_both_numbers()
    {
        using SmallDisk disk = SmallDisk.Writable(_folder);
        string target = disk.At("image");
        File.WriteAllBytes(target, "old"u8);
        using (OutputFile output = OutputFile.Create(target))
        {
            byte[] chunk = new byte[256 << 10];
            Refusal.Of("KS3004", () =>
            {
                for (int i = 0; i < 8; i++)
                    output.Write(chunk, 8 * chunk.Length);
            }, "0x200000", target);
        }
        File.ReadAllText(target).ShouldBe("old");
        disk.Names().ShouldBe(["image"]);
    }

    public void Dispose() => _folder.Dispose();

    private static void Write(string path, ReadOnlySpan<byte> content)
    {
        using OutputFile output = OutputFile.Create(path);
        output.Write(content);
        output.Commit();
    }
}
