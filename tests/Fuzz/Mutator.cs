using System.Buffers.Binary;

namespace KexecSign.Fuzz;

/// <summary>Damages files: flipped bits, numbers that break arithmetic, cuts, repeats, pieces of other files. The same seed, the same files.</summary>
public sealed class Mutator(int seed)
{
    private const int Longest = 1 << 20;
    private const int Hot = 0x400, Tail = 0x800;

    private static readonly uint[] WildNumbers =
        [0, 1, 2, 7, 8, 0x7F, 0x80, 0x81, 0x82, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFE, 0xFFFFFFFF];

    private static readonly byte[][] Words =
        ["{"u8.ToArray(), "}"u8.ToArray(), "["u8.ToArray(), "\""u8.ToArray(), "null"u8.ToArray(), "-1"u8.ToArray(), "1e999"u8.ToArray(), "\\u0000"u8.ToArray(), "\n"u8.ToArray(), "\r"u8.ToArray(), ","u8.ToArray(), "../"u8.ToArray(), "\0"u8.ToArray()];

    private readonly Random _random = new(seed);

    /// <summary>A damaged copy.</summary>
    /// <param name="sound">What to damage.</param>
    /// <param name="other">Where pieces are taken from.</param>
    public byte[] Of(byte[] sound, byte[] other)
    {
        byte[] copy = [.. sound];
        for (int changes = 1 + _random.Next(_random.Next(1, 6)); changes > 0; changes--)
            copy = Damage(copy, other);
        return copy;
    }

    /// <summary>A number below a limit.</summary>
    public int Next(int limit) => _random.Next(limit);

    // Headers and what is appended decide; the middle of an image is only hashed.
    private int Place(int length) => length == 0 ? 0 : _random.Next(4) switch
    {
        0 => _random.Next(length),
        1 => length - 1 - _random.Next(Math.Min(length, Tail)),
        _ => _random.Next(Math.Min(length, Hot)),
    };

    private byte[] Damage(byte[] copy, byte[] other)
    {
        int at = Place(copy.Length);
        Span<byte> rest = copy.AsSpan(at);
        switch (_random.Next(12))
        {
            case 0 or 1 when rest.Length >= 1:
                rest[0] ^= (byte)(1 << _random.Next(8));
                return copy;
            case 2 when rest.Length >= 1:
                rest[0] = (byte)_random.Next(256);
                return copy;
            case 3 when rest.Length >= 2:
                BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)(Wild() & 0xFFFF));
                return copy;
            case 4 when rest.Length >= 4:
                BinaryPrimitives.WriteUInt32LittleEndian(rest, Wild());
                return copy;
            case 5 when rest.Length >= 4:
                BinaryPrimitives.WriteUInt32BigEndian(rest, Wild());
                return copy;
            case 6 when rest.Length >= 8:
                BinaryPrimitives.WriteUInt64LittleEndian(rest, ulong.MaxValue - Wild());
                return copy;
            case 7 when rest.Length >= 1:
                rest[0] = unchecked((byte)(rest[0] + _random.Next(-4, 5)));
                return copy;
            case 8:
                return copy[..at];
            case 9 when copy.Length < Longest:
                return Insert(copy, at, Words[_random.Next(Words.Length)]);
            case 10 when copy.Length < Longest && other.Length > 0:
                int from = Place(other.Length);
                return Insert(copy, at, other.AsSpan(from, Math.Min(other.Length - from, 1 + _random.Next(64))));
            case 11 when rest.Length > 0:
                int gone = Math.Min(rest.Length, 1 + _random.Next(32));
                return [.. copy[..at], .. copy[(at + gone)..]];
            default:
                return copy;
        }
    }

    private uint Wild() => WildNumbers[_random.Next(WildNumbers.Length)];

    private static byte[] Insert(byte[] copy, int at, ReadOnlySpan<byte> piece) => [.. copy[..at], .. piece, .. copy[at..]];
}
