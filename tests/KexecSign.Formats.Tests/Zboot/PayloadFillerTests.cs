using System.IO.Compression;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Zboot;

namespace KexecSign.Formats.Tests.Zboot;

public sealed class PayloadFillerTests
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * i >> 3 & 0xFF))];

    [Fact]
    public void A_gzip_member_grows_to_any_room_and_holds_the_same()
    {
        byte[] member = Gzip(Content);
        for (int more = 0; more < 400; more++)
        {
            if (PayloadFiller.Fill(Layout.Of(member), ZbootCompression.Gzip, member.Length + more) is not { } filled)
            {
                more.ShouldBeOneOf(1, 2, 3, 4, 8, 9);
                continue;
            }
            more.ShouldNotBeOneOf(1, 2, 3, 4, 8, 9);
            byte[] bytes = filled.ReadBytes(0, filled.Length);
            bytes.Length.ShouldBe(member.Length + more);
            // The stub skips 10 bytes of header and takes the last 4 for the length.
            bytes[..10].ShouldBe(member[..10]);
            bytes[^8..].ShouldBe(member[^8..]);
            Gunzip(bytes).ShouldBe(Content);
        }
    }

    [Fact]
    public void A_zstd_frame_is_followed_by_one_skippable_frame()
    {
        byte[] frame = [0x28, 0xB5, 0x2F, 0xFD, 1, 2, 3];
        for (int more = 1; more < 8; more++)
            PayloadFiller.Fill(Layout.Of(frame), ZbootCompression.Zstd, frame.Length + more).ShouldBeNull();
        Layout filled = PayloadFiller.Fill(Layout.Of(frame), ZbootCompression.Zstd, frame.Length + 11)!;
        filled.ReadBytes(0, filled.Length).ShouldBe([.. frame, 0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 0, 0, 0]);
        PayloadFiller.Fill(Layout.Of(frame), ZbootCompression.Zstd, frame.Length)!.ReadBytes(0, frame.Length).ShouldBe(frame);
    }

    private static byte[] Gzip(byte[] content)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(content);
        return packed.ToArray();
    }

    private static byte[] Gunzip(byte[] packed)
    {
        using var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        var content = new MemoryStream();
        gzip.CopyTo(content);
        return content.ToArray();
    }
}
