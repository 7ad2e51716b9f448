using KexecSign.Commands.Uki;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;

namespace KexecSign.Tests.Uki;

/// <summary>Images of small kernels and Debian's stubs, and short ways to build and read them.</summary>
internal sealed class UkiBench : IDisposable
{
    private const string Release = "ID=test\nPRETTY_NAME=\"Test\"\n";

    public UkiBench(string stub = "newer stub arm64") => Stub = DebianFiles.Named(stub);

    public Bench Bench { get; } = new();

    public TempFolder Folder => Bench.Folder;

    public string Stub { get; }

    /// <summary>A kernel with a banner that tells its version.</summary>
    public string Kernel(TestImage? image = null)
    {
        image ??= TestImage.Arm64();
        "Linux version 6.1.0-test (a@b)"u8.CopyTo(image.Bytes.AsSpan(TestImage.SizeOfHeaders + 0x100));
        return Folder.File("kernel", image.Bytes);
    }

    /// <summary>An initrd of some bytes.</summary>
    public string Initrd(int length = 1000, int seed = 7)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return Folder.File($"initrd-{length}-{seed}", bytes);
    }

    /// <summary>Builds an image with kernel, initrd, command line and os-release.</summary>
    public UkiResult Build(Func<UkiBuildOptions, UkiBuildOptions>? change = null, string output = "linux.efi")
    {
        var options = new UkiBuildOptions
        {
            Linux = Kernel(),
            Stub = Stub,
            Contents = new() { Initrds = [Initrd()], CommandLine = "root=/dev/vda quiet", OsRelease = Release },
            Output = Folder.At(output),
        };
        return UkiBuildOperation.Definition.Run(change is null ? options : change(options), Bench.Context);
    }

    public UkiResult Update(string file, Func<UkiUpdateOptions, UkiUpdateOptions> change) =>
        UkiUpdateOperation.Definition.Run(change(new() { Image = file, Output = Folder.At("updated.efi") }), Bench.Context);

    public UkiInspectResult Inspect(string file) => UkiInspectOperation.Definition.Run(new() { File = file }, Bench.Context);

    public static byte[] Section(string file, string name)
    {
        UkiImage uki = UkiImage.Read(Layout.Of(File.ReadAllBytes(file)));
        Layout content = uki.Effective(0).First(part => part.Name == name).Content;
        return content.ReadBytes(0, content.Length);
    }

    public static PeSection Header(string file, string name) => PeReader.Read(Layout.Of(File.ReadAllBytes(file))).FindSection(name).ShouldNotBeNull();

    public void Dispose() => Bench.Dispose();
}
