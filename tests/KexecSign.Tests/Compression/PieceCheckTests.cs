using KexecSign.Compression;
using KexecSign.Fixtures;

namespace KexecSign.Tests.Compression;

public sealed class PieceCheckTests
{
    private static readonly byte[] Piece = [.. Enumerable.Range(0, 5000).Select(i => unchecked((byte)((i * i) >> 5)))];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Takes_what_unpacks_to_the_piece(bool goesOn)
    {
        (byte[] packed, int length) = Packed(goesOn);
        using var check = new PieceCheck(Piece.Length);
        Should.NotThrow(() => check.Require(packed, length, goesOn, Piece));
    }

    [Fact]
    public void Refuses_a_changed_bit_a_missing_joint_and_another_piece()
    {
        using var check = new PieceCheck(Piece.Length);
        (byte[] packed, int length) = Packed(goesOn: true);
        packed[length / 2] ^= 0x10;
        Refuses(packed, length, goesOn: true, Piece);

        // Marked as the last block, so that whatever follows is never read.
        (packed, length) = Packed(goesOn: false);
        Refuses(packed, length - 1, goesOn: false, Piece);
        (packed, length) = Packed(goesOn: true);
        Refuses(packed, length, goesOn: false, Piece);
        Refuses(packed, length, goesOn: true, Piece.AsSpan(1).ToArray());

        void Refuses(byte[] changed, int changedLength, bool goesOn, byte[] piece) =>
            Refusal.Of("KS5004", () => check.Require(changed, changedLength, goesOn, piece), "unpack");
    }

    private static (byte[] Packed, int Length) Packed(bool goesOn)
    {
        nint compressor = LibDeflate.AllocCompressor(6);
        byte[] packed = new byte[10_000];
        int length = LibDeflate.Deflate(compressor, Piece, packed);
        LibDeflate.FreeCompressor(compressor);
        return (packed, goesOn ? DeflateJoint.Open(packed, length) : length);
    }
}
