using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace KexecSign.Formats.Uefi;

/// <summary>
/// The certificates and digests by which firmware judges images. With a platform key in the store, firmware turns Secure
/// Boot on by itself. No private key is needed to write them into a flash image.
/// </summary>
public sealed record SecureBootKeys
{
    /// <summary>PK: its owner may change everything. Firmware takes exactly one.</summary>
    public required X509Certificate2 PlatformKey { get; init; }

    /// <summary>KEK: their owners may change db and dbx.</summary>
    public ImmutableArray<X509Certificate2> KeyExchangeKeys { get; init; } = [];

    /// <summary>db: images signed by these, or by what they certify, may run.</summary>
    public ImmutableArray<X509Certificate2> Allowed { get; init; } = [];

    /// <summary>db: images with these SHA-256 Authenticode digests may run.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> AllowedDigests { get; init; } = [];

    /// <summary>dbx: images with these SHA-256 Authenticode digests may not run, whoever signed them.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> ForbiddenDigests { get; init; } = [];

    /// <summary>SignatureOwner of every entry.</summary>
    public Guid Owner { get; init; } = new("6b657865-6373-6967-6e00-6c6162000000");

    /// <summary>Time of enrolment, UTC: signed changes to the variables must be newer.</summary>
    public DateTime EnrolledAt { get; init; } = new(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>The variables, PK last: with it, firmware that runs would leave setup mode.</summary>
    /// <exception cref="Errors.KexecSignException">KS1607.</exception>
    public ImmutableArray<UefiVariable> ToVariables()
    {
        ImmutableArray<UefiVariable> all =
        [
            Variable("db", EfiGuids.ImageSecurityDatabase, [.. OfCertificates(Allowed), .. OfDigests(AllowedDigests)]),
            Variable("dbx", EfiGuids.ImageSecurityDatabase, OfDigests(ForbiddenDigests)),
            Variable("KEK", EfiGuids.GlobalVariable, OfCertificates(KeyExchangeKeys)),
            Variable("PK", EfiGuids.GlobalVariable, OfCertificates([PlatformKey])),
        ];
        return [.. all.Where(v => !v.Value.IsEmpty)];
    }

    private UefiVariable Variable(string name, Guid vendor, IEnumerable<SignatureList> lists) =>
        new(name, vendor, UefiVariable.Authenticated, SignatureList.EncodeAll(lists)) { TimeStamp = EnrolledAt };

    private IEnumerable<SignatureList> OfCertificates(ImmutableArray<X509Certificate2> certificates) =>
        certificates.Select(c => SignatureList.Of(c, Owner));

    private IEnumerable<SignatureList> OfDigests(ImmutableArray<ReadOnlyMemory<byte>> digests) =>
        digests.IsEmpty ? [] : [SignatureList.OfSha256(digests, Owner)];
}
