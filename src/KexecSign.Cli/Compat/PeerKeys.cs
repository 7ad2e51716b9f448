using KexecSign.Core.Errors;

namespace KexecSign.Cli.Compat;

/// <summary>How peers name keys that lie elsewhere: OpenSSL engines and providers.</summary>
internal static class PeerKeys
{
    /// <summary>Refuses another engine than pkcs11, whose URIs we read ourselves.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3855.</exception>
    public static void RequireEngine(string peer, string? engine, string key)
    {
        if (engine is null)
            return;
        if (engine != "pkcs11" && !engine.EndsWith("/libpkcs11.so", StringComparison.Ordinal)
            && !engine.EndsWith("/pkcs11.so", StringComparison.Ordinal))
            throw Refused(peer, $"--engine {engine}", "no engine of OpenSSL is loaded");
        if (!key.StartsWith("pkcs11:", StringComparison.OrdinalIgnoreCase))
            throw Refused(peer, $"--engine {engine} with the key '{key}'", "a token's key is named by a PKCS#11 URI (RFC 7512)");
    }

    /// <summary>Refuses a source of keys or certificates that is neither files nor PKCS#11.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3855.</exception>
    public static void RequireSource(string peer, string option, string? source)
    {
        if (source is not (null or "file" or "engine:pkcs11" or "provider:pkcs11" or "provider:pkcs11prov"))
            throw Refused(peer, $"{option} {source}", "no engine or provider of OpenSSL is loaded but PKCS#11's, which is read here");
    }

    private static Formats.Errors.KexecSignException Refused(string peer, string what, string because) =>
        OperationErrors.PeerOptionRefused.With(
        peer, what, because,
            "Name the key by a URI, such as 'pkcs11:token=release;object=db?pin-source=file:/run/pin', "
            + "and leave the engine out, or name 'pkcs11' where the caller (ukify) needs one");
}
