using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.References;
using KexecSign.Keys.Tokens;
using KexecSign.Signing;

namespace KexecSign.Commands.Keys;

/// <summary>Carries a profile out. Each thing is looked for first and made only when it is missing.</summary>
internal sealed class KeyCeremony
{
    private const long MaxCertificate = 1 << 20;

    private readonly KeyProfile _profile;
    private readonly RunContext _context;
    private readonly string _certificateFolder;
    private readonly SoftHsmFolder? _softHsm;
    private readonly PinOptions _pin;
    private readonly PinOptions _securityOfficerPin;
    private readonly Dictionary<string, (ISigningKey Key, X509Certificate2 Certificate, string? Issuer)> _done = [];

    public KeyCeremony(KeyProfile profile, KeysInitOptions options, RunContext context)
    {
        _profile = profile;
        _context = context;
        _certificateFolder = Path.GetFullPath(options.Certificates ?? options.Directory);
        bool softHsm = profile.Module is null || Path.GetFileName(profile.Module).Contains("softhsm", StringComparison.OrdinalIgnoreCase);
        _softHsm = softHsm ? SoftHsmFolder.Open(options.Directory) : null;
        _pin = PinOr(options.Pin, _softHsm?.PinPath);
        _securityOfficerPin = PinOr(options.SecurityOfficerPin, _softHsm?.SecurityOfficerPinPath);
    }

    public KeysInitResult Run()
    {
        CreateCertificateFolder();
        (Token token, Making was) = Token();
        IReadOnlyList<KeyDescription> keys = token.Keys(login: true, _context.Cancellation);
        IReadOnlyList<CertificateDescription> certificates = token.Certificates(login: true, _context.Cancellation);
        var results = ImmutableArray.CreateBuilder<InitialisedKey>();
        foreach (KeyProfileEntry entry in _profile.Keys)
        {
            using IRunStep step = _context.Log.Step($"key {entry.Label} ({KeyKindFacts.Of(entry.Algorithm).Word})");
            results.Add(One(token, entry, keys, certificates));
        }
        foreach (string shared in SharedKeys.Of(
            _done.Select(d => ($"'{d.Key}'", Convert.ToHexStringLower(SHA256.HashData(d.Value.Key.SubjectPublicKeyInfo.Span))))))
            _context.Log.Warning(shared);
        return new(_profile.Token, was, token.Description.Module, _softHsm?.ConfigurationPath, results.ToImmutable())
        {
            FoundByPin = _pin.File is { } file && Path.GetDirectoryName(Path.GetFullPath(file)) == _softHsm?.FolderPath,
        };
    }

    // Random PINs are only for throw-away tokens: a real token's PIN must be known to somebody.
    private static PinOptions PinOr(PinOptions given, string? file)
    {
        if (file is null || given != new PinOptions())
            return given;
        PinFile.Ensure(file);
        return new PinOptions { File = file };
    }

    private void CreateCertificateFolder()
    {
        try
        {
            Directory.CreateDirectory(_certificateFolder);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw OperationErrors.OutputUnwritable.Because(cause, FileFailure.Reason(cause)).In(_certificateFolder);
        }
    }

    private (Token Token, Making Was) Token()
    {
        string module = ModuleQuery();
        string named = TokenReference.ForToken(_profile.Token) + module;
        if (_context.Keyring.FindTokens(named, _pin).Count > 0)
        {
            Token there = _context.Keyring.OpenToken(named, _pin);
            if (!there.HasUserPin)
                _context.Keyring.SetFirstPin(named, _securityOfficerPin, _pin);
            return (there, Making.Existing);
        }
        // Keys were made here before: new ones under their labels would replace what the certificates stand for.
        if (_softHsm?.Remains() is { } remains)
            throw OperationErrors.TokenLost.With(_profile.Token, remains);
        if (_profile.Keys.Select(CertificatePath).FirstOrDefault(File.Exists) is { } certificate)
            throw OperationErrors.TokenLost.With(_profile.Token, $"a certificate of its keys is there: {certificate}");
        Token made = _context.Keyring.MakeToken(TokenReference.Any + module, _profile.Token, _securityOfficerPin, _pin);
        return (made, Making.Made);
    }

