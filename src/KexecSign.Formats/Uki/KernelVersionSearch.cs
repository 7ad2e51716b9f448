namespace KexecSign.Formats.Uki;

/// <summary>
/// Looks for the banner of an uncompressed kernel in bytes that come piece by piece, while they are read for something else.
/// </summary>
public sealed class KernelVersionSearch
{
    /// <summary>Bytes of a version (__NEW_UTS_LEN of include/uapi/linux/utsname.h) and of the zero behind it.</summary>
    internal const int Longest = 65;

    // "Linux version 6.12.1 (builder@host) ..." of init/version-timestamp.c; the format string of /proc/version has '%s' there instead.
    private static ReadOnlySpan<byte> Banner => "Linux version "u8;

    // The end of what came before, in which a banner or a version may have begun.
    private readonly byte[] _kept = new byte[Banner.Length + Longest];
    private int _count;

    /// <summary>The version (uname -r) of the first banner that has one; null until it came.</summary>
    public string? Found { get; private set; }

    /// <summary>Takes what follows.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (Found is not null)
            return;
        if (_count > 0)
        {
            // Across the seam: what was kept, and as much of the new as a version that began there can need.
            Span<byte> seam = stackalloc byte[2 * _kept.Length];
            _kept.AsSpan(0, _count).CopyTo(seam);
            int more = Math.Min(bytes.Length, _kept.Length);
            bytes[..more].CopyTo(seam[_count..]);
            Found = In(seam[..(_count + more)]);
        }
        Found ??= In(bytes);
        Keep(bytes);
    }

    private static string? In(ReadOnlySpan<byte> bytes)
    {
        for (int from = 0; bytes[from..].IndexOf(Banner) is >= 0 and int found;)
        {
            from += found + Banner.Length;
            if (KernelVersionText.Word(bytes[from..]) is { } version)
                return version;
        }
        return null;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= _kept.Length)
        {
            bytes[^_kept.Length..].CopyTo(_kept);
            _count = _kept.Length;
            return;
        }
        int old = Math.Min(_count, _kept.Length - bytes.Length);
        _kept.AsSpan(_count - old, old).CopyTo(_kept);
        bytes.CopyTo(_kept.AsSpan(old));
        _count = old + bytes.Length;
    }
}
