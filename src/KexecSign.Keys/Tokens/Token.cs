using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pkcs11;
using KexecSign.Keys.Pkcs11.Native;
using KexecSign.Keys.References;

namespace KexecSign.Keys.Tokens;

/// <summary>A token that a <c>Keyring</c> opened: what is in it, and how to put more in. The keyring closes it.</summary>
public sealed class Token
{
    private readonly TokenConnection _connection;

    internal Token(TokenConnection connection) => _connection = connection;

    /// <summary>What the token says of itself, as it was when it was found.</summary>
    public TokenDescription Description => new(
        State.Label, State.Manufacturer, State.Model, State.Serial, State.Slot, State.LoginRequired, State.HasKeypad,
        State.SessionLimit, State.OpenSessions, _connection.Module.Path);

    /// <summary>Whether a PIN source was given, so that looking behind the login asks nobody.</summary>
    public bool PinIsGiven => _connection.PinIsGiven;

    /// <summary>Whether somebody set the user's PIN, or none is needed.</summary>
    public bool HasUserPin => State.HasUserPin || !State.LoginRequired;

    private TokenState State => _connection.State;

    /// <summary>The token's signature mechanisms by their standard names.</summary>
    public IReadOnlyList<string> SigningMechanisms(CancellationToken cancellation) =>
        _connection.With(login: false, _ => MechanismNames.Signing(_connection.Calls, State.Slot), cancellation);

    /// <summary>Private keys; without <paramref name="login"/> only those that the token shows to all, often none.</summary>
    public IReadOnlyList<KeyDescription> Keys(bool login, CancellationToken cancellation) =>
        _connection.With(login, session =>
            TokenObject.Find(_connection.Calls, session, ObjectClass.PrivateKey, label: null, id: null)
                .ConvertAll(key => Describe(session, key)), cancellation);

    /// <summary>Certificates; those that cannot be decoded are left out.</summary>
    public IReadOnlyList<CertificateDescription> Certificates(bool login, CancellationToken cancellation)
    {
        var certificates = new List<CertificateDescription>();
        foreach (TokenObject found in ObjectSearch.All(_connection, ObjectClass.Certificate, login, cancellation))
        {
            if (ObjectSearch.Read(_connection, found, login, cancellation) is { } certificate)
                certificates.Add(new CertificateDescription(found.Label, [.. found.Id], certificate));
        }
        return certificates;
    }

    /// <summary>Opens a private key by label and, when given, id.</summary>
    public ISigningKey OpenKey(string label, ImmutableArray<byte> id, CancellationToken cancellation)
    {
        Pkcs11Uri uri = Pkcs11Uri.Parse(Uri(label, id));
        return ObjectSearch.PrivateKey(_connection, uri, cancellation);
    }

    /// <summary>Makes a key pair inside the token; the private key is sensitive and cannot be taken out.</summary>
    public ISigningKey GenerateKeyPair(string label, KeyKind kind, ImmutableArray<byte> id, CancellationToken cancellation)
    {
        _connection.WithReadWrite(session => KeyPairGeneration.Run(_connection, session, label, kind, id.AsSpan()), cancellation);
        return OpenKey(label, id, cancellation);
    }

    /// <summary>Stores a certificate under its key's label and id, so that both are found by one URI.</summary>
    public void StoreCertificate(string label, ImmutableArray<byte> id, X509Certificate2 certificate, CancellationToken cancellation) =>
        _connection.WithReadWrite(session =>
        {
            using var template = new Template();
            template.Add(AttributeType.Class, ObjectClass.Certificate)
                .Add(AttributeType.CertificateType, (nuint)0)
                .Add(AttributeType.Token, true)
                .Add(AttributeType.Private, false)
                .Add(AttributeType.Label, label)
                .Add(AttributeType.Id, id.AsSpan())
                .Add(AttributeType.Subject, certificate.SubjectName.RawData)
                .Add(AttributeType.Issuer, certificate.IssuerName.RawData)
                .Add(AttributeType.SerialNumber, EncodedSerial(certificate))
                .Add(AttributeType.Value, certificate.RawData);
            return _connection.Calls.CreateObject(session, template);
        }, cancellation);

    /// <summary>The URI of an object of this token: path attributes only, no module, no PIN.</summary>
    public string Uri(string label, ImmutableArray<byte> id = default)
    {
        List<KeyValuePair<string, string>> attributes = [new("token", State.Label)];
        attributes.AddRange(Distinction());
        attributes.Add(new("object", label));
        return Pkcs11Uri.Compose(attributes, id.IsDefaultOrEmpty ? null : [.. id]);
    }

    // A second token with the same label would make the URI ambiguous. A module that shows each key as a token of its own may give all
    // of them one serial number, and cuts a longer name to the 32 bytes of a label (siguldry does); the slot tells them apart then.
    private IEnumerable<KeyValuePair<string, string>> Distinction()
    {
        List<TokenState> alike = _connection.Module.Tokens().FindAll(token => token.Label == State.Label);
        if (alike.Count <= 1)
            yield break;
        yield return new("serial", State.Serial);
        alike = alike.FindAll(token => token.Serial == State.Serial);
        if (alike.Count <= 1)
            yield break;
        yield return alike.Count(token => token.SlotDescription == State.SlotDescription) > 1
            ? new("slot-id", $"{State.Slot}")
            : new("slot-description", State.SlotDescription);
    }

    // CKA_SERIAL_NUMBER is the DER INTEGER, not its contents (PKCS#11 2.40 section 4.6.3).
    private static byte[] EncodedSerial(X509Certificate2 certificate)
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        writer.WriteInteger(certificate.SerialNumberBytes.Span);
        return writer.Encode();
    }

    private KeyDescription Describe(nuint session, TokenObject key)
    {
        bool always = _connection.Calls.Attribute(session, key.Handle, AttributeType.AlwaysAuthenticate) is [not 0];
        KeyShape? shape = null;
        try
        {
            if (PublicKeyReader.SubjectPublicKeyInfo(_connection.Calls, session, key) is { } publicKey)
                shape = KeyShape.Of(publicKey, key.ToString());
        }
        catch (KexecSignException)
        {
            // A list shows also what cannot be used here, only without its kind.
        }
        return new KeyDescription(key.Label, [.. key.Id], shape?.Algorithm, shape?.Bits, always);
    }
}
