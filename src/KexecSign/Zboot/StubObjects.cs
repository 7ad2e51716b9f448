using System.Security.Cryptography;
using System.Text;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Zboot;

namespace KexecSign.Zboot;

/// <summary>A stub's objects as found in a kernel's build folder.</summary>
/// <param name="Compression">What the stub unpacks.</param>
/// <param name="PadsPayload">Whether this kernel's Makefile.zboot pads the Image.</param>
/// <param name="NeedsCodeSize">Whether the link script knows zboot_code_size.</param>
/// <param name="Library">lib.a, made whole.</param>
/// <param name="Header">zboot-header.o.</param>
/// <param name="LinkScript">zboot.lds.</param>
internal sealed record StubObjects(
    ZbootCompression Compression, bool PadsPayload, bool NeedsCodeSize, byte[] Library, byte[] Header, byte[] LinkScript)
{
    private const string LibStub = "drivers/firmware/efi/libstub";
    private const long MaxText = 1 << 20, MaxObject = 16 << 20;

    /// <summary>Reads them from a build folder.</summary>
    /// <param name="buildFolder">Where the objects and .config are.</param>
    /// <param name="sourceFolder">Where the kernel's source is.</param>
    /// <param name="target">The architecture.</param>
    /// <param name="config">The build's configuration, which tells the compression.</param>
    /// <exception cref="KexecSignException">KS3109, KS3110.</exception>
    public static StubObjects Collect(string buildFolder, string sourceFolder, StubTarget target, KernelConfig config)
    {
        byte[] script = Existing(sourceFolder, LibStub + "/zboot.lds", p => WholeFile.Read(p, MaxText, "a link script"));
        byte[] rules = Existing(sourceFolder, LibStub + "/Makefile.zboot", p => WholeFile.Read(p, MaxText, "a makefile"));
        return new(
            config.Compression,
            PadsPayload: Says(rules, "copy_and_pad"),
            NeedsCodeSize: target.HasCodeSize && Says(script, "zboot_code_size"),
            Existing(buildFolder, LibStub + "/lib.a", ObjectArchive.ReadWhole),
            Existing(buildFolder, $"arch/{target.SourceFolder}/boot/zboot-header.o", p => WholeFile.Read(p, MaxObject, "an object file")),
            script);
    }

    /// <summary>The kernel's version, from a build folder.</summary>
    /// <exception cref="KexecSignException">KS3109.</exception>
    public static string KernelRelease(string buildFolder) =>
        Existing(buildFolder, "include/config/kernel.release", p => Encoding.UTF8.GetString(WholeFile.Read(p, 4096, "a version")).Trim());

    /// <summary>The entry of a manifest.</summary>
    public ZbootKitStub Describe() => new(
        Compression, PadsPayload, NeedsCodeSize, Describe("lib.a", Library), Describe("zboot-header.o", Header),
            Describe("zboot.lds", LinkScript));

    /// <summary>The files of the archive.</summary>
    public IEnumerable<(string Path, byte[] Content)> Files()
    {
        ZbootKitStub stub = Describe();
        return [(stub.Library.Path, Library), (stub.Header.Path, Header), (stub.LinkScript.Path, LinkScript)];
    }

    private ZbootKitFile Describe(string name, byte[] content) =>
        new($"{PayloadFormat.Of(Compression).Word}/{name}", content.Length, Convert.ToHexStringLower(SHA256.HashData(content)));

    private static T Existing<T>(string folder, string name, Func<string, T> read)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path) ? read(path) : throw OperationErrors.NotABuildFolder.With(name).In(folder);
    }

    private static bool Says(byte[] text, string word) => text.AsSpan().IndexOf(Encoding.ASCII.GetBytes(word)) >= 0;
}
