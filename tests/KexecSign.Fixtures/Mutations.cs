using System.Buffers.Binary;

namespace KexecSign.Fixtures;

/// <summary>Damages of a file, the same in every run: single fields set to values that break arithmetic, flipped bits, cuts.</summary>
public static class Mutations
{
    private static readonly uint[] WildNumbers =
        [0, 1, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFE, 0xFFFFFFFF];

    /// <summary>Damaged copies.</summary>
    /// <param name="sound">The file to damage.</param>
    /// <param name="from">Where damage may begin.</param>
    /// <param name="to">Where it ends.</param>
    /// <param name="count">How many copies.</param>
    /// <param name="seed">The same seed gives the same copies.</param>
    public static IEnumerable<byte[]> Of(byte[] sound, int from, int to, int count, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < count; i++)
        {
            byte[] copy = [.. sound];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
                Damage(copy, random.Next(from, to), random);
            yield return random.Next(10) == 0 ? copy[..random.Next(copy.Length)] : copy;
        }
    }

    private static void Damage(byte[] copy, int at, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                copy[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at + 2 <= copy.Length:
                BinaryPrimitives.WriteUInt16LittleEndian(copy.AsSpan(at), (ushort)(WildNumbers[random.Next(WildNumbers.Length)] & 0xFFFF));
                break;
            case 2 when at + 4 <= copy.Length:
                BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(at), WildNumbers[random.Next(WildNumbers.Length)]);
                break;
            case 3 when at + 4 <= copy.Length:
                BinaryPrimitives.WriteUInt32LittleEndian(copy.AsSpan(at / 4 * 4), WildNumbers[random.Next(WildNumbers.Length)]);
                break;
            default:
                copy[at] = (byte)random.Next(256);
                break;
        }
    }
}
