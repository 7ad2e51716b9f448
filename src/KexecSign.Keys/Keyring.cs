using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Pins;

namespace KexecSign.Keys;

/// <summary>
/// Opens keys and certificates by reference and keeps what was opened: a module is initialised once, a token logged in
/// to once, a PIN asked once, however many keys of it are used. Disposing logs out and closes every session.
/// </summary>
public sealed class Keyring : IDisposable
{
    /// <summary>Makes an empty keyring.</summary>
    /// <param name="environment">Reads environment variables.</param>
    /// <param name="prompt">Asks for a PIN on a terminal; null where there is none, and then nothing is asked.</param>
    public Keyring(Func<string, string?>? environment = null, Func<string, string?>? prompt = null)
    {
        _ = environment;
        _ = prompt;
    }

    /// <summary>Opens a private key.</summary>
    /// <param name="reference">A PKCS#11 URI (RFC 7512), <c>file:PATH</c> or a path (PEM, for tests).</param>
    /// <param name="pin">Where to take the PIN from when the URI does not say.</param>
    /// <param name="cancellation">Gives up waiting for the token.</param>
    public ISigningKey OpenKey(string reference, PinOptions pin, CancellationToken cancellation) => throw new NotSupportedException();

    /// <summary>Opens a certificate and its chain.</summary>
    /// <param name="reference">A PKCS#11 URI, <c>file:PATH</c> or a path (PEM with the signer first and its chain behind, or DER).</param>
    /// <param name="pin">Where to take a PIN from if the token hides certificates before login.</param>
    /// <param name="cancellation">Gives up waiting for the token.</param>
    /// <returns>The signer's certificate first, then the rest of the chain as found.</returns>
    public IReadOnlyList<X509Certificate2> OpenCertificates(string reference, PinOptions pin, CancellationToken cancellation) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
