using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Tar;

namespace KexecSign.Formats.Tests.Tar;

public class PaxTarTests
{
    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    [SkippableTheory]
    [InlineData("vmlinuz.efi")]
    [InlineData("folder/vmlinuz.efi")]
    [InlineData("k\u00e4rnel/\u6838.efi")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.efi")]
    public void GNU_tar_gives_the_file_back(string name)
    {
        using var folder = new TempFolder();
        byte[] content = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i % 251))];
        string tar = folder.File("a.tar", Bytes([new(name, 0x1A0, Time, Layout.Of(content), [])]));
        string target = folder.Folder("out");
        Tool.Run("tar", "-C", target, "-xf", tar);
        string file = Path.Combine(target, name);
        File.ReadAllBytes(file).ShouldBe(content);
        File.GetLastWriteTimeUtc(file).ShouldBe(Time.UtcDateTime);
        Tool.Run("tar", "-tvf", tar).ShouldContain("-rw-r----- root/root");
    }

    // A value holds what breaks text formats: NUL, newline, '=', bytes that are no UTF-8.
    [SkippableTheory]
    [InlineData(3)]
    [InlineData(70)]
    [InlineData(265)]
    [InlineData(969)]
    [InlineData(3500)]
    public void Extended_attributes_come_back_byte_for_byte(int length)
    {
        Tool.Require("tar", "getfattr");
        using var folder = new TempFolder();
        byte[] value = [.. Enumerable.Range(0, length).Select(i => (byte)((255 - i) & 0xFF))];
        (value[0], value[1], value[2]) = (0, (byte)'\n', (byte)'=');
        string tar = folder.File("a.tar", Bytes([new("f", 0x1A4, Time, Layout.Of(new byte[] { 1 }), [("user.ima", value)])]));
        string target = folder.Folder("out");
        Tool.Run("tar", "-C", target, "--xattrs", "--xattrs-include=user.*", "-xf", tar);
        ToolAnswer answer = Tool.Ask("getfattr", "--only-values", "-e", "hex", "-n", "user.ima", Path.Combine(target, "f"));
        Tool.Demand(!answer.Output.Contains("not supported", StringComparison.Ordinal), "the temporary folder's file system has no user attributes");
        Tool.Run("getfattr", "-e", "hex", "-n", "user.ima", "--absolute-names", Path.Combine(target, "f"))
            .ShouldContain("user.ima=0x" + Convert.ToHexStringLower(value));
    }

    [SkippableFact]
    public void Files_of_8_GiB_and_times_after_2242_can_be_listed()
    {
        using var folder = new TempFolder();
        Layout tar = PaxTar.Write([new("big", 0x1A4, DateTimeOffset.FromUnixTimeSeconds(1L << 34), Layout.Empty.AppendZeros(9L << 30), [])]);
        // The header alone is enough for a listing; the content is a hole.
        string path = folder.File("a.tar", tar.ReadBytes(0, 512));
        using (FileStream file = File.OpenWrite(path))
            file.SetLength(tar.Length);
        Tool.Run("tar", "--utc", "-tvf", path).ShouldContain($"{9L << 30} 2514-05-30");
    }

    [Fact]
    public void The_same_files_give_the_same_bytes()
    {
        PaxTarFile file = new("a", 0x1A4, Time, Layout.Of(new byte[] { 1, 2 }), [("security.ima", new byte[] { 3 })]);
        Bytes([file]).ShouldBe(Bytes([file]));
    }

    private static byte[] Bytes(IEnumerable<PaxTarFile> files)
    {
        Layout tar = PaxTar.Write(files);
        return tar.ReadBytes(0, tar.Length);
    }
}
