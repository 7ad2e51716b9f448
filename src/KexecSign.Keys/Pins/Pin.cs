using System.Security.Cryptography;
using System.Text;

namespace KexecSign.Keys.Pins;

/// <summary>A PIN in memory that the collector does not move, zeroed when disposed.</summary>
internal sealed class Pin : IDisposable
{
    private readonly byte[] _bytes;

    /// <param name="bytes">UTF-8; the caller zeroes its own copy.</param>
    /// <param name="origin">Where it came from, for error messages.</param>
    public Pin(ReadOnlySpan<byte> bytes, string origin)
    {
        _bytes = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(_bytes);
        Origin = origin;
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Where it came from, for instance <c>environment variable SIGN_PIN</c>.</summary>
    public string Origin { get; }

    public static Pin FromText(string text, string origin)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        try
        {
            return new Pin(bytes, origin);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Never the PIN.</summary>
    public override string ToString() => $"PIN from {Origin}";

    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);
}
