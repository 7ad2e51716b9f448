using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using KexecSign.Commands.Keys;
using KexecSign.Commands.Modules;
using KexecSign.Commands.Offline;
using KexecSign.Commands.Provenance;
using KexecSign.Commands.Sign;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Signing;
using KexecSign.Zboot;

namespace KexecSign.Fuzz;

/// <summary>Sound files of each kind, as the product makes them.</summary>
internal sealed class SeedFiles
{
    private const string Sbat = "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\nlinux,1,Linux,linux,6.12,https://kernel.org\n";

    private readonly FuzzBench _bench;
    private readonly SigningOptions _signer;

    public SeedFiles(FuzzBench bench)
    {
        _bench = bench;
        _signer = new() { Key = bench.Key, Certificate = bench.Certificate };
        Image = TestImage.Arm64().Bytes;
        SignedImage = Sign(Image);
        Zboot = Sign(TestZboot.Gzip(SignedImage).Bytes);
        Elf = Containers.Elf((".bpf.1", Containers.Elf((".data", new byte[64]))), (".kernel", Image), (".initrd", new byte[16]), (".cmdline", "console=ttyS0\0"u8.ToArray()));
        Uki = Sign(Containers.Uki(
            (".linux", SignedImage), (".osrel", "ID=debian\nVERSION_ID=\"13\"\n"u8.ToArray()), (".cmdline", "root=/dev/vda ro\0"u8.ToArray()), (".uname", "6.12.1"u8.ToArray()),
            (".sbat", Encoding.ASCII.GetBytes(Sbat)), (".dtb", DeviceTree()), (".pcrsig", PcrSignatures())));
        Stub = Containers.Uki((".sdmagic", "#### LoaderInfo: systemd-stub 257 ####\0"u8.ToArray()), (".sbat", Encoding.ASCII.GetBytes(Sbat)));
        Pkcs7 = PkcsOf(SignedImage);
        Module = SignedModule();
        Kit = PackedKit();
        EnrolmentUpdates = Enrol();
        Provenance = SignProvenance();
        Manifest = Prepare();
    }

    public byte[] Image { get; }

    public byte[] SignedImage { get; }

    public byte[] Zboot { get; }

    public byte[] Elf { get; }

    public byte[] Uki { get; }

    public byte[] Stub { get; }

    public byte[] Pkcs7 { get; }

    public byte[] Module { get; }

    public byte[] Kit { get; }

    public byte[][] EnrolmentUpdates { get; }

    public byte[] Provenance { get; }

    public byte[] Manifest { get; }

    public static byte[] SbatTable => Encoding.ASCII.GetBytes(Sbat);

    public byte[] ImaValue => new ImaSignature(3, 2, HashAlgorithmName.SHA256, 1, new byte[256]).Encode();

    public static byte[] Bytes(Layout layout) => layout.ReadBytes(0, layout.Length);

    public static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(content);
        return packed.ToArray();
    }

    // A header, no reservations, a root with 'compatible' (devicetree specification 0.4, chapter 5).
    public static byte[] DeviceTree()
    {
        byte[] strings = "compatible\0"u8.ToArray();
        byte[] tree = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 8, 0, 0, 0, 0, .. "acme,one"u8, 0, 0, 0, 2, 0, 0, 0, 9];
        byte[] header = new byte[40 + 16];
        int[] fields = [unchecked((int)0xD00DFEED), 56 + tree.Length + strings.Length, 56, 56 + tree.Length, 40, 17, 16, 0, strings.Length, tree.Length];
        for (int i = 0; i < fields.Length; i++)
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 * i), fields[i]);
        return [.. header, .. tree, .. strings];
    }

    /// <summary>Policies that are to be signed, bound to a word.</summary>
    public static byte[] PcrPolicies() => KexecSign.Formats.Uki.PcrSignatures.Write([new("sha256", "", new string('b', 64), default, "initrd")]);

    public static byte[] PcrSignatures() => Encoding.ASCII.GetBytes(
        $$"""{"sha256":[{"pcrs":[11],"pkfp":"{{new string('a', 64)}}","pol":"{{new string('b', 64)}}","sig":"{{Convert.ToBase64String(new byte[256])}}"}]}""");

    private byte[] Sign(byte[] image)
    {
        string output = _bench.At("seed.signed");
        SignOperation.Definition.Run(new() { Files = [_bench.Put("seed", image)], Signing = _signer, Output = output, Existing = ExistingSignatures.Replace }, _bench.Context);
        return File.ReadAllBytes(output);
    }

    private static byte[] PkcsOf(byte[] image)
    {
        Layout file = Layout.Of(image);
        return CertificateTable.Read(PeReader.Read(file), file)[0].Pkcs7().ToArray();
    }

    private byte[] SignedModule()
    {
        string output = _bench.At("seed.ko.signed");
        ModuleSignOperation.Definition.Run(
            new() { Files = [_bench.Put("seed.ko", [0x7F, (byte)'E', (byte)'L', (byte)'F', .. new byte[500]])], Signing = _signer, Output = output }, _bench.Context);
        return File.ReadAllBytes(output);
    }

    private static byte[] PackedKit()
    {
        var stub = new StubObjects(ZbootCompression.Gzip, true, true, "!<arch>\n"u8.ToArray(), Containers.Elf((".text", new byte[8])), "ENTRY(x)\n"u8.ToArray());
        var manifest = new ZbootKitManifest(ZbootKitManifest.ExpectedKind, 1, "arm64", 0xAA64, "6.12.1", null, null, "defconfig", "cc", "ld", [stub.Describe()]);
        return Bytes(ZbootKit.Pack(manifest, stub.Files()));
    }

    private byte[][] Enrol()
    {
        string folder = Directory.CreateDirectory(_bench.At("enrol")).FullName;
        KeysEnrollOperation.Definition.Run(
            new()
            {
                PlatformKey = _bench.Certificate,
                PlatformSigner = _bench.Key,
                KeyExchangeKeys = [_bench.Certificate],
                KeyExchangeSigner = _bench.Key,
                Allowed = [_bench.Certificate],
                ForbiddenDigests = [new string('0', 64)],
                Output = folder,
                Time = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc),
            },
            _bench.Context);
        return [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
    }

    private byte[] SignProvenance()
    {
        string output = _bench.At("seed.intoto.json");
        ProvenanceSignOperation.Definition.Run(new() { Files = [_bench.Put("seed", Image)], Signing = _signer, Output = output }, _bench.Context);
        return File.ReadAllBytes(output);
    }

    private byte[] Prepare()
    {
        string bundle = _bench.At("bundle");
        PrepareOperation.Definition.Run(new() { Files = [_bench.Put("seed", Image)], Certificate = _bench.Certificate, Bundle = bundle }, _bench.Context);
        return File.ReadAllBytes(Path.Combine(bundle, "manifest.json"));
    }
}
