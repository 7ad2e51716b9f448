using System.Security.Cryptography;
using KexecSign.Formats.Cpio;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;

namespace KexecSign.Commands.Rpm;

/// <summary>The files of a cpio archive (rpm's payload) that comes in pieces: hashes each, and shows its first bytes.</summary>
internal sealed class CpioFiles : IDisposable
{
    private const int HeadSize = 128;

    private readonly IncrementalHash _hash;
    private readonly Check _check;
    private readonly byte[] _collected = new byte[NewcHeader.Length + NewcHeader.LongestName + 3];
    private readonly byte[] _head = new byte[HeadSize];
    private int _held, _wanted = NewcHeader.Length, _headLength;
    private long _begin, _at, _left, _padding;
    private NewcHeader _header;
    private string? _name = "";

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

    // Behind the trailer is nothing that matters.
    private bool HasEnded => _name is null;

    /// <summary>Takes the next piece.</summary>
    /// <exception cref="KexecSignException">KS1901.</exception>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !HasEnded)
        {
            int count = _left > 0 ? Content(bytes) : _padding > 0 ? Padding(bytes) : Header(bytes);
            _at += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>To be called when there are no more pieces.</summary>
    /// <exception cref="KexecSignException">KS1901 for an archive without an end.</exception>
    public void End()
    {
        if (!HasEnded)
            throw FormatErrors.CpioBroken.With(_at, "it is cut");
    }

    public void Dispose() => _hash.Dispose();

    private int Content(ReadOnlySpan<byte> bytes)
    {
        int count = (int)Math.Min(bytes.Length, _left);
        if (_header.IsFile)
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

    // First the header alone, then also the name that it announces, with its padding.
    private int Header(ReadOnlySpan<byte> bytes)
    {
        if (_held == 0)
            _begin = _at;
        int count = Math.Min(bytes.Length, _wanted - _held);
        bytes[..count].CopyTo(_collected.AsSpan(_held));
        _held += count;
        if (_held < _wanted)
            return count;
        if (_wanted == NewcHeader.Length)
        {
            _header = NewcHeader.Read(_collected.AsSpan(0, NewcHeader.Length), _begin);
            _wanted = (int)Alignment.Up(NewcHeader.Length + _header.NameSize, 4);
        }
        else
        {
            Begin();
        }
        return count;
    }

    private void Begin()
    {
        _name = NewcHeader.Name(_collected.AsSpan(NewcHeader.Length, _header.NameSize), _begin);
        (_held, _wanted, _headLength) = (0, NewcHeader.Length, 0);
        _left = HasEnded ? 0 : _header.Size;
        _padding = -_left & 3;
        if (_left == 0 && !HasEnded)
            Finish();
    }

    private void Finish()
    {
        if (!_header.IsFile)
            return;
        Digests.Add(Convert.ToHexString(_hash.GetHashAndReset()));
        _check(_name!, _head.AsSpan(0, _headLength), _header.Size);
    }
}
