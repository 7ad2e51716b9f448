using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Consumers.Tests.Chains;
using KexecSign.Consumers.Tests.Forgeries;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;
using KexecSign.Judging.Firmwares;

namespace KexecSign.Boot.Tests.Firmwares;

/// <summary>
/// Images for the rules in which firmware differs or may come to differ, all for one db and one dbx; <see cref="ForgedSet"/> has those about
/// certificates and chains.
/// </summary>
internal sealed class FirmwareSet : IDisposable
{
    private static readonly HashAlgorithmName[] Hashes =
        [HashAlgorithmName.SHA1, HashAlgorithmName.SHA256, HashAlgorithmName.SHA384, HashAlgorithmName.SHA512, HashAlgorithmName.SHA3_256];

    private const string BasicConstraints = "2.5.29.19", KeyUsage = "2.5.29.15";

    /// <summary>The image without an executable section.</summary>
    public const string WithoutCode = "no section executable";

    private readonly List<FirmwareImage> _images = [];
    private readonly List<byte[]> _allowed = [], _forbidden = [];
    private readonly TempFolder _folder = new();
    private readonly ushort _machine;
    private int _made;
    private readonly FirmwareIdentity _good = FirmwareIdentity.Rsa("good"), _stranger = FirmwareIdentity.Rsa("stranger"), _revoked = FirmwareIdentity.Rsa("revoked");

    /// <summary>Makes them.</summary>
    /// <param name="machine">What they are for.</param>
    public FirmwareSet(ushort machine)
    {
        _machine = machine;
        _allowed.AddRange([_good.List, _revoked.List]);
        _forbidden.Add(_revoked.List);
        AddPlain();
        AddDigests();
        AddSeveral();
        AddCertificates();
        AddCurves();
        AddMlDsa();
        AddNested();
        AddHashes();
        AddHeaders();
    }

    /// <summary>The images.</summary>
    public ImmutableArray<FirmwareImage> Images => [.. _images];

    /// <summary>EFI_SIGNATURE_LISTs for db.</summary>
    public byte[] Db => [.. _allowed.SelectMany(l => l)];

    /// <summary>For dbx.</summary>
    public byte[] Dbx => [.. _forbidden.SelectMany(l => l)];

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    private void AddPlain()
    {
        Add("unsigned", null, Body());
        Sign("signed by db", null, _good);
        Sign("signed by a stranger", null, _stranger);
        byte[] changed = Body();
        changed = Attached(changed, Pkcs7(changed, _good));
        changed[0x1900] ^= 1;
        Add("one bit changed", null, changed);
    }

    private void AddDigests()
    {
        foreach (HashAlgorithmName hash in Hashes)
        {
            byte[] body = Body();
            Add($"signed over {hash.Name}", FirmwareRule.Digests, Attached(body, Pkcs7(body, _good, hash)));
        }
        foreach ((HashAlgorithmName hash, Guid type) in ((HashAlgorithmName, Guid)[])
            [(HashAlgorithmName.SHA1, EfiGuids.CertSha1), (HashAlgorithmName.SHA256, EfiGuids.CertSha256), (HashAlgorithmName.SHA384, EfiGuids.CertSha384), (HashAlgorithmName.SHA512, EfiGuids.CertSha512)])
        {
            byte[] allowed = Body(), both = Body(), other = Body();
            _allowed.AddRange([List(type, Digest(allowed, hash)), List(EfiGuids.CertSha256, Digest(both))]);
            _forbidden.AddRange([List(type, Digest(both, hash)), List(type, Digest(other, hash))]);
            Add($"unsigned, its {hash.Name} digest in db", FirmwareRule.UnsignedDigests, allowed);
            Add($"unsigned, its SHA256 digest in db and its {hash.Name} digest in dbx", FirmwareRule.UnsignedDigests, both);
            Add($"signed over SHA256, its {hash.Name} digest in dbx", FirmwareRule.DbxDigests, Attached(other, Pkcs7(other, _good)));
        }
    }

    private void AddSeveral()
    {
        foreach ((string name, FirmwareIdentity[] signers) in ((string, FirmwareIdentity[])[])
        [
            ("a stranger's, then one by db", [_stranger, _good]), ("one by db, then a stranger's", [_good, _stranger]), ("two strangers'", [_stranger, _stranger]),
            ("a revoked one, then one by db", [_revoked, _good]), ("one by db, then a revoked one", [_good, _revoked]), ("a revoked one alone", [_revoked]),
        ])
        {
            byte[] body = Body();
            Add($"signatures: {name}", FirmwareRule.Several, Attached(body, [.. signers.Select(s => Pkcs7(body, s))]));
        }
        byte[] mixed = Body(), weak = Body();
        Add("signatures: over SHA512 by a stranger, then over SHA256 by db", FirmwareRule.Several, Attached(mixed, Pkcs7(mixed, _stranger, HashAlgorithmName.SHA512), Pkcs7(mixed, _good)));
        _forbidden.Add(List(EfiGuids.CertSha512, Digest(weak, HashAlgorithmName.SHA512)));
        Add("signatures: by db over SHA256, then over SHA512, which dbx holds", FirmwareRule.DbxDigests, Attached(weak, Pkcs7(weak, _good), Pkcs7(weak, _good, HashAlgorithmName.SHA512)));
        byte[] certificate = Body();
        FirmwareIdentity hashed = FirmwareIdentity.Rsa("revoked by hash");
        _allowed.Add(hashed.List);
        _forbidden.Add(List(EfiGuids.CertX509Sha256, [.. SHA256.HashData(ToBeSigned(hashed)), .. new byte[16]]));
        Add("signatures: by db, then by one whose hash dbx holds", FirmwareRule.Several, Attached(certificate, Pkcs7(certificate, _good), Pkcs7(certificate, hashed)));
    }

