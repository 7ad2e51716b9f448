using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Errors;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.References;

namespace KexecSign.Keys.External;

/// <summary>
/// A key behind a program (<c>exec:</c>): the command line of a key service, for instance. docs/external-signer.md has the protocol:
/// <c>PROGRAM public-key</c> writes the public half, <c>PROGRAM sign ALGORITHM HASH digest|message</c> reads bytes and writes a signature.
/// </summary>
internal sealed class ProgramKey : ISeeingKey
{
    private const int MaxPublicKey = 64 << 10;
    private const string ContentVariable = "KEXECSIGN_CONTENT", NameVariable = "KEXECSIGN_NAME";

    private readonly ProgramReference _program;
    private readonly ProgramRunner _run;
    private readonly TimeSpan _limit;
    private readonly KeyShape _shape;

    private ProgramKey(ProgramReference program, ProgramRunner run, TimeSpan limit, ReadOnlyMemory<byte> publicKey)
    {
        _program = program;
        _run = run;
        _limit = limit;
        SubjectPublicKeyInfo = publicKey;
        _shape = KeyShape.Of(publicKey.Span, DisplayName);
    }

    /// <summary>Makes one.</summary>
    /// <param name="program">The program.</param>
    /// <param name="certificate">A certificate of its key; null has the program say its public half.</param>
    /// <param name="run">Runs it.</param>
    /// <param name="limit">How long each run may take.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS2033, KS2081-KS2083.</exception>
    public static ProgramKey Open(
        ProgramReference program, X509Certificate2? certificate, ProgramRunner run, TimeSpan limit, CancellationToken cancellation) =>
        new(program, run, limit, certificate?.PublicKey.ExportSubjectPublicKeyInfo()
            ?? PublicHalf(program, run(new(program.Path, ["public-key"], default, limit, MaxPublicKey), cancellation)));

    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; }

    public string DisplayName => _program.ToString();

    public byte[] SignHash(ReadOnlySpan<byte> hash, HashAlgorithmName hashAlgorithm, CancellationToken cancellation) =>
        _program.Input == ProgramInput.Digest
            ? Sign(hash.ToArray(), hashAlgorithm, ProgramInput.Digest, [], cancellation)
            : throw KeyErrors.ProgramWantsMessage.With(DisplayName);

    public byte[] SignMessage(ReadOnlyMemory<byte> message, CancellationToken cancellation) =>
        Sign(message, null, ProgramInput.Message, [], cancellation);

    public byte[] SignContent(ContentToSign what, HashAlgorithmName hashAlgorithm, CancellationToken cancellation)
    {
        ImmutableArray<KeyValuePair<string, string>> variables =
            [new(ContentVariable, Word(what.Kind)), .. what.Name is { } name
                ? [new(NameVariable, name)]
                : ImmutableArray<KeyValuePair<string, string>>.Empty];
        if (_shape.Algorithm.SignsMessages())
            return Sign(what.Bytes(), null, ProgramInput.Message, variables, cancellation);
        if (_program.Input == ProgramInput.Digest)
            return Sign(what.Hash, hashAlgorithm, ProgramInput.Digest, variables, cancellation);
        return what.Kind == ContentKind.Digest
            ? throw KeyErrors.ProgramWantsMessage.With(DisplayName)
            : Sign(what.Bytes(), hashAlgorithm, ProgramInput.Message, variables, cancellation);
    }

    private byte[] Sign(
        ReadOnlyMemory<byte> input, HashAlgorithmName? hash, ProgramInput kind, ImmutableArray<KeyValuePair<string, string>> variables,
            CancellationToken cancellation)
    {
        string[] arguments = ["sign", Algorithm(), hash is { } name ? HashKind.Of(name).Word
            : "none", kind == ProgramInput.Digest ? "digest"
            : "message"];
        // One byte more than there can be, so that a longer answer is seen to be one.
        var call = new ProgramCall(_program.Path, [.. arguments], input, _limit, _shape.MaxSignatureSize + 1) { Variables = variables };
        byte[] answer = _run(call, cancellation);
        return answer.Length is 0 || answer.Length > _shape.MaxSignatureSize
            ? throw KeyErrors.ProgramAnswer.With(_program.Path, answer.Length, "sign", Expected())
            : Normal(answer);
    }

    // Services answer ECDSA in either form: DER, or both numbers at full length. DER of that length would have numbers with leading zeros.
    private byte[] Normal(byte[] answer) =>
        _shape.Algorithm == KeyAlgorithm.Ecdsa && answer.Length == 2 * _shape.NumberLength
            && !(answer[0] == 0x30 && answer[1] == answer.Length - 2)
            ? EcdsaDer.FromRaw(answer) ?? answer
            : answer;

    private string Algorithm() => _shape.Algorithm switch
    {
        KeyAlgorithm.Rsa => "rsa-pkcs1",
        KeyAlgorithm.Ecdsa => "ecdsa",
        KeyAlgorithm.MlDsa => MlDsaSet.Of(_shape.Bits).Name.ToLowerInvariant(),
    };

    private string Expected() => _shape.Algorithm switch
    {
        KeyAlgorithm.Rsa => $"{_shape.MaxSignatureSize}, the signature as it is",
        KeyAlgorithm.Ecdsa => $"at most {_shape.MaxSignatureSize}, DER or the {2 * _shape.NumberLength} of r and s",
        KeyAlgorithm.MlDsa => $"{_shape.MaxSignatureSize}, the signature as it is",
    };

    private static string Word(ContentKind kind) => kind switch
    {
        ContentKind.Authenticode => "authenticode",
        ContentKind.Module => "module",
        ContentKind.Ima => "ima",
        ContentKind.Evm => "evm",
        ContentKind.Digest => "digest",
    };

    // PEM (PUBLIC KEY or CERTIFICATE) or DER, as the tools of key services write it.
    private static byte[] PublicHalf(ProgramReference program, byte[] answer)
    {
        try
        {
            string text = Encoding.Latin1.GetString(answer);
            if (PemEncoding.TryFind(text, out PemFields fields))
            {
                byte[] der = Convert.FromBase64String(text[fields.Base64Data]);
                if (text[fields.Label] != "CERTIFICATE")
                    return der;
                using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
                return certificate.PublicKey.ExportSubjectPublicKeyInfo();
            }
            _ = PublicKey.CreateFromSubjectPublicKeyInfo(answer, out int read);
            if (read == answer.Length)
                return answer;
        }
        catch (Exception cause) when (cause is CryptographicException or FormatException)
        {
        }
        throw KeyErrors.ProgramAnswer.With(program.Path, answer.Length, "public-key", "a public key or certificate, PEM or DER");
    }
}
