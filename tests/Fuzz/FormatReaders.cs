using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Compression;
using KexecSign.Fixtures;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Rpm;
using KexecSign.Formats.Sbat;
using KexecSign.Formats.Tests.Elf;
using KexecSign.Formats.Tests.Hostile;
using KexecSign.Formats.Tests.Uefi;
using KexecSign.Formats.Uefi;
using KexecSign.Formats.Uki;
using KexecSign.Formats.Vocabulary;
using KexecSign.Simulation.Kexec;

namespace KexecSign.Fuzz;

/// <summary>Readers of bytes.</summary>
internal static class FormatReaders
{
    public static ImmutableArray<Reader> Of(SeedFiles seeds)
    {
        byte[][] images = [seeds.Image, seeds.SignedImage, seeds.Zboot, seeds.Uki];
        return
        [
            new("pe", [.. images], Questions.OfPe),
            new("authenticode", [seeds.Pkcs7], b => Questions.OfSignature(AuthenticodeSignature.Decode(b))),
            new("cms", [seeds.Pkcs7], b => CmsSignature.Read(b)),
            new("indirect-data", [new SpcIndirectData(HashAlgorithmName.SHA256, new byte[32]).Encode()], b => SpcIndirectData.Decode(b)),
            new("attributes", [.. AttributesOf(seeds.Pkcs7)], b => SignedAttributes.FromDer(b)),
            new("kexec-model", [.. images], b =>
            {
                foreach (KernelArchitecture architecture in (KernelArchitecture[])[KernelArchitecture.Arm64, KernelArchitecture.X64])
                    KexecFileLoad.Judge(Layout.Of(b), architecture, new KernelPolicy { Platform = [FuzzBench.Signer.Certificate] });
            }),
            new("uki", [seeds.Uki], b => UkiImage.ReadWithKernel(Layout.Of(b))),
            new("uki-stub", [seeds.Stub], b => StubImage.Read(Layout.Of(b))),
            new("elf", [seeds.Elf, ParserShaped()], b =>
            {
                Elf64File file = Elf64File.Parse(b);
                foreach (ElfSection section in file.Sections)
                    file.Content(section);
            }),
            new("section-table", [seeds.Elf], b => ImageEnvelope.Read(ElfSectionTable.Read(Layout.Of(b)))),
            new("parser-object", [ParserShaped()], b => ParserContents.Read(ParserObject.Parse(b))),
            new("parser-elf", [SeedFiles.Bytes(Layout.Of(ParserElf.Write([ParserShaped()], null)))], b => ParserElf.ReadAll(b)),
            new("light-skeleton", ["\n\tstatic const char opts_data[] __attribute__((__aligned__(8))) = \"\\\n\\x01\\0\";\n\tstatic const char opts_insn[] __attribute__((__aligned__(8))) = \"\\\n\\1\\2\\3\\4\\5\\6\\7\\1\";\n"u8.ToArray()], b => LightSkeleton.Parse(Encoding.Latin1.GetString(b))),
            new("signature-list", [.. seeds.EnrolmentUpdates], b => SignatureList.ReadFile(b)),
            new("signed-update", [.. seeds.EnrolmentUpdates], b => SignedUpdate.Read(b)),
            new("variable-store", [Flash.Empty()], b => VariableStore.Read(Layout.Of(b))),
            new("ima-value", [seeds.ImaValue], b => ImaSignature.Decode(b)),
            new("evm-value", [[5, .. seeds.ImaValue[1..]]], b => ImaSignature.DecodeEvm(b)),
            new("appended", [seeds.Module], b =>
            {
                if (AppendedSignature.Find(Layout.Of(b)) is { } appended)
                    DetachedSignedData.Decode(appended.SignedData);
            }),
            new("packed-module", [SeedFiles.Gzip(seeds.Module), .. Packed(seeds.Module)], b => ModuleCodec.Open(Layout.Of(b), ModuleCodec.Of(Layout.Of(b)), default)),
            new("sbat", [SeedFiles.SbatTable], b => SbatTable.ReadSection(b)),
            new("sbat-level", ["sbat,1,2024010900\nshim,4\ngrub,3\n"u8.ToArray()], b => SbatTable.ReadLevel(b)),
            new("device-tree", [SeedFiles.DeviceTree()], b => DeviceTree.Read(b)),
            new("hardware-ids", ["""{"type":"devicetree","name":"n","compatible":"acme,one","hwids":["02f3d0f2-7cb1-4b0e-9c34-bd1b4e2b3c11"]}"""u8.ToArray()], b => HardwareIds.FromJson(b)),
            new("hardware-id-table", [[28, 0, 0, 0x10, .. new byte[60]]], b => HardwareIds.Read(b)),
            new("splash", [[(byte)'B', (byte)'M', .. new byte[200]]], b => SplashBitmap.Read(b, b.Length)),
            new("pcr-signatures", [SeedFiles.PcrSignatures(), SeedFiles.PcrPolicies()], b => PcrSignatures.Read(b)),
            new("rpm", [RpmSeed.Build()], b =>
            {
                var package = RpmPackage.Read(Layout.Of(b));
                _ = package.With([.. package.Files.Select(_ => (ReadOnlyMemory<byte>)new byte[8])]);
            }),
        ];
    }

    private static IEnumerable<byte[]> AttributesOf(byte[] pkcs7) => [CmsSignature.Read(pkcs7).Attributes.Der.ToArray()];

    // BPF_MOV64_REG(r6, r1); BPF_EXIT_INSN(): what names a hook and does nothing.
    private static byte[] ParserShaped() => ElfBuilder.Parser("\x01\x02fentry.s/kexec_image_parser_anchor\0\0\x03"u8, [0xBF, 0x16, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);

    // What the machine's programs make of it; those that are not there are left out.
    private static IEnumerable<byte[]> Packed(byte[] module)
    {
        using var folder = new TempFolder();
        string plain = folder.File("m.ko", module);
        foreach ((string program, string end) in ((string, string)[])[("xz", ".xz"), ("zstd", ".zst")])
        {
            if (File.Exists("/usr/bin/" + program))
            {
                Tool.Run(program, "-q", "-k", plain);
                yield return File.ReadAllBytes(plain + end);
            }
        }
    }
}
