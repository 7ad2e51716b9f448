using System.Buffers.Binary;
using System.Security.Cryptography;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Ima;

/// <summary>
/// The fs-verity digest of a file (Documentation/filesystems/fsverity.rst): the hash of a descriptor of 256 bytes that holds the root of a
/// Merkle tree over blocks of 4096 bytes, without salt. Takes the content in pieces and holds one block a level.
/// </summary>
public sealed class VerityDigest : IDisposable
{
    private const int BlockSize = 4096, DescriptorSize = 256;

    private readonly IncrementalHash _hash;
    private readonly byte _algorithm;
    private readonly byte[] _data = new byte[BlockSize];
    private readonly List<Level> _levels = [];
    private int _filled;
    private long _length;

    /// <summary>Begins a digest.</summary>
    /// <exception cref="KexecSignException">KS1405 for other hashes than SHA-256 and SHA-512.</exception>
    public VerityDigest(HashAlgorithmName hash)
    {
        _algorithm = hash.Name switch { "SHA256" => 1, "SHA512" => 2, _ => throw FormatErrors.VerityHash.With(hash.Name) };
        _hash = IncrementalHash.CreateHash(hash);
    }

    /// <summary>Takes the next piece of content.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        _length += content.Length;
        while (!content.IsEmpty)
        {
            int count = Math.Min(content.Length, BlockSize - _filled);
            content[..count].CopyTo(_data.AsSpan(_filled));
            _filled += count;
            content = content[count..];
            if (_filled == BlockSize)
                CloseData();
        }
    }

    /// <summary>The digest; nothing can be appended afterwards.</summary>
    public byte[] Finish()
    {
        if (_filled > 0)
            CloseData();
        byte[] descriptor = new byte[DescriptorSize];
        descriptor[0] = 1;
        descriptor[1] = _algorithm;
        descriptor[2] = 12;
        BinaryPrimitives.WriteInt64LittleEndian(descriptor.AsSpan(8), _length);
        Root().CopyTo(descriptor.AsSpan(16));
        _hash.AppendData(descriptor);
        return _hash.GetHashAndReset();
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    private void CloseData()
    {
        _data.AsSpan(_filled).Clear();
        _filled = 0;
        Push(0, _data);
    }

    // The root is the hash of the only block of the topmost level; of an empty file it is zeros.
    private byte[] Root()
    {
        if (_levels.Count == 0)
            return [];
        for (int i = 0; ; i++)
        {
            Level level = _levels[i];
            if (i == _levels.Count - 1 && level.Count == 1)
                return level.Block[.._hash.HashLengthInBytes];
            if (level.Filled > 0)
                Close(i);
        }
    }

    private void Push(int index, byte[] block)
    {
        if (index == _levels.Count)
            _levels.Add(new());
        Level level = _levels[index];
        _hash.AppendData(block);
        _hash.GetHashAndReset(level.Block.AsSpan(level.Filled));
        level.Filled += _hash.HashLengthInBytes;
        level.Count++;
        if (level.Filled == BlockSize)
            Close(index);
    }

    private void Close(int index)
    {
        Level level = _levels[index];
        level.Block.AsSpan(level.Filled).Clear();
        level.Filled = 0;
        Push(index + 1, level.Block);
    }

    // Hashes of one level that wait for their block to be full.
    private sealed class Level
    {
        public byte[] Block { get; } = new byte[BlockSize];

        public int Filled { get; set; }

        public long Count { get; set; }
    }
}