    private void AddCertificates()
    {
        RSA key = RSA.Create(2048);
        FirmwareIdentity issuer = FirmwareIdentity.Rsa("issuer of odd ones", key: key);
        _allowed.Add(issuer.List);
        foreach (byte length in (byte[])[0, 1])
        {
            var constraints = new X509Extension(BasicConstraints, [0x30, 0x03, 0x02, 0x01, length], critical: true);
            Sign($"signer with CA:FALSE and path length {length}", FirmwareRule.PathOfNone, FirmwareIdentity.Rsa($"of no authority {length}", issuer, key, constraints));
        }
        Sign("signer with a keyUsage without bits", FirmwareRule.EmptyUsage, FirmwareIdentity.Rsa("of no use", issuer, key, new(KeyUsage, [0x03, 0x01, 0x00], critical: true)));
        Sign("signer with an unknown critical extension", FirmwareRule.Authorities, FirmwareIdentity.Rsa("of strange use", issuer, key, new("1.2.3.4.5", [0x04, 0x01, 0x00], critical: true)));
        Sign("issuer with CA:FALSE", FirmwareRule.Authorities, FirmwareIdentity.Rsa("below none", Allowed(FirmwareIdentity.Rsa("none", issuer, key, key: key)), key));
        byte[] body = Body();
        Add("a second SignerInfo by a stranger", FirmwareRule.EverySigner, Attached(
            body, ForgedSignature.Make(Digest(body), [_good.Der, _stranger.Der], [_good.Signer, _stranger.Signer])));

        FirmwareIdentity Allowed(FirmwareIdentity identity)
        {
            _allowed.Add(identity.List);
            return identity;
        }
    }

    private void AddCurves()
    {
        foreach ((string name, ECCurve curve) in ((string, ECCurve)[])
            [("P-256", ECCurve.NamedCurves.nistP256), ("P-384", ECCurve.NamedCurves.nistP384), ("P-521", ECCurve.NamedCurves.nistP521)])
        {
            var key = ECDsa.Create(curve);
            FirmwareIdentity self = FirmwareIdentity.OnCurve(name, key);
            _allowed.Add(self.List);
            Sign($"signed by {name}, its certificate in db", FirmwareRule.Curves, self);
            Sign($"signed by RSA, its issuer on {name} in db", FirmwareRule.Curves, FirmwareIdentity.Rsa($"RSA below {name}", self, key));
            byte[] body = Body(), revoked = Body();
            Add($"signatures: by {name} in db, then a stranger's", FirmwareRule.Curves, Attached(body, Pkcs7(body, self), Pkcs7(body, _stranger)));
            FirmwareIdentity gone = FirmwareIdentity.OnCurve($"{name} gone", ECDsa.Create(curve));
            _forbidden.Add(gone.List);
            Add($"signatures: by db, then by {name} in dbx", FirmwareRule.Curves, Attached(revoked, Pkcs7(revoked, _good), Pkcs7(revoked, gone)));
        }
        byte[] stranger = Body();
        Add("signed by a stranger on P-256", FirmwareRule.Curves, Attached(stranger, Pkcs7(stranger, FirmwareIdentity.OnCurve("stranger on a curve", ECDsa.Create(ECCurve.NamedCurves.nistP256)))));
    }

    private void AddMlDsa()
    {
        var openssl = OpenSsl35.Require();
        foreach ((string name, string oid) in ((string, string)[])[("ml-dsa-65", Oids.MlDsa65), ("ml-dsa-87", Oids.MlDsa87)])
        {
            FirmwareIdentity self = FirmwareIdentity.MlDsa(name, name, oid, _folder, openssl);
            _allowed.Add(self.List);
            byte[] body = Body();
            Add($"signed by {name}, its certificate in db", FirmwareRule.MlDsa, Attached(body, Pkcs7(body, self, HashAlgorithmName.SHA512)));
            Sign($"signed by RSA, its issuer of {name} in db", FirmwareRule.NewerIssuers, FirmwareIdentity.RsaBelow($"below {name}", name, _folder, openssl));
        }
        foreach (string name in (string[])["slh-dsa-shake-256s", "ed448", "ed25519"])
        {
            FirmwareIdentity self = FirmwareIdentity.MlDsa(name, name, Oids.MlDsa65, _folder, openssl);
            _allowed.Add(self.List);
            Sign($"signed by RSA, its issuer of {name} in db", FirmwareRule.NewerIssuers, FirmwareIdentity.RsaBelow($"below {name}", name, _folder, openssl));
        }
    }