    private string ModuleQuery()
    {
        string? module = _profile.Module ?? (_softHsm is null ? null : "libsofthsm2.so");
        if (module is null)
            return "";
        return module.Contains('/') ? TokenReference.Query(modulePath: module) : TokenReference.Query(moduleName: module);
    }

    private InitialisedKey One(
        Token token, KeyProfileEntry entry, IReadOnlyList<KeyDescription> keys, IReadOnlyList<CertificateDescription> certificates)
    {
        KeyDescription? there = keys.FirstOrDefault(key => key.Label == entry.Label);
        ImmutableArray<byte> id = there?.Id ?? [.. RandomNumberGenerator.GetBytes(8)];
        // Opening by label alone refuses when two keys have it; the id of the first must not decide.
        if (there is null && File.Exists(CertificatePath(entry)))
            throw OperationErrors.KeyLost.With(entry.Label, CertificatePath(entry));
        ISigningKey key = there is null
            ? token.GenerateKeyPair(entry.Label, entry.Algorithm, id, _context.Cancellation)
            : token.OpenKey(entry.Label, [], _context.Cancellation);
        if (there is not null)
            WarnOfOtherKind(entry, key);
        (X509Certificate2 certificate, Making certificateWas) = Certificate(token, entry, key, id, certificates);
        _done[entry.Label] = (key, certificate, entry.Issuer);
        string file = CertificatePath(entry);
        WriteIfOther(file, Chain(entry.Label));
        return new(
            entry.Label, entry.Role, entry.Algorithm, there is null ? Making.Made : Making.Existing, certificateWas,
            token.Uri(entry.Label) + TokenReference.Query(modulePath: token.Description.Module, pinSource: _pin.File is { } pin
                ? Path.GetFullPath(pin)
                : null),
            file, Convert.ToHexStringLower(SHA256.HashData(certificate.RawData)),
            Convert.ToHexStringLower(SubjectKeyIdentifier.Of(certificate)),
                certificate.NotAfter.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ"));
    }

    private (X509Certificate2 Certificate, Making Was) Certificate(
        Token token, KeyProfileEntry entry, ISigningKey key, ImmutableArray<byte> id, IReadOnlyList<CertificateDescription> certificates)
    {
        CertificateDescription? there = certificates.FirstOrDefault(certificate => certificate.Label == entry.Label);
        if (there is not null)
        {
            CertificateMatch.Require(key, there.Certificate);
            return (there.Certificate, Making.Existing);
        }
        (ISigningKey, X509Certificate2)? issuer = entry.Issuer is { } name ? (_done[name].Key, _done[name].Certificate) : null;
        X509Certificate2 made = CertificateRecipe.Make(entry, key, issuer, _context.Clock, _context.Cancellation);
        token.StoreCertificate(entry.Label, id, made, _context.Cancellation);
        return (made, Making.Made);
    }

    private string CertificatePath(KeyProfileEntry entry) => Path.Combine(_certificateFolder, entry.CertificateFile);

    private void WarnOfOtherKind(KeyProfileEntry entry, ISigningKey key)
    {
        string kind = KeyKindFacts.Of(key.Algorithm, key.KeySizeBits)!.Word;
        if (kind != KeyKindFacts.Of(entry.Algorithm).Word)
            _context.Log.Warning(
                $"key '{entry.Label}' exists as {kind} and is kept, though the profile says {KeyKindFacts.Of(entry.Algorithm).Word}");
    }

    private string Chain(string label)
    {
        var pem = new StringBuilder();
        for (string? next = label; next is not null; next = _done[next].Issuer)
            pem.Append(_done[next].Certificate.ExportCertificatePem()).Append('\n');
        return pem.ToString();
    }

    private static void WriteIfOther(string path, string text)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        if (File.Exists(path) && WholeFile.ReadReplaceable(path, MaxCertificate, "a certificate").AsSpan().SequenceEqual(bytes))
            return;
        using OutputFile output = OutputFile.Create(path);
        output.Write(bytes);
        output.Commit();
    }
}
