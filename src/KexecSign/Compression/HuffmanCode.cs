namespace KexecSign.Compression;

/// <summary>A prefix code of deflate (RFC 1951 3.2.2), by which the number of bits that a symbol takes can be looked up.</summary>
internal sealed class HuffmanCode
{
    /// <summary>Parts of an entry: bits that the symbol takes with all that belongs to it; what it is; and the symbol above.</summary>
    public const uint Lengths = 0xFF, Kinds = 0x300, Match = 0x100, End = 0x200;

    /// <summary>Where an entry has its symbol.</summary>
    public const int SymbolShift = 16;

    /// <summary>The bits that are looked up in the table.</summary>
    public const ulong IndexMask = (1 << TableBits) - 1;

    private const int MaxLength = 15, TableBits = 11;

    private readonly uint[] _table = new uint[1 << TableBits];
    private readonly ushort[] _counts = new ushort[MaxLength + 1], _symbols = new ushort[288];
    private Func<int, uint> _describe = Plain;

    /// <summary>An entry for each value of the next bits; 0 for those that need a longer look.</summary>
    public ReadOnlySpan<uint> Table => _table;

    /// <summary>Symbols without further bits.</summary>
    public static uint Plain(int symbol) => 0;

    /// <summary>Literals, the end, and lengths with up to 5 further bits.</summary>
    public static uint Literals(int symbol) => symbol switch
    {
        < 256 => 0,
        256 => End,
        < 265 or 285 => Match,
        < 285 => Match | (uint)((symbol - 261) / 4),
        _ => throw new InvalidDataException("the stream uses a length that there is not"),
    };

    /// <summary>Distances with up to 13 further bits.</summary>
    public static uint Distances(int symbol) => symbol switch
    {
        < 4 => 0,
        < 30 => (uint)(symbol / 2 - 1),
        _ => throw new InvalidDataException("the stream uses a distance that there is not"),
    };

    /// <summary>Takes another code.</summary>
    /// <param name="lengths">Bits of each symbol's code; 0 for symbols that do not occur.</param>
    /// <param name="describe">Kind and further bits of a symbol.</param>
    /// <exception cref="InvalidDataException">There are more codes than bits.</exception>
    public void Set(ReadOnlySpan<byte> lengths, Func<int, uint> describe)
    {
        _describe = describe;
        Array.Clear(_counts);
        foreach (byte length in lengths)
            _counts[length]++;
        _counts[0] = 0;
        Span<int> offsets = stackalloc int[MaxLength + 2], codes = stackalloc int[MaxLength + 2];
        for (int length = 1; length <= MaxLength; length++)
        {
            codes[length + 1] = (codes[length] + _counts[length]) << 1;
            offsets[length + 1] = offsets[length] + _counts[length];
            if (codes[length] + _counts[length] > 1 << length)
                throw new InvalidDataException("the stream has a code with too many symbols");
        }
        Array.Clear(_table);
        for (int symbol = 0; symbol < lengths.Length; symbol++)
        {
            int length = lengths[symbol];
            if (length == 0)
                continue;
            _symbols[offsets[length]++] = (ushort)symbol;
            int code = codes[length]++;
            if (length > TableBits || symbol > 285)
                continue;
            uint entry = Entry(symbol, length);
            for (int at = Reversed(code, length); at < _table.Length; at += 1 << length)
                _table[at] = entry;
        }
    }

    /// <summary>The entry of the code that comes next; 0 when there is none.</summary>
    public uint Find(ulong bits)
    {
        uint entry = _table[(int)(bits & IndexMask)];
        return entry != 0 ? entry : FindLong(bits);
    }

    /// <summary>
    /// The same for a code that is not in the table: bit by bit, as codes are numbered. Codes this long stand for what is rare.
    /// </summary>
    public uint FindLong(ulong bits)
    {
        int code = 0, first = 0, index = 0;
        for (int length = 1; length <= MaxLength; length++)
        {
            code |= (int)(bits & 1);
            bits >>= 1;
            int count = _counts[length];
            if (code - count < first)
                return Entry(_symbols[index + (code - first)], length);
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        return 0;
    }

    private uint Entry(int symbol, int length) => ((uint)symbol << SymbolShift) + _describe(symbol) + (uint)length;

    private static int Reversed(int code, int length)
    {
        int reversed = 0;
        for (int i = 0; i < length; i++, code >>= 1)
            reversed = (reversed << 1) | (code & 1);
        return reversed;
    }
}
