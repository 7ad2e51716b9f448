using KexecSign.Fixtures;
using KexecSign.Formats.Cpio;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Tests.Cpio;

public sealed class NewcArchiveTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-cpio-");

    [SkippableFact]
    public void The_cpio_tool_unpacks_content_and_mode()
    {
        Tool.Require("cpio");
        Layout archive = NewcArchive.Write([("init", 0x1ED, Layout.Of("abcde"u8.ToArray())), ("empty", 0x180, Layout.Empty), ("n", 0x1A4, Layout.Of(new byte[7]))]);
        string file = Path.Combine(_folder.FullName, "a.cpio");
        File.WriteAllBytes(file, archive.ReadBytes(0, archive.Length));

        (int exit, string output) = Tool.Ask("cpio", "-i", "--quiet", "-D", _folder.FullName, "-F", file);

        exit.ShouldBe(0, output);
        File.ReadAllText(Path.Combine(_folder.FullName, "init")).ShouldBe("abcde");
        ((int)File.GetUnixFileMode(Path.Combine(_folder.FullName, "init"))).ShouldBe(0x1ED);
        new FileInfo(Path.Combine(_folder.FullName, "empty")).Length.ShouldBe(0);
        File.ReadAllBytes(Path.Combine(_folder.FullName, "n")).ShouldBe(new byte[7]);
    }

    [SkippableFact]
    public void The_bytes_are_those_of_the_cpio_tool_but_for_time_device_and_inode()
    {
        Tool.Require("cpio");
        File.WriteAllText(Path.Combine(_folder.FullName, "init"), "#!");
        File.SetUnixFileMode(Path.Combine(_folder.FullName, "init"), (UnixFileMode)0x1ED);
        (int exit, string output) = Tool.Ask("sh", "-c", $"cd {_folder.FullName} && echo init | cpio -o -H newc --quiet -R 0:0 -F ref.cpio && cat ref.cpio | wc -c");
        exit.ShouldBe(0, output);
        byte[] theirs = File.ReadAllBytes(Path.Combine(_folder.FullName, "ref.cpio"));

        Layout archive = NewcArchive.Write([("init", 0x1ED, Layout.Of("#!"u8.ToArray()))]);
        byte[] ours = archive.ReadBytes(0, archive.Length);

        Blanked(ours).ShouldBe(Blanked(theirs.AsSpan(0, ours.Length).ToArray()));
        theirs.AsSpan(ours.Length).ContainsAnyExcept((byte)0).ShouldBeFalse();
    }

    public void Dispose() => _folder.Delete(recursive: true);

    // Inode at 6, time at 46, device numbers at 62 and 70.
    private static byte[] Blanked(byte[] archive)
    {
        foreach (int field in (int[])[6, 46, 62, 70])
            archive.AsSpan(field, 8).Fill((byte)'0');
        return archive;
    }
}
