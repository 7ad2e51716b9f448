using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Zboot;

namespace KexecSign.Tests.Zboot;

/// <summary>What is said of a payload that finds no place, or that is another one than was signed.</summary>
public sealed class FinishedZbootTests : IDisposable
{
    private readonly Bench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_rest_that_cannot_be_filled_is_told_from_a_payload_that_is_too_long()
    {
        using FinishedZboot zboot = FinishedZboot.Open(Layout.Of(TestZboot.Gzip(TestImage.Arm64().Bytes).Bytes), _bench.Context);
        long room = zboot.Header.PayloadSize;
        string space = $"the space of 0x{room:x} bytes at 0x{zboot.Header.PayloadOffset:x}";
        Refusal.Of("KS3116", () => throw zboot.DoesNotFit(room, "vmlinuz.efi"), "compressed as gzip", space, "cannot be filled", "--kit")
            .File.ShouldBe("vmlinuz.efi");
        Refusal.Of("KS3115", () => throw zboot.DoesNotFit(room + 7, "vmlinuz.efi"), $"0x{room + 7:x}", $"0x{room:x}");
    }

    [Fact]
    public void An_image_that_unpacks_to_something_else_than_was_signed_is_not_written()
    {
        byte[] kernel = TestImage.Arm64().Bytes;
        Layout repacked = Layout.Of(TestZboot.Gzip(kernel).Bytes);
        string found = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(kernel)), signed = new('a', 64);
        FinishedZboot.Require(repacked, found, _bench.Context);
        Refusal.Of("KS3117", () => FinishedZboot.Require(repacked, signed, _bench.Context), found, signed, "Nothing was written");
    }
}
