using System.Text;

namespace KexecSign.Keys.Pins;

/// <summary>A PIN, zeroed when disposed.</summary>
internal sealed class Pin : IDisposable
{
    private readonly SecretMemory _memory;

    /// <param name="bytes">UTF-8; the caller zeroes its own copy.</param>
    /// <param name="origin">Where it came from, for error messages.</param>
    public Pin(ReadOnlySpan<byte> bytes, string origin)
    {
        _memory = new(bytes.Length);
        bytes.CopyTo(_memory.Bytes);
        Origin = origin;
    }

    private Pin(SecretMemory memory, string origin)
    {
        _memory = memory;
        Origin = origin;
    }

    public ReadOnlySpan<byte> Bytes => _memory.Bytes;

    /// <summary>Where it came from, for instance <c>environment variable SIGN_PIN</c>.</summary>
    public string Origin { get; }

    public static Pin FromText(string text, string origin)
    {
        var memory = new SecretMemory(Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, memory.Bytes);
        return new(memory, origin);
    }

    /// <summary>Never the PIN.</summary>
    public override string ToString() => $"PIN from {Origin}";

    public void Dispose() => _memory.Dispose();
}
