using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;

namespace KexecSign.Files;

/// <summary>
/// The digests of one file. Those that were announced are computed together, in one read of the file, when the first of them is asked
/// for, and each only once, whoever asks and however its ranges are cut.
/// </summary>
internal sealed class FileDigests(Layout file, RunContext context)
{
    private readonly Dictionary<string, HashRequest> _announced = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _known = new(StringComparer.Ordinal);
    private PassListener? _listener;
    private bool _wasRead;

    /// <summary>Says that a digest will be asked for.</summary>
    public void Announce(HashAlgorithmName algorithm, ImmutableArray<ByteRange> ranges)
    {
        HashRequest request = new(algorithm, Joined(ranges));
        string key = Key(request);
        if (InOrder(request.Ranges) && !_known.ContainsKey(key))
            _announced[key] = request;
    }

    /// <summary>Says that the digest of the whole file will be asked for.</summary>
    public void AnnounceWhole(HashAlgorithmName algorithm) => Announce(algorithm, [new(0, file.Length)]);

    /// <summary>Has somebody listen when the file is read; false when it was read already, or somebody else listens.</summary>
    public bool Watch(PassListener listener)
    {
        if (_wasRead || _listener is not null)
            return false;
        _listener = listener;
        return true;
    }

    /// <summary>Reads the file for what was announced, unless that was done.</summary>
    public void RequireRead()
    {
        if (!_wasRead)
            ReadFile();
    }

    /// <summary>The digest of the whole file.</summary>
    public byte[] OfWhole(HashAlgorithmName algorithm) => Of([new(0, file.Length)], algorithm);

    /// <summary>The digest of ranges of the file.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS1001 when one lies outside.</exception>
    public byte[] Of(ImmutableArray<ByteRange> ranges, HashAlgorithmName algorithm)
    {
        HashRequest request = new(algorithm, Joined(ranges));
        // One pass over the file meets them in file order; what overlaps is in damaged files only.
        if (!InOrder(request.Ranges))
            return AuthenticodeDigest.Compute(file, request.Ranges, algorithm);
        string key = Key(request);
        if (!_known.TryGetValue(key, out byte[]? digest))
        {
            _announced[key] = request;
            ReadFile();
            digest = _known[key];
        }
        return digest;
    }

    private void ReadFile()
    {
        var keys = _announced.Keys.ToArray();
        HashRequest[] requests = [.. _announced.Values];
        using IRunStep step = context.Log.Step($"hash ({string.Join(", ", requests.Select(r => r.Algorithm.Name).Distinct())})",
            file.Length);
        ImmutableArray<byte[]> digests = LayoutPass.Finish(
            LayoutPass.Run(file, null, requests, step, context.Cancellation, _wasRead ? null : _listener));
        _wasRead = true;
        for (int i = 0; i < keys.Length; i++)
            _known[keys[i]] = digests[i];
        _announced.Clear();
    }

    // Headers end where the first section begins: two ranges for one reader are one for another.
    private static ImmutableArray<ByteRange> Joined(ImmutableArray<ByteRange> ranges)
    {
        var joined = new List<ByteRange>(ranges.Length);
        foreach (ByteRange range in ranges)
        {
            if (range.Length == 0)
                continue;
            if (joined.Count > 0 && joined[^1].Offset + joined[^1].Length == range.Offset)
                joined[^1] = new(joined[^1].Offset, joined[^1].Length + range.Length);
            else
                joined.Add(range);
        }
        return [.. joined];
    }

    private bool InOrder(ImmutableArray<ByteRange> ranges)
    {
        long end = 0;
        foreach (ByteRange range in ranges)
        {
            if (range.Offset < end || range.Length > file.Length - range.Offset)
                return false;
            end = range.Offset + range.Length;
        }
        return true;
    }

    private static string Key(HashRequest request) => $"{request.Algorithm.Name} {string.Join(' ', request.Ranges)}";
}
