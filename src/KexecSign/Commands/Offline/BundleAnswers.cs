using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core.Errors;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Kinds;
using KexecSign.Signing;

namespace KexecSign.Commands.Offline;

/// <summary>
/// The signatures by one key that came back, by what they are over. That is read in the signature where it can be, and in no case
/// believed: each is verified by the certificate that the user gave.
/// </summary>
internal sealed class BundleAnswers
{
    private readonly string _place;
    private readonly Dictionary<(HashAlgorithmName, string), byte[]> _signatures = [];

    private BundleAnswers(string place) => _place = place;

    /// <summary>Reads the answers of a bundle's stages for a certificate, or those of an archive.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3001, KS3002, KS3712, KS3725, KS3727, KS3728.</exception>
    public static BundleAnswers Read(string place, X509Certificate2 certificate)
    {
        var answers = new BundleAnswers(place);
        foreach (string file in FilesOf(place, certificate))
        {
            foreach (FoundAnswer found in AnswerFile.Read(file))
            {
                if (!answers.Take(found, certificate))
                    throw OperationErrors.AnswerUnsound.With(found.Where, found.Bytes.Length, certificate.Subject,
                        found.Hash is { } hash ? $" over {hash}" : "").In(file);
            }
        }
        return answers;
    }

    /// <summary>The signature over a hash.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3721.</exception>
    public byte[] Find(ContentToSign what, HashAlgorithmName algorithm)
    {
        string hash = Convert.ToHexStringLower(what.Hash.Span);
        return _signatures.TryGetValue((algorithm, hash), out byte[]? signature)
            ? signature
            : throw OperationErrors.SignatureMissing.With(_place, HashKind.Of(algorithm).Word, hash, what.Name ?? "the file");
    }

    private static IEnumerable<string> FilesOf(string place, X509Certificate2 certificate)
    {
        if (!Directory.Exists(place))
            return [place];
        var bundle = Bundle.Open(place);
        string fingerprint = BundleCertificate.Fingerprint(certificate);
        BundleStage[] stages = [.. bundle.Manifest.Stages.Where(s => s.Certificate.Sha256 == fingerprint && !s.Hashes.IsEmpty)];
        if (stages.Length == 0)
            throw Stages.NoneFor(bundle, certificate);
        return stages.Select(stage => bundle.AnswersFolder(stage.Number)).Where(Directory.Exists)
            .SelectMany(folder => Directory.GetFiles(folder).Order(StringComparer.Ordinal));
    }

    private bool Take(FoundAnswer answer, X509Certificate2 certificate)
    {
        bool taken = false;
        foreach ((HashKind algorithm, byte[] hash) in Candidates(answer, certificate))
        {
            if (BareSignature.Check(certificate, hash, algorithm.Name, answer.Bytes) is not { } sound)
                continue;
            _signatures[(algorithm.Name, Convert.ToHexStringLower(hash))] = sound;
            taken = true;
        }
        return taken;
    }

    private static IEnumerable<(HashKind Algorithm, byte[] Hash)> Candidates(FoundAnswer answer, X509Certificate2 certificate)
    {
        using RSA? rsa = certificate.GetRSAPublicKey();
        byte[]? told = answer.Hash is { } hex ? Convert.FromHexString(hex) : null;
        byte[]? signed = rsa is null || answer.Bytes.Length != rsa.KeySize / 8 ? null : Signed(rsa, answer.Bytes);
        foreach (HashKind algorithm in HashKind.All.Where(hash => hash.Uses != HashUses.None))
        {
            if (signed is not null)
                yield return (algorithm, signed[^algorithm.Length..]);
            else if (told?.Length == algorithm.Length)
                yield return (algorithm, told);
        }
    }

    // RSAVP1 (RFC 8017 section 5.2.2): the padded DigestInfo, which ends with the hash. Whether it is that, verifying tells.
    private static byte[] Signed(RSA rsa, byte[] signature)
    {
        RSAParameters key = rsa.ExportParameters(includePrivateParameters: false);
        var number = BigInteger.ModPow(Unsigned(signature), Unsigned(key.Exponent!), Unsigned(key.Modulus!));
        byte[] bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        byte[] padded = new byte[signature.Length];
        bytes.CopyTo(padded, padded.Length - bytes.Length);
        return padded;

        static BigInteger Unsigned(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);
    }
}
