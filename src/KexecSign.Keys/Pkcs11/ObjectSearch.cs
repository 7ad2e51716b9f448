using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pkcs11.Native;
using KexecSign.Keys.References;

namespace KexecSign.Keys.Pkcs11;

/// <summary>Finds the one object that a URI means; none or several are errors that list the candidates.</summary>
internal static class ObjectSearch
{
    public static CheckedKey PrivateKey(TokenConnection connection, Pkcs11Uri uri, CancellationToken cancellation,
        X509Certificate2? certificate = null)
    {
        // A URI copied from a certificate or public key names the pair; its private half is meant here.
        if (uri.Type is "secret-key" or "data")
            throw KeyErrors.TypeUnfit.With(uri.Type, "private key");
        List<TokenObject> candidates = Search(connection, uri, ObjectClass.PrivateKey, login: true, cancellation);
        // A URI may leave several, a certificate is for one of them.
        if (candidates.Count > 1 && certificate is not null)
        {
            List<TokenObject> fitting = candidates.FindAll(candidate => connection.With(
                login: true, session => PublicKeyReader.SubjectPublicKeyInfo(connection.Calls, session,
                    candidate), cancellation) is { } key && CertificateMatch.Is(key, certificate));
            candidates = fitting.Count == 0 ? candidates : fitting;
        }
        TokenObject found = One(connection, uri, "private key", candidates, () =>
            All(connection, ObjectClass.PrivateKey, login: true, cancellation));
        return new(Pkcs11Key.From(connection, found, cancellation));
    }

    /// <summary>Looks before login first, and after it only if nothing was found: most tokens show certificates to all.</summary>
    public static X509Certificate2 Certificate(TokenConnection connection, Pkcs11Uri uri, CancellationToken cancellation)
    {
        if (uri.Type is "secret-key" or "data")
            throw KeyErrors.TypeUnfit.With(uri.Type, "certificate");
        bool login = false;
        List<TokenObject> candidates = Search(connection, uri, ObjectClass.Certificate, login, cancellation);
        if (candidates.Count == 0 && connection.State.LoginRequired && connection.PinIsGiven)
        {
            login = true;
            candidates = Search(connection, uri, ObjectClass.Certificate, login, cancellation);
        }
        TokenObject found = One(connection, uri, "certificate", candidates,
            () => All(connection, ObjectClass.Certificate, login, cancellation));
        return Read(connection, found, login, cancellation)
            ?? throw KeyErrors.CertificateMalformed.With($"object {found} of token '{connection.State.Label}'");
    }

    /// <summary>A certificate object's contents; null when they cannot be decoded.</summary>
    public static X509Certificate2? Read(TokenConnection connection, TokenObject certificate, bool login, CancellationToken cancellation)
    {
        byte[]? der = connection.With(login, session => connection.Calls.Attribute(session, certificate.Handle, AttributeType.Value),
            cancellation);
        try
        {
            return der is { Length: > 0 } ? X509CertificateLoader.LoadCertificate(der) : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    public static List<TokenObject> All(TokenConnection connection, nuint objectClass, bool login, CancellationToken cancellation) =>
        connection.With(login, session => TokenObject.Find(connection.Calls, session, objectClass, label: null, id: null), cancellation);

    private static List<TokenObject> Search(TokenConnection connection, Pkcs11Uri uri, nuint objectClass, bool login,
        CancellationToken cancellation) =>
        connection.With(login, session => TokenObject.Find(connection.Calls, session, objectClass, uri.Object, uri.Id), cancellation);

    private static TokenObject One(
        TokenConnection connection, Pkcs11Uri uri, string wanted, List<TokenObject> candidates, Func<List<TokenObject>> all) =>
            candidates.Count switch
            {
                1 => candidates[0],
                0 => throw KeyErrors.ObjectMissing.With(connection.State.Label, wanted, uri, Listed(all())),
                _ => throw KeyErrors.ObjectAmbiguous.With(candidates.Count, uri, Listed(candidates)),
            };

    private static string Listed(List<TokenObject> objects) => objects.Count == 0 ? "none" : string.Join(", ", objects);
}
