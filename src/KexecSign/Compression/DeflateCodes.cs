using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace KexecSign.Compression;

/// <summary>Reads a deflate stream's codes (RFC 1951) without unpacking anything, to find where its blocks are.</summary>
internal ref struct DeflateCodes
{
    private const int MostCodes = 288 + 32;

    // RFC 1951 3.2.7: the order in which lengths of the code for code lengths are stored.
    private static ReadOnlySpan<byte> LengthOrder => [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    private readonly ReadOnlySpan<byte> _stream;
    private readonly HuffmanCode _literals = new(), _distances = new();
    private int _next;
    private ulong _bits;
    private int _count;

    public DeflateCodes(ReadOnlySpan<byte> stream) => _stream = stream;

    private readonly long Position => _next * 8L - _count;

    /// <summary>Finds the last block.</summary>
    /// <returns>Positions in bits: of the last block's header, and of what follows the stream.</returns>
    /// <exception cref="InvalidDataException">It is no deflate stream.</exception>
    public (long LastBlock, long End) LastBlock()
    {
        while (true)
        {
            long start = Position;
            bool last = Take(1) == 1;
            switch (Take(2))
            {
                case 0: SkipStored(); break;
                case 1: FixedCodes(); SkipCoded(); break;
                case 2: DynamicCodes(); SkipCoded(); break;
                default: throw Broken("a block of a kind that there is not");
            }
            if (last)
                return (start, Position);
        }
    }

    private void SkipStored()
    {
        long header = (Position + 7) / 8;
        if (header + 4 > _stream.Length)
            throw Broken("a stored block that is cut short");
        uint lengths = BinaryPrimitives.ReadUInt32LittleEndian(_stream[(int)header..]);
        long end = header + 4 + (lengths & 0xFFFF);
        if ((lengths & 0xFFFF) != (~lengths >> 16) || end > _stream.Length)
            throw Broken("a stored block with a wrong length");
        (_next, _bits, _count) = ((int)end, 0, 0);
    }

    private readonly void FixedCodes()
    {
        Span<byte> lengths = stackalloc byte[288 + 30];
        lengths[..144].Fill(8);
        lengths[144..256].Fill(9);
        lengths[256..280].Fill(7);
        lengths[280..288].Fill(8);
        lengths[288..].Fill(5);
        _literals.Set(lengths[..288], HuffmanCode.Literals);
        _distances.Set(lengths[288..], HuffmanCode.Distances);
    }

    private void DynamicCodes()
    {
        int literals = (int)Take(5) + 257, distances = (int)Take(5) + 1, stored = (int)Take(4) + 4;
        Span<byte> lengths = stackalloc byte[MostCodes];
        Span<byte> order = stackalloc byte[19];
        for (int i = 0; i < stored; i++)
            order[LengthOrder[i]] = (byte)Take(3);
        _literals.Set(order, HuffmanCode.Plain);
        for (int i = 0; i < literals + distances;)
        {
            Fill();
            int symbol = (int)(Code(_literals) >> HuffmanCode.SymbolShift);
            int repeat = symbol switch { < 16 => 1, 16 => 3 + (int)Take(2), 17 => 3 + (int)Take(3), _ => 11 + (int)Take(7) };
            if (i + repeat > literals + distances || (symbol == 16 && i == 0))
                throw Broken("code lengths that do not add up");
            lengths.Slice(i, repeat).Fill(symbol < 16 ? (byte)symbol : symbol == 16 ? lengths[i - 1] : (byte)0);
            i += repeat;
        }
        _literals.Set(lengths[..literals], HuffmanCode.Literals);
        _distances.Set(lengths.Slice(literals, distances), HuffmanCode.Distances);
    }

    // Nearly all of the work, hence without checks that cannot fail: tables are as long as their index can say. A match takes at most
    // 48 bits: two codes of 15, and 5 and 13 more.
    private unsafe void SkipCoded()
    {
        fixed (byte* stream = _stream)
        fixed (uint* literals = _literals.Table, distances = _distances.Table)
        {
            (ulong bits, int count, int next) = (_bits, _count, _next);
            int lastWhole = _stream.Length - sizeof(ulong);
            while (true)
            {
                if (count < 48 && next <= lastWhole)
                {
                    // Bits above the count are the stream's own, and come again.
                    bits |= Unsafe.ReadUnaligned<ulong>(stream + next) << count;
                    next += (63 - count) >> 3;
                    count |= 56;
                }
                else if (count < 48)
                {
                    (_bits, _count, _next) = (bits & ((1UL << count) - 1), count, next);
                    Fill();
                    (bits, count, next) = (_bits, _count, _next);
                }
                uint entry = literals[bits & HuffmanCode.IndexMask];
                if (entry == 0)
                    entry = _literals.FindLong(bits);
                Take(entry, ref bits, ref count);
                uint kind = entry & HuffmanCode.Kinds;
                if (kind == 0)
                    continue;
                if (kind == HuffmanCode.End)
                    break;
                entry = distances[bits & HuffmanCode.IndexMask];
                if (entry == 0)
                    entry = _distances.FindLong(bits);
                Take(entry, ref bits, ref count);
            }
            (_bits, _count, _next) = (bits & ((1UL << count) - 1), count, next);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Take(uint entry, ref ulong bits, ref int count)
    {
        int length = (int)(entry & HuffmanCode.Lengths);
        if (length == 0 || length > count)
            throw Broken("a code that there is not");
        bits >>= length;
        count -= length;
    }

    // Takes one code and the bits that belong to it.
    private uint Code(HuffmanCode code)
    {
        uint entry = code.Find(_bits);
        Take(entry, ref _bits, ref _count);
        return entry;
    }

    private uint Take(int count)
    {
        Fill();
        if (_count < count)
            throw Broken("no end");
        uint value = (uint)(_bits & ((1UL << count) - 1));
        _bits >>= count;
        _count -= count;
        return value;
    }

    private void Fill()
    {
        if (_count >= 48)
            return;
        if (_stream.Length - _next >= 8)
        {
            _bits |= BinaryPrimitives.ReadUInt64LittleEndian(_stream[_next..]) << _count;
            int bytes = (63 - _count) / 8;
            _next += bytes;
            _count += bytes * 8;
            // What was read beyond them comes again.
            _bits &= (1UL << _count) - 1;
            return;
        }
        while (_count <= 56 && _next < _stream.Length)
        {
            _bits |= (ulong)_stream[_next++] << _count;
            _count += 8;
        }
    }

    private readonly InvalidDataException Broken(string what) => new($"the stream has {what} at bit {Position}");
}
