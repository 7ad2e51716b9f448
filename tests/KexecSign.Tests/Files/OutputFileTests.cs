using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Keyrings;

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

    [Theory]
    [InlineData("out/")]
    [InlineData("none/out/")]
    public void A_path_that_ends_with_a_slash_means_a_folder(string path)
    {
        Refusal.Of("KS3055", () => OutputFile.Create(_folder.At(path)), "folder");
        _folder.Names().ShouldBeEmpty();
    }

    [Fact]
    public void Is_for_its_owner_alone_until_it_is_in_place()
    {
        using OutputFile output = OutputFile.Create(_folder.At("out"));
        output.Write("secret"u8);
        FileFacts.Of(output.Handle).Mode.ShouldBe(0x180u);
        output.Commit();
        FileFacts.Of(_folder.At("out")).ShouldNotBeNull().Mode.ShouldBe(0x1B6u & ~CreationMask.Value);
    }

    [Fact]
    public void Is_not_more_readable_than_what_it_is_made_of()
    {
        string secret = _folder.File("initrd", "secret"u8), there = _folder.File("there", "old"u8);
        File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        foreach (string target in (string[])[_folder.At("out"), there])
        {
            using OutputFile output = OutputFile.Create(target, secret);
            output.Write("made of it"u8);
            output.Commit();
            File.GetUnixFileMode(target).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    [SkippableFact]
    public void Keeps_owner_and_set_id_bits_together()
    {
        RequireRoot();
        string target = _folder.File("out", "old"u8);
        Tool.Run("chown", "1000:1001", target);
        Tool.Run("chmod", "6755", target);
        Write(target, "new"u8);
        FileFacts facts = FileFacts.Of(target).ShouldNotBeNull();
        (facts.Owner, facts.Group, facts.Mode).ShouldBe((1000u, 1001u, Convert.ToUInt32("6755", 8)));
    }

    [SkippableFact]
    public void Keeps_attributes_but_those_that_sign_the_old_content()
    {
        Tool.Require("setfattr", "getfattr");
        string target = _folder.File("out", "old"u8);
        string? problem = ExtendedAttribute.TrySet(target, "user.note", "hello"u8.ToArray());
        Skip.If(problem is not null, problem);
        ExtendedAttribute.TrySet(target, "user.ima", [3, 2]).ShouldBeNull();
        Write(target, "new"u8);
        ExtendedAttribute.TryGet(target, "user.note").ShouldBe("hello"u8.ToArray());
        ExtendedAttribute.TryGet(target, "user.ima").ShouldBeNull();
    }

    [SkippableFact]
    public void Keeps_an_access_list()
    {
        Tool.Require("setfacl", "getfacl");
        string target = _folder.File("out", "old"u8);
        ToolAnswer set = Tool.Ask("setfacl", "-m", "u:1234:r", target);
        Skip.If(set.Exit != 0, set.Output);
        string before = Tool.Run("getfacl", "-cp", target);
        Write(target, "new"u8);
        Tool.Run("getfacl", "-cp", target).ShouldBe(before);
    }

    [SkippableTheory]
    [InlineData("c", "1", "3", true)]
    [InlineData("c", "10", "200", false)]
    [InlineData("b", "7", "200", false)]
    public void Never_replaces_a_device(string kind, string major, string minor, bool takesBytes)
    {
        string node = Node(kind, major, minor);
        if (takesBytes)
            Write(node, "into the void"u8);
        else
            Refusal.Of("KS3053", () => OutputFile.Create(node), "device");
        FileFacts.Of(node).ShouldNotBeNull().Kind.ShouldBe(kind == "c" ? FileKind.CharacterDevice : FileKind.BlockDevice);
    }

    [SkippableFact]
    public void A_device_that_is_full_is_told_of()
    {
        string node = Node("c", "1", "7");
        Refusal.Of("KS3004", () => Write(node, "too much"u8), node);
    }

    [SkippableFact]
    public async Task Goes_into_a_FIFO_and_leaves_it_one()
    {
        Tool.Require("mkfifo");
        string fifo = _folder.At("fifo");
        Tool.Run("mkfifo", fifo);
        Task<string> reader = Task.Run(() => File.ReadAllText(fifo));
        Write(fifo, "through it"u8);
        (await reader).ShouldBe("through it");
        FileFacts.Of(fifo).ShouldNotBeNull().Kind.ShouldBe(FileKind.Fifo);
    }

    [SkippableFact]
    public void Does_not_go_through_another_users_link_in_a_shared_folder()
    {
        RequireRoot();
        string shared = _folder.Folder("shared"), link = Path.Combine(shared, "out");
        Tool.Run("chmod", "1777", shared);
        File.CreateSymbolicLink(link, _folder.At("victim"));
        Tool.Run("chown", "-h", "1000:1000", link);
        Refusal.Of("KS3054", () => OutputFile.Create(link), "1000");
        Tool.Run("chown", "-h", "0:0", link);
        Write(link, "own link"u8);
        File.ReadAllText(_folder.At("victim")).ShouldBe("own link");
    }

    [Fact]
    public void Never_replaces_a_key_or_list_of_the_run_by_whatever_name()
    {
        using var run = RunScope.Begin(new RunContext { Keyring = new Keyring() });
        string key = _folder.File("key", "the key"u8), second = _folder.At("second");
        Tool.Run("ln", key, second);
        File.CreateSymbolicLink(_folder.At("link"), "key");
        WholeFile.Read(key, 100, "a key");
        foreach (string path in (string[])[key, second, _folder.At("link")])
            Refusal.Of("KS3052", () => OutputFile.Create(path), path, key);
        Write(_folder.At("other"), "fine"u8);
    }

    [Fact]
    public void A_tree_that_is_exchanged_for_a_link_leads_nowhere()
    {
        string tree = _folder.Folder("tree"), elsewhere = _folder.Folder("elsewhere");
        File.WriteAllText(Path.Combine(elsewhere, "x.ko"), "victim");
        Directory.CreateSymbolicLink(Path.Combine(tree, "sub"), elsewhere);
        string target = Path.Combine(tree, "sub/x.ko");
        Refusal.Of("KS3003", () => OutputFile.Replace(target, new OutputFolders(), tree), "links");
        Should.Throw<KexecSignException>(() => FileSource.OpenRegular(target, tree, "sub/x.ko")).Code.Id.ShouldBe("KS3002");
        File.ReadAllText(Path.Combine(elsewhere, "x.ko")).ShouldBe("victim");
    }

    [Fact]
    public void A_folder_that_is_exchanged_meanwhile_gets_nothing()
    {
        string folder = _folder.Folder("folder"), target = Path.Combine(folder, "out");
        using OutputFile output = OutputFile.Create(target);
        output.Write("content"u8);
        Directory.Move(folder, _folder.At("moved"));
        Directory.CreateDirectory(folder);
        Refusal.Of("KS3058", output.Commit, "exchanged");
        Directory.GetFileSystemEntries(folder).ShouldBeEmpty();
    }

    [SkippableFact]
    public void Takes_away_what_a_killed_run_has_left_and_leaves_what_another_works_on()
    {
        string dead = _folder.File(Leftovers.NewName(), "half"u8), alive = _folder.File(Leftovers.NewName(), "half"u8);
        using var warnings = new Bench();
        using var run = RunScope.Begin(warnings.Context);
        // flock(2), as another process would hold it.
        using FileStream locked = new(alive, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Write(_folder.At("out"), "new"u8);
        _folder.Names().ShouldBe([Path.GetFileName(alive), "out"]);
        warnings.Warnings.ShouldHaveSingleItem().ShouldContain(dead);
    }

    // Thousands of processes that put one file each into one folder must not list it each time. What a killed run can have left where
    // files need no name stands beside a file that it replaced, and goes when that is replaced again.
    [SkippableFact]
    public void A_long_folder_is_looked_through_only_where_something_is_replaced()
    {
        string folder = _folder.Folder("long"), left = Path.Combine(folder, Leftovers.NewName());
        for (int i = 0; i < 1500; i++)
            File.WriteAllBytes(Path.Combine(folder, $"{i:0000}{new string('n', 100)}"), []);
        File.WriteAllBytes(left, "half"u8.ToArray());
        Skip.If(FileFacts.Of(folder)!.Length <= 16 << 10, "this file system does not say how long a folder is");
        WriteAsOneRun("new");
        File.Exists(left).ShouldBeTrue();
        WriteAsOneRun("new");
        File.Exists(left).ShouldBeFalse();

        void WriteAsOneRun(string name)
        {
            using var bench = new Bench();
            using var run = RunScope.Begin(bench.Context);
            Write(Path.Combine(folder, name), "content"u8);
        }
    }

    [SkippableFact]
    public void Other_names_of_a_replaced_file_are_told_of()
    {
        using var warnings = new Bench();
        using var run = RunScope.Begin(warnings.Context);
        string target = _folder.File("out", "old"u8);
        Tool.Run("ln", target, _folder.At("other"));
        Write(target, "new"u8);
        warnings.Warnings.ShouldHaveSingleItem().ShouldContain("1 other name");
    }

    public void Dispose() => _folder.Dispose();

    private static void RequireRoot() => Skip.IfNot(Environment.UserName == "root", "needs root");

    private string Node(string kind, string major, string minor)
    {
        string node = _folder.At("node");
        ToolAnswer made = Tool.Ask("mknod", "-m", "666", node, kind, major, minor);
        Skip.If(made.Exit != 0, made.Output);
        ToolAnswer usable = Tool.Ask("test", "-w", node);
        return usable.Exit == 0 ? node : throw new SkipException("devices are not to be had in this folder");
    }

    private static void Write(string path, ReadOnlySpan<byte> content)
    {
        using OutputFile output = OutputFile.Create(path);
        output.Write(content);
        output.Commit();
    }
}
