using System.IO.Compression;
using KexecSign.Compression;
using KexecSign.Files;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Images;

namespace KexecSign.Tests.Compression;

/// <summary>What was unpacked before counts only for the payload that it was unpacked from.</summary>
public sealed class UnpackedAheadTests : IDisposable
{
    private static readonly byte[] Kernel = TestImage.Arm64(seed: 3).Bytes;

    private readonly Bench _bench = new();

    [Fact]
    public void Is_the_kernel_of_the_same_payload_and_of_no_other()
    {
        byte[] payload = Packed(Kernel), other = [.. payload];
        other[^9] ^= 1;
        uint length = (uint)Kernel.Length;
        using var ahead = UnpackedAhead.Begin(File(payload), ZbootCompression.Gzip, length, default);
        ahead.Take(Layout.Of(other), ZbootCompression.Gzip, length).ShouldBeNull();
        ahead.Take(Layout.Of(payload.AsMemory(1)), ZbootCompression.Gzip, length).ShouldBeNull();
        ahead.Take(Layout.Of(payload), ZbootCompression.Zstd, length).ShouldBeNull();
        ahead.Take(Layout.Of(payload), null, length).ShouldBeNull();
        ahead.Take(Layout.Of(payload), ZbootCompression.Gzip, length - 1).ShouldBeNull();
        using TemporaryFile taken = ahead.Take(Layout.Of(payload), ZbootCompression.Gzip, length).ShouldNotBeNull();
        Layout unpacked = Layout.Of(taken);
        unpacked.ReadBytes(0, unpacked.Length).ShouldBe(Kernel);
        // The one who has it now closes it.
        ahead.Take(Layout.Of(payload), ZbootCompression.Gzip, length).ShouldBeNull();
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(1, false)]
    [InlineData(0, true)]
    public void A_payload_that_cannot_be_unpacked_as_stated_is_left_to_who_judges_the_file(int more, bool broken)
    {
        byte[] payload = Packed(Kernel);
        if (broken)
            payload[payload.Length / 2] ^= 0x55;
        uint length = (uint)(Kernel.Length + more);
        using var ahead = UnpackedAhead.Begin(File(payload), ZbootCompression.Gzip, length, default);
        ahead.Take(Layout.Of(payload), ZbootCompression.Gzip, length).ShouldBeNull();
    }

    [Fact]
    public void A_file_with_another_payload_is_judged_by_its_own()
    {
        byte[] mine = TestImage.Arm64(seed: 4).Bytes;
        // Stored, so that both payloads are of one length.
        Layout zboot = Layout.Of(TestZboot.Gzip(mine, CompressionLevel.NoCompression).Bytes);
        byte[] other = Packed(Kernel, CompressionLevel.NoCompression);
        other.Length.ShouldBe((int)ZbootHeader.Read(PeReader.Read(zboot), zboot).PayloadSize);
        using var ahead = UnpackedAhead.Begin(File(other), ZbootCompression.Gzip, (uint)Kernel.Length, default);
        using var inside = new KernelInside(PeReader.Read(zboot), zboot, _bench.Context, ahead: ahead);
        Layout opened = inside.Open();
        opened.ReadBytes(0, opened.Length).ShouldBe(mine);
    }

    [Fact]
    public void Whoever_gives_up_is_not_kept_waiting_and_leaves_nothing_open()
    {
        using var gaveUp = new CancellationTokenSource();
        gaveUp.Cancel();
        byte[] payload = Packed(Kernel);
        using var ahead = UnpackedAhead.Begin(File(payload), ZbootCompression.Gzip, (uint)Kernel.Length, gaveUp.Token);
        ahead.Take(Layout.Of(payload), ZbootCompression.Gzip, (uint)Kernel.Length).ShouldBeNull();
    }

    public void Dispose() => _bench.Dispose();

    private static byte[] Packed(byte[] kernel, CompressionLevel level = CompressionLevel.Optimal)
    {
        Layout zboot = Layout.Of(TestZboot.Gzip(kernel, level).Bytes);
        ZbootHeader header = ZbootHeader.Read(PeReader.Read(zboot), zboot);
        return zboot.ReadBytes(header.PayloadOffset, header.PayloadSize);
    }

    private static TemporaryFile File(byte[] content)
    {
        TemporaryFile file = TemporaryFile.Create();
        file.Write(content);
        return file;
    }
}
