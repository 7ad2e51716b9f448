using System.Buffers.Binary;
using System.Text;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Layouts;
using KexecSign.Parsers;

namespace KexecSign.Tests.Commands.Bpf;

/// <summary>The parsers' own C, compiled for this machine with the sanitizers of gcc, on sound and on damaged images.</summary>
public sealed class NativeParserTests : IDisposable
{
    private readonly Bench _bench = new();

    public static TheoryData<string> Series => ["v5", "v6", "v7"];

    [SkippableTheory]
    [MemberData(nameof(Series))]
    public void Zboot_hands_over_the_payload_to_its_last_byte(string abi)
    {
        byte[] image = TestZboot.Zstd(TestImage.Arm64().Bytes, _bench.Folder).Bytes;
        int offset = BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(8)), size = BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(12));

        Run("zboot", abi, image).ShouldContain($"kernel again=0 size={size}");
        Given("kernel").ShouldBe(image[offset..(offset + size)]);
    }

    [SkippableFact]
    public void Zboot_takes_an_envelope_apart()
    {
        byte[] zboot = TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes;
        Layout envelope = new ImageEnvelope(Layout.Of(zboot), Layout.Of("an initrd"u8.ToArray()), ImageEnvelope.Section("root=/dev/vda")).Write(0xAA64);

        Run("zboot", "v7", envelope.ReadBytes(0, envelope.Length)).ShouldEndWith("done end again=0 size=0\n");
        Given("initrd").ShouldBe("an initrd"u8.ToArray());
        Given("cmdline").ShouldBe("root=/dev/vda\0"u8.ToArray());
        Given("kernel")[..2].ShouldBe([0x1F, 0x8B]);
    }

    [SkippableTheory]
    [MemberData(nameof(Series))]
    public void Uki_joins_initrds_and_ends_the_command_line(string abi)
    {
        byte[] image = Uki((".initrd", "first"u8.ToArray()), (".osrel", [1]), (".linux", [.. Enumerable.Repeat((byte)7, 5000)]), (".initrd", "second!"u8.ToArray()), (".cmdline", "quiet"u8.ToArray()));

        string said = Run("uki", abi, image);
        said.ShouldContain($"copy kernel again={(abi == "v7" ? 1 : 0)} size=5000");
        said.Contains("done").ShouldBe(abi == "v7");
        Given("initrd").ShouldBe("first\0\0\0second!"u8.ToArray());
        Given("cmdline").ShouldBe("quiet\0"u8.ToArray());
    }

    [SkippableFact]
    public void Uki_takes_the_first_profile_over_the_base()
    {
        byte[] image = Uki(
            (".linux", [1]), (".cmdline", "base"u8.ToArray()), (".initrd", "base"u8.ToArray()), (".profile", [1]), (".cmdline", "first"u8.ToArray()),
            (".profile", [1]), (".cmdline", "second"u8.ToArray()), (".initrd", "second"u8.ToArray()));
        Run("uki", "v6", image);
        Given("cmdline").ShouldBe("first\0"u8.ToArray());
        Given("initrd").ShouldBe("base"u8.ToArray());

        Run("uki", "v6", Uki((".linux", [1]), (".initrd", [1]), (".profile", [1]), (".initrd", [2]), (".initrd", [3]), (".profile", [1]), (".initrd", [4])));
        Given("initrd").ShouldBe([2, 0, 0, 0, 3]);
    }

    [SkippableTheory]
    [InlineData(32, true)]
    [InlineData(33, false)]
    public void Uki_takes_thirty_two_small_initrds(int count, bool taken)
    {
        (string, byte[])[] sections = [(".linux", [1]), .. Enumerable.Range(0, count).Select(i => (".initrd", (byte[])[(byte)i, 1, 2, 3]))];
        Run("uki", "v6", Uki(sections)).Contains("copy initrd").ShouldBe(taken);
    }

    [SkippableTheory]
    [InlineData(8, 0xFFFFFFF0u, "outside")]
    [InlineData(12, 0xFFFFFFF0u, "outside")]
    [InlineData(12, 0u, "outside")]
    [InlineData(8, 0u, "outside")]
    [InlineData(4, 0u, "no EFI zboot image")]
    public void Zboot_refuses_what_its_header_claims(int field, uint value, string told)
    {
        byte[] image = TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes;
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(field), value);
        string said = Run("zboot", "v6", image);
        said.ShouldContain(told);
        said.ShouldNotContain("kernel again");
    }

    [SkippableTheory]
    [MemberData(nameof(Series))]
    public void Damaged_images_are_never_read_outside(string abi)
    {
        byte[] zboot = TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes;
        byte[] uki = Uki((".linux", zboot), (".initrd", [1, 2, 3]), (".cmdline", "x"u8.ToArray()), (".profile", [1]), (".initrd", [4]));
        Damage("zboot", abi, zboot);
        Damage("uki", abi, uki);
        if (abi != "v7")
            return;
        Layout envelope = new ImageEnvelope(Layout.Of(zboot), Layout.Of(new byte[9]), ImageEnvelope.Section("x")).Write(0xAA64);
        Damage("zboot", abi, envelope.ReadBytes(0, envelope.Length));
    }

    public void Dispose() => _bench.Dispose();

    private static byte[] Uki(params (string Name, byte[] Content)[] sections)
    {
        const int table = 0x58, headers = 0x1000;
        byte[] image = new byte[headers + sections.Sum(s => (s.Content.Length + 511) / 512 * 512)];
        "MZ"u8.CopyTo(image);
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(0x3C), 0x40);
        "PE\0\0"u8.CopyTo(image.AsSpan(0x40));
        BinaryPrimitives.WriteInt16LittleEndian(image.AsSpan(0x46), (short)sections.Length);
        int at = headers;
        for (int i = 0; i < sections.Length; i++)
        {
            Span<byte> header = image.AsSpan(table + 40 * i);
            int raw = (sections[i].Content.Length + 511) / 512 * 512;
            Encoding.ASCII.GetBytes(sections[i].Name, header);
            BinaryPrimitives.WriteInt32LittleEndian(header[8..], sections[i].Content.Length);
            BinaryPrimitives.WriteInt32LittleEndian(header[16..], raw);
            BinaryPrimitives.WriteInt32LittleEndian(header[20..], at);
            sections[i].Content.CopyTo(image, at);
            at += raw;
        }
        return image;
    }

    private void Damage(string name, string abi, byte[] image)
    {
        ToolAnswer answer = Tool.Ask("env", Program(name, abi), _bench.Folder.File("image", image), "-", "77", "5000");
        answer.Exit.ShouldBe(0, answer.Output);
    }

    private string Run(string name, string abi, byte[] image)
    {
        string folder = _bench.Folder.Folder("given");
        foreach (string file in Directory.GetFiles(folder))
            File.Delete(file);
        return Tool.Run("env", Program(name, abi), _bench.Folder.File("image", image), folder);
    }

    private byte[] Given(string part) => File.ReadAllBytes(_bench.Folder.At("given/" + part));

    private string Program(string name, string abi)
    {
        string program = _bench.Folder.At($"{name}-{abi}"), corpus = Path.Combine(AppContext.BaseDirectory, "corpus", "parser");
        if (File.Exists(program))
            return program;
        using var work = WorkFolder.Open(_bench.Folder.Folder("sources"));
        BuiltInParsers.Write(work, name, default);
        Tool.Run(
            "gcc", "-O1", "-g", "-w", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", $"-DKEXEC_ABI={abi[1..]}", "-DIMAGE_SIZE=0x80000",
            $"-DPARSER_SOURCE=\"{work.File(BuiltInParsers.SourceOf(name))}\"", $"-DENTRY=parse_{name}", "-I", work.Path,
            "-include", Path.Combine(corpus, "native.h"), Path.Combine(corpus, "native.c"), "-o", program);
        return program;
    }
}
