using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pkcs11.Native;

namespace KexecSign.Keys.Pkcs11;

/// <summary>A private key in a token. Its handle is reused until the token forgets it.</summary>
internal sealed class Pkcs11Key : IUncheckedKey
{
    private readonly TokenConnection _connection;
    private readonly TokenObject _object;
    private readonly KeyShape _shape;
    private readonly bool _alwaysAuthenticate;
    private readonly nuint _mechanism;
    private readonly Lazy<HashAlgorithmName?> _hashInstead;
    private volatile HandleInUse _handle;

    private Pkcs11Key(TokenConnection connection, TokenObject found, byte[] subjectPublicKeyInfo, bool alwaysAuthenticate, int generation)
    {
        _connection = connection;
        _object = found;
        _alwaysAuthenticate = alwaysAuthenticate;
        _handle = new HandleInUse(found.Handle, generation);
        SubjectPublicKeyInfo = subjectPublicKeyInfo;
        DisplayName = $"'{found.Label}' in token '{connection.State.Label}'";
        _shape = KeyShape.Of(subjectPublicKeyInfo, DisplayName);
        _mechanism = _shape.Algorithm switch
        {
            KeyAlgorithm.Rsa => Mechanism.RsaPkcs,
            KeyAlgorithm.MlDsa => Mechanism.MlDsa,
            KeyAlgorithm.Ecdsa => Mechanism.Ecdsa,
        };
        _hashInstead = new(() => TokenHashes.Instead(HashesNamed(), _shape.DefaultHash));
    }

    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    public string DisplayName { get; }

    // SHA-256 is in all that sign at all; of the others the token is asked.
    public HashAlgorithmName? HashInstead =>
        _shape.Algorithm == KeyAlgorithm.MlDsa || _shape.DefaultHash == HashAlgorithmName.SHA256 ? null : _hashInstead.Value;

    /// <summary>CKA_ID, which ties key and certificate together in the token.</summary>
    internal byte[] Id => _object.Id;

    /// <summary>Makes a key of an object that was found, and checks that the token can sign with it.</summary>
    public static Pkcs11Key From(TokenConnection connection, TokenObject found, CancellationToken cancellation)
    {
        int generation = connection.Generation;
        Traits traits = connection.With(login: true, session =>
        {
            byte[]? flag = connection.Calls.Attribute(session, found.Handle, AttributeType.AlwaysAuthenticate);
            return new Traits(PublicKeyReader.SubjectPublicKeyInfo(connection.Calls, session, found), flag is [not 0]);
        }, cancellation);
        if (traits.PublicKey is null)
            throw KeyErrors.PublicKeyMissing.With(connection.State.Label, found);
        var key = new Pkcs11Key(connection, found, traits.PublicKey, traits.AlwaysAuthenticate, generation);
        key.RequireMechanism(cancellation);
        return key;
    }

