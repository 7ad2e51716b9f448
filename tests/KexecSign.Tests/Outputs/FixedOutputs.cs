using System.Buffers.Binary;
using System.Text;
using KexecSign.Commands.Bpf;
using KexecSign.Commands.Ima;
using KexecSign.Commands.Pe;
using KexecSign.Commands.Signatures;
using KexecSign.Commands.Uki;
using KexecSign.Commands.Zboot;
using KexecSign.Compression;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Cpio;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Tar;
using KexecSign.Formats.Tests.Elf;
using KexecSign.Formats.Zboot;
using KexecSign.Tests.Zboot;
using KexecSign.Zboot;

namespace KexecSign.Tests.Outputs;

/// <summary>Outputs that depend on nothing but this program: fixed inputs, no key, no tool and no library of the machine.</summary>
internal static class FixedOutputs
{
    private static readonly DateTimeOffset Time = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    // BPF_MOV64_REG(r6, r1); BPF_EXIT_INSN(): what names a hook and does nothing.
    private static readonly byte[] Parser =
        ElfBuilder.Parser(
            "\x01\x02fentry.s/kexec_image_parser_anchor\0\0\x03"u8, [0xBF, 0x16, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);

    /// <summary>By name: how each is made in a bench.</summary>
    public static IReadOnlyDictionary<string, Func<Bench, byte[]>> All { get; } = new Dictionary<string, Func<Bench, byte[]>>
    {
        ["a section added"] = _ => Bytes(PeEditor.AddSection(Image(), ".extra", Layout.Of("content of a section"u8.ToArray()), PeConstants.DiscardableData)),
        ["pe normalize"] = Normalized,
        ["signatures remove"] = WithoutSignature,
        ["sbat rows put in"] = bench => Bytes(SbatSection.Put(Image(), bench.Folder.File("rows", "linux,1,Linux,linux,6,https://kernel.org\n"u8))),
        ["bpf embed"] = bench => File.ReadAllBytes(Embedded(bench)),
        ["bpf extract"] = bench => Written(bench, output =>
            BpfExtractOperation.Definition.Run(new() { Image = Embedded(bench), Output = output }, bench.Context)),
        ["a parser ELF"] = _ => ParserElf.Write([Parser], ParserElf.Write([Parser], null)),
        ["an image envelope"] = _ =>
            Bytes(new ImageEnvelope(Image(), Layout.Of("initrd"u8.ToArray()), ImageEnvelope.Section("root=/dev/vda quiet")).Write(PeConstants.MachineArm64)),
        ["uki build"] = bench => File.ReadAllBytes(Uki(bench)),
        ["uki measure"] = Measured,
        ["uki update"] = Updated,
        ["addon build for x86_64"] = bench => Addon(bench, "x86_64"),
        ["addon build for arm64"] = bench => Addon(bench, "arm64"),
        ["addon build for riscv64"] = bench => Addon(bench, "riscv64"),
        ["zboot extract"] = bench => Written(bench, output =>
            ZbootExtractOperation.Definition.Run(new() { Image = Zboot(bench), Output = output }, bench.Context)),
        ["zboot repack"] = Repacked,
        ["zstd at level 22"] = bench => Zstd(bench, SmallKernel.Wordy(), 22),
        ["ima hash"] = Hashes,
        ["a tar with attributes"] = _ =>
            Bytes(PaxTar.Write([new("boot/vmlinuz.efi", 0x1A4, Time, Image(), [("security.ima", new byte[] { 4, 4, 1, 2, 3 })])])),
        ["a cpio archive"] = _ => Bytes(NewcArchive.Write([("init", 0x81ED, Layout.Of("#!/bin/sh\n"u8.ToArray())), ("etc/image", 0x81A4, Image())])),
    };

    // A hole between sections, a short last section, and headers that end too early.
    private static byte[] Normalized(Bench bench)
    {
        const int text = TestImage.SizeOfHeaders + TestImage.TextSize;
        TestImage image = TestImage.Arm64().Insert(text, 0x400).SectionField(1, 20, text + 0x400).SectionField(1, 12, 0x4000)
            .OptionalField(56, 0x21000).OptionalField(60, 0x800);
        string file = bench.Folder.File("odd", image.Bytes);
        return Written(bench, output => PeNormalizeOperation.Definition.Run(new() { File = file, Output = output }, bench.Context));
    }

    private static byte[] WithoutSignature(Bench bench)
    {
        string signed = bench.SignedImage(TestSigners.Rsa2048);
        return Written(
            bench,
            output => SignaturesRemoveOperation.Definition.Run(new() { File = signed, All = true, Output = output }, bench.Context));
    }

    private static string Embedded(Bench bench)
    {
        string image = bench.Folder.File("image", TestImage.Arm64().Bytes), parser = bench.Folder.File("parser.o", Parser), output = bench.Folder.At("embedded");
        BpfEmbedOperation.Definition.Run(new() { Image = image, Parser = parser, Output = output }, bench.Context);
        return output;
    }

    private static string Uki(Bench bench)
    {
        string output = bench.Folder.At("linux.efi");
        UkiBuildOperation.Definition.Run(
            new()
            {
                Linux = bench.Folder.File("kernel", TestImage.Arm64(seed: 2).Bytes),
                Stub = bench.Folder.File("stub", TestImage.Arm64(directories: 16).Bytes),
                Contents = new()
                {
                    Initrds = [bench.Folder.File("initrd1", "one"u8), bench.Folder.File("initrd2", "second"u8)],
                    CommandLine = "root=/dev/vda quiet",
                    OsRelease = "ID=test\nPRETTY_NAME=\"Test\"\n",
                    Uname = "6.1.0-test",
                },
                Output = output,
            },
            bench.Context);
        return output;
    }

    private static byte[] Updated(Bench bench)
    {
        string image = Uki(bench);
        return Written(bench, output => UkiUpdateOperation.Definition.Run(
            new() { Image = image, Contents = new() { CommandLine = "rescue" }, Removed = [".uname"], Output = output }, bench.Context));
    }

    private static byte[] Measured(Bench bench)
    {
        UkiMeasureResult result = UkiMeasureOperation.Definition.Run(
            new() { File = Uki(bench), Pcr = new() { StubVersion = 257 } }, bench.Context);
        return Encoding.UTF8.GetBytes(string.Join('\n', result.Pcrs.Select(pcr => $"{pcr.Profile} {pcr.Bank} {pcr.Phase} {pcr.Value}")));
    }

    private static byte[] Addon(Bench bench, string architecture) => Written(bench, output => AddonBuildOperation.Definition.Run(
        new() { Architecture = architecture, Contents = new() { CommandLine = "console=ttyAMA0" }, Output = output }, bench.Context));

    private static byte[] Hashes(Bench bench)
    {
        string file = bench.Folder.File("image", TestImage.Arm64().Bytes);
        return Encoding.UTF8.GetBytes(string.Join('\n', new[] { "sha256", "sha384", "sha512" }.Select(digest =>
            ImaHashOperation.Definition.Run(new() { Files = [file], Digest = digest }, bench.Context).Files[0].Value)));
    }

    // Loosely packed, so that the kernel finds room again.
    private static string Zboot(Bench bench)
    {
        byte[] kernel = [.. SmallKernel.Wordy()], padded = [.. kernel, .. new byte[SmallKernel.ImageSize - kernel.Length]], length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, padded.Length);
        return bench.Folder.File("vmlinuz.efi", TestImage.Zboot([.. Zstd(bench, padded, 1), .. length], "zstd").Bytes);
    }

    private static byte[] Repacked(Bench bench)
    {
        string image = Zboot(bench), kernel = bench.Folder.File("Image", SmallKernel.Wordy());
        return Written(
            bench,
            output => ZbootRepackOperation.Definition.Run(new() { Image = image, Replacement = kernel, Output = output }, bench.Context));
    }

    // The zstd in this program: that of the machine may be another one.
    private static byte[] Zstd(Bench bench, byte[] content, int level)
    {
        using TemporaryFile packed = Compressor.Compress(
            Layout.Of(content), ZbootCompression.Zstd, new(level) { Jobs = 1, Zstd = ZstdLibrary.Own }, bench.Context);
        return Bytes(Layout.Of(packed));
    }

    private static byte[] Written(Bench bench, Action<string> write)
    {
        // Addons have to be called so.
        string output = bench.Folder.At("output.addon.efi");
        write(output);
        return File.ReadAllBytes(output);
    }

    private static Layout Image() => Layout.Of(TestImage.Arm64().Bytes);

    private static byte[] Bytes(Layout layout) => layout.ReadBytes(0, layout.Length);
}