    private void AddNested()
    {
        byte[] inside = Body(), outside = Body();
        Add("a stranger's with one by db nested in it", FirmwareRule.Nested, Attached(inside, Pkcs7(inside, _stranger, nested: Pkcs7(inside, _good))));
        Add("one by db with a revoked one nested in it", FirmwareRule.Nested, Attached(outside, Pkcs7(outside, _good, nested: Pkcs7(outside, _revoked))));
    }

    private void AddHashes()
    {
        foreach ((string name, Guid type, Func<byte[], byte[]> hash) in ((string, Guid, Func<byte[], byte[]>)[])
            [("SHA256", EfiGuids.CertX509Sha256, SHA256.HashData), ("SHA384", EfiGuids.CertX509Sha384, SHA384.HashData), ("SHA512", EfiGuids.CertX509Sha512, SHA512.HashData)])
        {
            FirmwareIdentity signer = FirmwareIdentity.Rsa($"hashed by {name}");
            _allowed.Add(List(type, [.. hash(ToBeSigned(signer)), .. new byte[16]]));
            Sign($"its certificate's {name} in db", FirmwareRule.CertificateHashes, signer);
        }
    }

    // .text is the first section, .data the second.
    private void AddHeaders()
    {
        const uint writable = 0xE0000020, data = 0xC0000040;
        foreach ((string name, FirmwareRule rule, Func<TestImage, TestImage> change) in ((string, FirmwareRule, Func<TestImage, TestImage>)[])
        [
            ("NX_COMPAT", FirmwareRule.Headers, image => image.U16(image.Optional + 70, 0x100)),
            ("a section that is writable and executable", FirmwareRule.Headers, image => image.SectionField(0, 36, writable)),
            ("all sections writable and executable, NX_COMPAT", FirmwareRule.Headers,
                image => image.SectionField(0, 36, writable).SectionField(1, 36, writable).U16(image.Optional + 70, 0x100)),
            ("SectionAlignment 0x200", FirmwareRule.Headers, image => image.OptionalField(32, 0x200)),
            ("SectionAlignment 0x200, NX_COMPAT", FirmwareRule.Headers, image => image.OptionalField(32, 0x200).U16(image.Optional + 70, 0x100)),
            (WithoutCode, FirmwareRule.Protection, image => image.SectionField(0, 36, data)),
        ])
        {
            byte[] body = change(ForgedProgram.Of(_machine, _made++)).Bytes;
            Add(name, rule, Attached(body, Pkcs7(body, _good)));
        }
    }

    private byte[] Body() => ForgedProgram.Of(_machine, _made++).Bytes;

    private void Add(string name, FirmwareRule? rule, byte[] file) => _images.Add(new(name, rule, file));

    private void Sign(string name, FirmwareRule? rule, FirmwareIdentity signer)
    {
        byte[] body = Body();
        Add(name, rule, Attached(body, Pkcs7(body, signer)));
    }

    private static byte[] Pkcs7(byte[] body, FirmwareIdentity signer, HashAlgorithmName? hash = null, byte[]? nested = null) =>
        ForgedSignature.Make(Digest(body, hash), [signer.Der], [signer.Signer], hash, nested);

    private static byte[] Digest(byte[] image, HashAlgorithmName? hash = null)
    {
        Layout file = Layout.Of(image);
        return AuthenticodeDigest.Compute(file, AuthenticodeDigest.SectionRanges(PeReader.Read(file)), hash ?? HashAlgorithmName.SHA256);
    }

    private static byte[] Attached(byte[] image, params byte[][] pkcs7s)
    {
        Layout body = Layout.Of(image);
        byte[] table = CertificateTable.Encode([.. pkcs7s.Select(p => CertificateEntry.Encode(p, CertificateEntry.SizeFor(p.Length)))]);
        Layout signed = CertificateTable.Attach(PeReader.Read(body), body, table);
        return signed.ReadBytes(0, signed.Length);
    }

    private static byte[] List(Guid type, byte[] data) => new SignatureList(type, [new(Guid.Empty, data)]).Encode();

    private static byte[] ToBeSigned(FirmwareIdentity identity) =>
        new AsnReader(identity.Der, AsnEncodingRules.DER).ReadSequence().ReadEncodedValue().ToArray();
}

/// <summary>An image that asks firmware one question.</summary>
/// <param name="Name">Which.</param>
/// <param name="Rule">The rule that it is about; null for what all firmware does.</param>
/// <param name="File">The image.</param>
internal sealed record FirmwareImage(string Name, FirmwareRule? Rule, byte[] File);
