using System.Buffers.Binary;
using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Sbat;
using KexecSign.Formats.Uki;

namespace KexecSign.Formats.Tests.Uki;

/// <summary>What has a format of its own inside an image.</summary>
public sealed class UkiContentTests
{
    private static readonly HardwareId[] Machines =
    [
        new(1, Guid.Parse("02f3d0f2-7cb1-4b0e-9c34-bd1b4e2b3c11"), "Laptop", "vendor,laptop"),
        new(1, Guid.Parse("12f3d0f2-7cb1-4b0e-9c34-bd1b4e2b3c12"), "Laptop", "vendor,laptop"),
        new(2, Guid.Parse("22f3d0f2-7cb1-4b0e-9c34-bd1b4e2b3c13"), "", "firmware-1"),
    ];

    [Fact]
    public void Merges_SBAT_rows_under_one_header_without_repeating_any()
    {
        string text = Encoding.UTF8.GetString(SbatText.Merge([SbatText.Header + "\nsystemd,1,a,b,252,u\n\0\0", "linux,1,a,b,6,u\r\nsystemd,1,a,b,252,u", SbatText.UkiRow]));
        text.Split('\n').ShouldBe([SbatText.Header, "systemd,1,a,b,252,u", "linux,1,a,b,6,u", SbatText.UkiRow, ""]);
    }

    // Taking the higher generation alone would hide the older code from revocation.
    [Fact]
    public void Keeps_rows_of_one_component_with_different_generations() =>
        SbatTable.ReadSection(SbatText.Merge(["systemd,1,a,b,252,u", "systemd,2,a,b,257,u"]))
            .RevokedBy(new([new("sbat", 1), new("systemd", 2)])).ShouldNotBeNull().Entry.Generation.ShouldBe(1u);

    [Fact]
    public void Refuses_SBAT_rows_that_not_all_read_alike() => Refusal.Of("KS1524", () => SbatText.Merge(["linux,x,a,b,c,d"]), "row 2", "'x'");

    [Fact]
    public void Hardware_tables_come_back_as_they_went_in()
    {
        byte[] table = HardwareIds.Encode([.. Machines]);
        HardwareIds.IsTable(table).ShouldBeTrue();
        HardwareIds.Read(table).ShouldBe(Machines);
        // Little-endian descriptor: type in the upper four bits, size 28 below.
        BinaryPrimitives.ReadUInt32LittleEndian(table).ShouldBe(0x1000001Cu);
        Encoding.ASCII.GetString(table, 4 * 28, "Laptop\0vendor,laptop\0".Length).ShouldBe("Laptop\0vendor,laptop\0");
    }

    [Fact]
    public void Reads_hardware_ids_from_the_JSON_that_ukify_takes() =>
        HardwareIds.FromJson(Encoding.UTF8.GetBytes("""
            { "type": "devicetree", "name": "Laptop", "compatible": "vendor,laptop", "hwids": ["02f3d0f2-7cb1-4b0e-9c34-bd1b4e2b3c11", "12f3d0f2-7cb1-4b0e-9c34-bd1b4e2b3c12"] }
            """)).ShouldBe(Machines[..2]);

    [Theory]
    [InlineData("{", "line")]
    [InlineData("{}", "type")]
    [InlineData("""{ "type": "x", "compatible": "a", "hwids": [] }""", "'x'")]
    [InlineData("""{ "type": "devicetree", "compatible": "a", "hwids": ["no"] }""", "GUIDs")]
    [InlineData("""{ "type": "devicetree", "compatible": "", "hwids": [] }""", "empty")]
    [InlineData("""{ "type": "devicetree", "compatible": null, "hwids": [] }""", "needed")]
    [InlineData("""{ "type": "devicetree", "compatible": "a", "hwids": [null] }""", "needed")]
    public void Refuses_other_JSON(string json, string told) => Refusal.Of("KS1718", () => HardwareIds.FromJson(Encoding.UTF8.GetBytes(json)), told);

    [Fact]
    public void Refuses_a_table_without_end_and_strings_outside()
    {
        byte[] table = HardwareIds.Encode([.. Machines]);
        Refusal.Of("KS1718", () => HardwareIds.Read(table.AsSpan(0, 84)), "0x54");
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(24), 0xFFFF);
        Refusal.Of("KS1718", () => HardwareIds.Read(table), "0xffff");
    }

    [Fact]
    public void Reads_what_machines_a_device_tree_is_for() => DeviceTree.Read(Tree()).Compatible.ShouldBe(["vendor,board", "vendor,chip"]);

    [Fact]
    public void Refuses_what_is_no_device_tree_or_cut_short()
    {
        Refusal.Of("KS1716", () => DeviceTree.Read("MZ"u8), "4D5A");
        Refusal.Of("KS1716", () => DeviceTree.Read(Tree().AsSpan(0, 60)), "0x3c");
    }

    [Fact]
    public void Refuses_what_is_no_bitmap()
    {
        byte[] bitmap = [(byte)'B', (byte)'M', 54, 0, 0, 0, .. new byte[12], 3, 0, 0, 0, 2, 0, 0, 0, .. new byte[28]];
        SplashBitmap.Read(bitmap, bitmap.Length).ShouldBe(new SplashBitmap(3, 2));
        Refusal.Of("KS1717", () => SplashBitmap.Read("PNG"u8, 3), "504E47");
        Refusal.Of("KS1717", () => SplashBitmap.Read(bitmap, 53), "0x35");
    }

    [SkippableTheory]
    [InlineData("kernel arm64")]
    [InlineData("signed kernel amd64")]
    public void Reads_a_kernels_version(string name)
    {
        string path = DebianFiles.Named(name);
        KernelVersionText.Find(Layout.Of(File.ReadAllBytes(path))).ShouldBe(Path.GetFileName(path)["vmlinuz-".Length..]);
    }

    [Theory]
    [InlineData("..Linux version %s (%s) Linux version 6.1.0-x (a@b)", "6.1.0-x")]
    [InlineData("Linux version 6.1.0", null)]
    [InlineData("nothing", null)]
    public void Finds_the_banner_and_not_the_format_string(string text, string? version) =>
        KernelVersionText.Find(Layout.Of(Encoding.ASCII.GetBytes(text))).ShouldBe(version);

    [Fact]
    public void Finds_a_banner_that_lies_across_two_chunks()
    {
        Layout kernel = Layout.Empty.AppendZeros((1 << 20) - 10).Append("Linux version 5.10.7-test (a@b)"u8.ToArray()).AppendZeros(4 << 20);
        KernelVersionText.Find(kernel).ShouldBe("5.10.7-test");
    }

    // Header, one node with one property, strings; big-endian.
    private static byte[] Tree()
    {
        byte[] compatible = "vendor,board\0vendor,chip\0"u8.ToArray(), names = "model\0compatible\0"u8.ToArray();
        List<byte> structure = [.. U32(1), .. U32(0), .. U32(3), .. U32(2), .. U32(0), (byte)'x', 0, 0, 0, .. U32(4), .. U32(3), .. U32((uint)compatible.Length), .. U32(6), .. compatible];
        while (structure.Count % 4 != 0)
            structure.Add(0);
        structure.AddRange([.. U32(2), .. U32(9)]);
        uint strings = 40 + (uint)structure.Count, total = strings + (uint)names.Length;
        return [.. U32(0xD00DFEED), .. U32(total), .. U32(40), .. U32(strings), .. U32(40), .. U32(17), .. U32(16), .. U32(0), .. U32((uint)names.Length), .. U32((uint)structure.Count), .. structure, .. names];
    }

    private static byte[] U32(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}