    public byte[] SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation)
    {
        if (_shape.Algorithm == KeyAlgorithm.Rsa)
        {
            byte[] digestInfo = [.. HashKind.Of(hashAlgorithm).DigestInfoPrefix.Span, .. hash];
            return SignHashAs([digestInfo], _shape.NumberLength, hashAlgorithm, cancellation);
        }
        int wanted = 2 * _shape.NumberLength;
        byte[] raw = SignHashAs(Fitting(hash), wanted, hashAlgorithm, cancellation);
        return EcdsaDer.FromRaw(raw) ?? throw KeyErrors.SignatureMalformed.With(_connection.State.Label, 0, wanted);
    }

    public byte[] SignMessage(ReadOnlyMemory<byte> message, CancellationToken cancellation) =>
        SignInput(session => Sign(session, message, _shape.MaxSignatureSize), _shape.MaxSignatureSize, cancellation);

    private byte[] SignHashAs(byte[][] inputs, int wanted, HashAlgorithmName hash, CancellationToken cancellation) =>
        SignInput(session => FirstTaken(session, inputs, wanted, hash), wanted, cancellation);

    private byte[] SignInput(Func<nuint, byte[]> sign, int wanted, CancellationToken cancellation)
    {
        byte[] signature = _connection.With(login: true, sign, cancellation);
        return signature.Length == wanted
            ? signature
            : throw KeyErrors.SignatureMalformed.With(_connection.State.Label, signature.Length, wanted);
    }

    // FIPS 186-4 6.4: the leftmost bits of the hash are signed, as many as the order has. Some tokens refuse longer input
    // (CKR_DATA_LEN_RANGE) instead of cutting it themselves; others know the hash by its length and refuse what was cut.
    private byte[][] Fitting(ReadOnlySpan<byte> hash) => hash.Length <= _shape.NumberLength
        ? [hash.ToArray()]
        : [hash[.._shape.NumberLength].ToArray(), hash.ToArray()];

    // What is signed is the same for each input, so that a token that refuses one may have the next.
    private byte[] FirstTaken(nuint session, byte[][] inputs, int wanted, HashAlgorithmName hash)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                return Sign(session, inputs[i], wanted);
            }
            catch (CryptokiException cause) when (cause.Function == "C_Sign" && IsAboutInput(cause.Value))
            {
                if (i + 1 < inputs.Length)
                    continue;
                ImmutableArray<HashAlgorithmName> named = TokenHashes.Named(_connection.Calls, _connection.State.Slot, _shape.Algorithm);
                // A module without a code of its own for it says that the call failed, which it says of all else, too.
                if (IsGeneral(cause.Value) && (named.IsEmpty || named.Contains(hash)))
                    throw;
                throw KeyErrors.HashRefused.Because(cause, _connection.State.Label, HashKind.Of(hash).Word, MechanismNames.Of(_mechanism),
                    inputs[i].Length, ReturnValue.Name(cause.Value), TokenHashes.Told(named));
            }
        }
    }

    private static bool IsAboutInput(nuint value) => IsGeneral(value)
        || value is ReturnValue.DataInvalid or ReturnValue.DataLengthRange or ReturnValue.ArgumentsBad;

    private static bool IsGeneral(nuint value) => value is ReturnValue.GeneralError or ReturnValue.FunctionFailed;

    private ImmutableArray<HashAlgorithmName> HashesNamed() => _connection.With(login: false,
        _ => TokenHashes.Named(_connection.Calls, _connection.State.Slot, _shape.Algorithm), CancellationToken.None);

    private byte[] Sign(nuint session, ReadOnlyMemory<byte> input, int wanted)
    {
        Cryptoki calls = _connection.Calls;
        calls.SignInit(session, _mechanism, Handle(session));
        if (_alwaysAuthenticate)
            _connection.LoginForOperation(session);
        // Room for a module that answers with too much, so that the error can say how much.
        byte[] signature = new byte[wanted + 64];
        int length = calls.Sign(session, input.Span, signature);
        return signature[..length];
    }

    private nuint Handle(nuint session)
    {
        int generation = _connection.Generation;
        HandleInUse handle = _handle;
        if (handle.Generation == generation)
            return handle.Value;
        List<TokenObject> again = TokenObject.Find(_connection.Calls, session, ObjectClass.PrivateKey, _object.Label, _object.Id);
        if (again.Count != 1)
            throw KeyErrors.ObjectMissing.With(_connection.State.Label, "private key", _object,
                $"{again.Count} of that name after the token was lost and found");
        _handle = new HandleInUse(again[0].Handle, generation);
        return again[0].Handle;
    }

    private void RequireMechanism(CancellationToken cancellation)
    {
        nuint slot = _connection.State.Slot;
        List<string>? offered = _connection.With(login: false, _ =>
            _connection.Calls.MechanismOf(slot, _mechanism) is { } info && (info.Flags & Flag.MechanismSign) != 0
                && TakesSize(info)
                ? null
                : MechanismNames.Signing(_connection.Calls, slot), cancellation);
        if (offered is not null)
            throw KeyErrors.MechanismMissing.With(_connection.State.Label, MechanismNames.Of(_mechanism),
                _shape.Algorithm == KeyAlgorithm.MlDsa ? MlDsaSet.Of(_shape.Bits).Name : $"{_shape.Bits} bits", string.Join(", ", offered));
    }

    // For ML-DSA tokens count in different units (PKCS#11 3.2 says bytes, of which key it leaves open).
    private bool TakesSize(MechanismInfo info) => _shape.Algorithm == KeyAlgorithm.MlDsa
        || ((ulong)_shape.Bits >= info.MinKeySize && (info.MaxKeySize == 0 || (ulong)_shape.Bits <= info.MaxKeySize));

    private sealed record Traits(byte[]? PublicKey, bool AlwaysAuthenticate);

    private sealed record HandleInUse(nuint Value, int Generation);
}
