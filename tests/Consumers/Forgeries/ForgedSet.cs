using System.Collections.Immutable;
using System.Numerics;
using System.Security.Cryptography;
using KexecSign.Consumers.Tests.Chains;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uefi;

namespace KexecSign.Consumers.Tests.Forgeries;

/// <summary>
/// Images for firmware and shim, one rule of their verdicts each, all for one db and one dbx. What is in them is a program of three
/// instructions that gives up at once, so that a boot manager goes on to the next.
/// </summary>
internal sealed partial class ForgedSet
{
    private const string ModuleSigning = "1.3.6.1.4.1.2312.16.1.2", CodeSigning = "1.3.6.1.5.5.7.3.3", ServerAuth = "1.3.6.1.5.5.7.3.1";
    private const string BasicConstraints = "2.5.29.19", KeyUsage = "2.5.29.15", ExtendedKeyUsage = "2.5.29.37", KeyIdentifier = "2.5.29.14", AuthorityKeyIdentifier = "2.5.29.35", Unknown = "1.2.3.4.5";
    private const byte CertSign = 0x04, DigitalSignature = 0x80;

    private readonly List<ForgedImage> _images = [];
    private readonly List<byte[]> _allowed = [], _forbidden = [];
    private readonly RSA[] _keys = [.. Enumerable.Range(0, 4).Select(_ => RSA.Create(2048))];
    private readonly ushort _machine;
    private int _serial = 100;

    /// <summary>Makes them.</summary>
    /// <param name="machine">What they are for.</param>
    public ForgedSet(ushort machine = PeConstants.MachineArm64)
    {
        _machine = machine;
        AddIssuers();
        AddLeaves();
        AddIntermediates();
        AddNames();
        AddSigners();
        AddOrders();
        AddImages();
        AddLists();
    }

    /// <summary>The images.</summary>
    public ImmutableArray<ForgedImage> Images => [.. _images];

    /// <summary>EFI_SIGNATURE_LISTs for db.</summary>
    public byte[] Db => [.. _allowed.SelectMany(l => l)];

    /// <summary>For dbx.</summary>
    public byte[] Dbx => [.. _forbidden.SelectMany(l => l)];

    private RSA Root => _keys[0];

    private RSA Middle => _keys[1];

    private RSA Leaf => _keys[2];

    private RSA Stranger => _keys[3];

    private static ChainExtension[] Authority => [Constraints(true), Usage(CertSign)];

    private static ChainExtension Constraints(bool authority, int? path = null) => new(BasicConstraints, true, ChainCertificate.BasicConstraints(authority, path));

    private static ChainExtension Usage(byte bits) => new(KeyUsage, true, ChainCertificate.KeyUsage(bits));

    private static ChainExtension Purposes(bool critical, params string[] oids) => new(ExtendedKeyUsage, critical, ChainCertificate.Purposes(oids));

    private static ChainExtension Strange(bool critical) => new(Unknown, critical, [4, 1, 0]);

    private static byte[] Named(string text, NameForm form = NameForm.Utf8) => ChainCertificate.Name(text, form);

    // Numbered, so that each has a digest of its own.
    private byte[] Body(ushort subsystem = 10)
    {
        TestImage image = ForgedProgram.Of(_machine, _images.Count);
        return image.U16(image.Optional + 68, subsystem).Bytes;
    }

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

    private Issued Make(string subject, RSA key, Issued? issuer, RSA signer, params ChainExtension[] extensions) =>
        Make(Named(subject), key, issuer?.Name ?? Named(subject), signer, extensions);

    private Issued Make(byte[] subject, RSA key, byte[] issuer, RSA signer, params ChainExtension[] extensions)
    {
        BigInteger serial = _serial++;
        return new(subject, issuer, serial, key, ChainCertificate.Issue(subject, key, issuer, signer, serial, extensions));
    }

    private void Allow(params Issued[] certificates) => _allowed.AddRange(certificates.Select(c => new SignatureList(EfiGuids.CertX509, [new(Guid.Empty, c.Der)]).Encode()));

    private void Forbid(Guid type, byte[] data) => _forbidden.Add(new SignatureList(type, [new(Guid.Empty, data)]).Encode());

    private void Add(string name, byte[] file) => _images.Add(new(name, file));

    // An image that one signs, with these certificates in the signature.
    private void Sign(string name, Issued signer, params Issued[] certificates)
    {
        byte[] body = Body();
        Add(name, Attached(body, Pkcs7(body, [signer], [signer, .. certificates])));
    }

    private static byte[] Pkcs7(byte[] body, Issued[] signers, Issued[] certificates) =>
        ForgedSignature.Make(Digest(body), certificates.Select(c => c.Der), signers.Select(s => new ForgedSigner(s.Issuer, s.Serial, s.Key)));

    /// <summary>A certificate with what is needed to sign by it.</summary>
    private sealed record Issued(byte[] Name, byte[] Issuer, BigInteger Serial, RSA Key, byte[] Der);
}
