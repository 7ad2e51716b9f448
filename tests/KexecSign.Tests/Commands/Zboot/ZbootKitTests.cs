using System.Formats.Tar;
using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;
using KexecSign.Zboot;

namespace KexecSign.Tests.Commands.Zboot;

public sealed class ZbootKitTests : IDisposable
{
    private static readonly StubObjects Gzip = new(
        ZbootCompression.Gzip, true, true, Encoding.ASCII.GetBytes("library"), Encoding.ASCII.GetBytes("header"), Encoding.ASCII.GetBytes("script"));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kexecsign-kit-");

    private string Kit => Path.Combine(_folder.FullName, "test.kit");

    [Fact]
    public void Gives_back_what_was_packed()
    {
        Write(Pack());
        ZbootKit kit = ZbootKit.Open(Kit);
        kit.Manifest.KernelRelease.ShouldBe("6.12.1");
        kit.Target.ShouldBe(StubTarget.Arm64);
        kit.RequirePinned([], "nobody");
        kit.RequirePinned([new string('0', 64), kit.Sha256], "the policy");
        Refusal.Of("KS3759", () => kit.RequirePinned([new string('0', 64)], "the policy"), kit.Sha256, "the policy");
        ZbootKitStub stub = kit.Stub(ZbootCompression.Gzip);
        Encoding.ASCII.GetString(kit.Content(stub.Library)).ShouldBe("library");
        Encoding.ASCII.GetString(kit.Content(stub.LinkScript)).ShouldBe("script");
        Refusal.Of("KS3101", () => kit.Stub(ZbootCompression.Zstd)).Message.ShouldContain("no stub for zstd; it has gzip");
    }

    [Fact]
    public void Is_a_tar_that_tar_itself_can_list_without_times_or_owners()
    {
        Write(Pack());
        using var reader = new TarReader(File.OpenRead(Kit));
        var entries = new List<TarEntry>();
        while (reader.GetNextEntry() is { } entry)
            entries.Add(entry);
        entries.Select(e => e.Name).ShouldBe(["manifest.json", "gzip/lib.a", "gzip/zboot-header.o", "gzip/zboot.lds"]);
        entries.ShouldAllBe(e => e.ModificationTime == DateTimeOffset.UnixEpoch && e.Uid == 0 && e.Gid == 0);
    }

    [Fact]
    public void Refuses_a_file_that_was_changed()
    {
        byte[] kit = Pack();
        kit[kit.AsSpan().LastIndexOf("library"u8)] ^= 1;
        Write(kit);
        Refusal.Of("KS3102", () => ZbootKit.Open(Kit)).Message.ShouldContain("gzip/lib.a in the kit has SHA-256");
    }

    [Fact]
    public void Refuses_a_file_too_many_or_too_few()
    {
        StubObjects zstd = Gzip with { Compression = ZbootCompression.Zstd };
        Write(Pack(files: [.. Gzip.Files(), .. zstd.Files()]));
        Refusal.Of("KS3103", () => ZbootKit.Open(Kit)).Message.ShouldContain("zstd/");
        Write(Pack(files: Gzip.Files().Skip(1)));
        Refusal.Of("KS3103", () => ZbootKit.Open(Kit)).Message.ShouldContain("gzip/lib.a is not in it");
        Write(Pack(files: [.. Gzip.Files(), .. Gzip.Files()]));
        Refusal.Of("KS3103", () => ZbootKit.Open(Kit)).Message.ShouldContain("twice");
    }

    [Fact]
    public void Refuses_what_is_no_kit()
    {
        foreach (string text in new[] { "", "no tar", new string('x', 2000) })
        {
            File.WriteAllText(Kit, text);
            Refusal.Of("KS3103", () => ZbootKit.Open(Kit));
        }
        Write(Pack(Manifest() with { Schema = 4 }));
        Refusal.Of("KS3103", () => ZbootKit.Open(Kit)).Message.ShouldContain("its schema is 4, this program reads 1 to 3");
        Write(Pack(Manifest() with { Kind = "other" }));
        Refusal.Of("KS3103", () => ZbootKit.Open(Kit));
        Write(Pack(Manifest() with { Stubs = [] }, []));
        Refusal.Of("KS3103", () => ZbootKit.Open(Kit));
    }

    [Fact]
    public void Refuses_a_kit_cut_anywhere()
    {
        byte[] kit = Pack();
        // Behind the last file there are only zeros, which end an archive; tar does without them too.
        int needed = kit.AsSpan().LastIndexOfAnyExcept((byte)0);
        foreach (int length in Enumerable.Range(0, needed))
        {
            Write(kit[..length]);
            Should.Throw<Formats.Errors.KexecSignException>(() => ZbootKit.Open(Kit), $"cut at {length}").Code.Id.ShouldBeOneOf("KS3102", "KS3103");
        }
    }

    [Fact]
    public void Names_compressions_as_kernels_do()
    {
        Encoding.UTF8.GetString(Pack()).ShouldContain("\"compression\": \"gzip\"");
        Write(Pack());
        byte[] kit = File.ReadAllBytes(Kit);
        "\"lzop\""u8.CopyTo(kit.AsSpan(kit.AsSpan().IndexOf("\"gzip\","u8)));
        Write(kit);
        Refusal.Of("KS3103", () => ZbootKit.Open(Kit)).Message.ShouldContain("manifest.json cannot be read");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static ZbootKitManifest Manifest() => new(
        ZbootKitManifest.ExpectedKind, 1, "arm64", 0xAA64, "6.12.1", null, null, "defconfig", "cc", "ld", [Gzip.Describe()]);

    private static byte[] Pack(ZbootKitManifest? manifest = null, IEnumerable<(string, byte[])>? files = null)
    {
        Layout layout = ZbootKit.Pack(manifest ?? Manifest(), files ?? Gzip.Files());
        return layout.ReadBytes(0, layout.Length);
    }

    private void Write(byte[] kit) => File.WriteAllBytes(Kit, kit);
}
