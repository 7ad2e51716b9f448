using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace KexecSign.Commands.Rpm;

/// <summary>
/// The files of a cpio archive in the format "newc" (rpm's payload) that comes in pieces: hashes each, and shows its first bytes.
/// </summary>
internal sealed class CpioFiles : IDisposable
{
    private const int HeaderSize = 110, FieldSize = 8, LongestName = 4096, HeadSize = 128;
    private const int ModeField = 1, SizeField = 6, NameSizeField = 11;
    private const uint KindMask = 0xF000, RegularFile = 0x8000;

    private readonly IncrementalHash _hash;
    private readonly Check _check;
    private readonly byte[] _collected = new byte[HeaderSize + LongestName + 3];
    private readonly byte[] _head = new byte[HeadSize];
    private int _held, _wanted = HeaderSize, _headLength;
    private long _at, _size, _left, _padding;
    private string? _name;
    private bool _isFile, _ended;

    /// <param name="hash">The hash.</param>
    /// <param name="check">Looks at each file's name, first bytes (all of them where it is shorter) and size.</param>
    public CpioFiles(HashAlgorithmName hash, Check check)
    {
        _hash = IncrementalHash.CreateHash(hash);
        _check = check;
    }

    /// <summary>Looks at a file.</summary>
    public delegate void Check(string name, ReadOnlySpan<byte> head, long size);

    /// <summary>Hashes of the files so far, upper-case hex.</summary>
    public HashSet<string> Digests { get; } = [];

    /// <summary>Takes the next piece.</summary>
    /// <exception cref="InvalidDataException">It is no such archive.</exception>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !_ended)
        {
            int count = _left > 0 ? Content(bytes) : _padding > 0 ? Padding(bytes) : Header(bytes);
            _at += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>To be called when there are no more pieces.</summary>
    /// <exception cref="InvalidDataException">The archive has no end.</exception>
    public void End()
    {
        if (!_ended)
            throw new InvalidDataException($"the archive is cut at 0x{_at:x}");
    }

    public void Dispose() => _hash.Dispose();

    private int Content(ReadOnlySpan<byte> bytes)
    {
        int count = (int)Math.Min(bytes.Length, _left);
        if (_isFile)
        {
            _hash.AppendData(bytes[..count]);
            int more = Math.Min(count, HeadSize - _headLength);
            bytes[..more].CopyTo(_head.AsSpan(_headLength));
            _headLength += more;
        }
        _left -= count;
        if (_left == 0)
            Finish();
        return count;
    }

    private int Padding(ReadOnlySpan<byte> bytes)
    {
        int count = (int)Math.Min(bytes.Length, _padding);
        _padding -= count;
        return count;
    }

    // First the 110 bytes, then also the name that they announce, with its padding.
    private int Header(ReadOnlySpan<byte> bytes)
    {
        int count = Math.Min(bytes.Length, _wanted - _held);
        bytes[..count].CopyTo(_collected.AsSpan(_held));
        _held += count;
        if (_held < _wanted)
            return count;
        if (_wanted == HeaderSize)
            _wanted = HeaderAndName();
        else
            Begin();
        return count;
    }

    private int HeaderAndName()
    {
        ReadOnlySpan<byte> magic = _collected.AsSpan(0, 6);
        if (!magic.SequenceEqual("070701"u8) && !magic.SequenceEqual("070702"u8))
            throw new InvalidDataException($"no header of the format newc ends at 0x{_at:x}; files of 4 GiB and more are not read");
        uint name = Field(NameSizeField);
        if (name is < 2 or > LongestName)
            throw new InvalidDataException($"a name of 0x{name:x} bytes at 0x{_at:x}");
        return (int)((HeaderSize + name + 3) & ~3u);
    }

    private void Begin()
    {
        int length = (int)Field(NameSizeField);
        _name = Encoding.UTF8.GetString(_collected.AsSpan(HeaderSize, length - 1));
        _ended = _name == "TRAILER!!!";
        _size = _left = _ended ? 0 : Field(SizeField);
        _isFile = (Field(ModeField) & KindMask) == RegularFile;
        (_held, _wanted, _headLength) = (0, HeaderSize, 0);
        _padding = -_size & 3;
        if (_left == 0 && !_ended)
            Finish();
    }

    private void Finish()
    {
        if (!_isFile)
            return;
        Digests.Add(Convert.ToHexString(_hash.GetHashAndReset()));
        _check(_name!, _head.AsSpan(0, _headLength), _size);
    }

    private uint Field(int index) =>
        Utf8Parser.TryParse(_collected.AsSpan(6 + (index * FieldSize), FieldSize), out uint value, out int read, 'x') && read == FieldSize
            ? value
            : throw new InvalidDataException($"field {index} of the header that ends at 0x{_at:x} is no number of {FieldSize} hex digits");
}
