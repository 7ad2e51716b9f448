using System.Collections.Immutable;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Sbat;
using KexecSign.Formats.Uki;

namespace KexecSign.Formats.Tests.Uki;

/// <summary>Damaged images, stubs and contents: a value or a KexecSignException, and nothing that is out of proportion.</summary>
public sealed class UkiMutationTests
{
    private static readonly byte[] Sound = Image();

    [Fact]
    public void Images()
    {
        int refused = Try(Mutations.Of(Sound, 0, 0x240, 4000, seed: 11), bytes =>
        {
            UkiImage uki = UkiImage.Read(Layout.Of(bytes));
            _ = uki.Base.Sum(part => part.Content.Length);
            Layout again = UkiComposer.Compose(uki.Image, uki.File, uki.Own, uki.Base);
            PeImage headers = PeReader.Read(again);
            PeCanonical.Violations(headers, again).Where(v => v.Code != FormatErrors.NoCertificateDirectory).ShouldBeEmpty();
        });
        refused.ShouldBeInRange(500, 3999);
    }

    [Fact]
    public void Stubs() =>
        Try(Mutations.Of(TestImage.Arm64().Bytes, 0, 0x180, 3000, seed: 12), bytes => StubImage.Read(Layout.Of(bytes))).ShouldBeInRange(300, 2999);

    [Fact]
    public void Hardware_tables() =>
        Try(Mutations.Of(HardwareIds.Encode([new(1, Guid.NewGuid(), "a", "b"), new(2, Guid.NewGuid(), "", "c")]), 0, 84, 2000, seed: 13), bytes => HardwareIds.Read(bytes)).ShouldBeGreaterThan(300);

    [Fact]
    public void Signed_policies()
    {
        byte[] sound = PcrSignatures.Write([new("sha256", "aa", "bb", new byte[8])]);
        Try(Mutations.Of(sound, 0, sound.Length, 2000, seed: 14), bytes => PcrSignatures.Read(bytes)).ShouldBeGreaterThan(300);
    }

    [Fact]
    public void Kernels_versions() =>
        Try(Mutations.Of([.. new byte[0x300], .. "Linux version 6.1 (x)"u8], 0, 0x315, 1000, seed: 15), bytes => KernelVersionText.Find(Layout.Of(bytes)));

    private static byte[] Image()
    {
        Layout stub = Layout.Of(TestImage.Arm64().Bytes);
        PeImage image = PeReader.Read(stub);
        ImmutableArray<UkiPart> parts = [new(".linux", Layout.Of(new byte[0x500])), new(".cmdline", Layout.Of(new byte[7])), new(".sbat", Layout.Of(SbatText.Merge([])))];
        Layout made = UkiComposer.Compose(image, stub, image.Sections, parts);
        return made.ReadBytes(0, made.Length);
    }

    private static int Try(IEnumerable<byte[]> files, Action<byte[]> read)
    {
        int refused = 0;
        foreach (byte[] file in files)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(file);
            }
            catch (KexecSignException)
            {
                refused++;
            }
            (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(64 << 20);
        }
        return refused;
    }
}
