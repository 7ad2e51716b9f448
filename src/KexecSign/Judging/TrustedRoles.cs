using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;

namespace KexecSign.Judging;

/// <summary>
/// Whom a machine trusts, and for what. A certificate counts for the role that it was given for: a key that signs files for IMA does not
/// thereby sign firmware's images.
/// </summary>
internal sealed record TrustedRoles
{
    /// <summary>Nobody is trusted for anything.</summary>
    public static TrustedRoles None { get; } = new();

    /// <summary>UEFI db: firmware, shim, and by the .platform keyring the kernel.</summary>
    public ImmutableArray<X509Certificate2> Db { get; init; } = [];

    /// <summary>The kernel's keyrings that kexec asks.</summary>
    public ImmutableArray<X509Certificate2> Kexec { get; init; } = [];

    /// <summary>The .ima keyring.</summary>
    public ImmutableArray<X509Certificate2> Ima { get; init; } = [];

    /// <summary>The kernel's keyrings that loading a module asks.</summary>
    public ImmutableArray<X509Certificate2> Module { get; init; } = [];

    /// <summary>The short form: for whatever the file has its one kind of signature for.</summary>
    public ImmutableArray<X509Certificate2> Any { get; init; } = [];

    /// <summary>Timestamp authorities.</summary>
    public ImmutableArray<X509Certificate2> Authorities { get; init; } = [];

    /// <summary>Lists of firmware and shim.</summary>
    public VerifyLists Lists { get; init; } = VerifyLists.None;

    /// <summary>What options name.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS2xxx, KS16xx, KS3031 when a file cannot be read.</exception>
    public static TrustedRoles Read(VerifyOptions options, RunContext context) =>
        Of([.. options.Db.Where(d => !IsList(d))], options.KexecCertificates, options.ImaCertificates, context) with
        {
            Any = TrustedCertificates.Open(options.Certificates, context),
            Authorities = TrustedCertificates.Open(options.TimestampAuthorities, context),
            Lists = VerifyLists.Read(options, ListIn("db", options.Db), context),
        };

    /// <summary>Certificates by role, as references; of a file of signature lists the certificates.</summary>
    public static TrustedRoles Of(ImmutableArray<string> db, ImmutableArray<string> kexec, ImmutableArray<string> ima,
        RunContext context) => new()
        {
            Db = TrustedCertificates.Open(db, context),
            Kexec = TrustedCertificates.Open(kexec, context),
            Ima = TrustedCertificates.Open(ima, context),
        };

    /// <summary>
    /// The one file of EFI signature lists among references; null when there is none. Certificates in a db come as PEM or DER, too.
    /// </summary>
    public static string? ListIn(string option, ImmutableArray<string> references)
    {
        string[] lists = [.. references.Where(IsList)];
        return lists.Length <= 1
            ? lists.FirstOrDefault()
            : throw OperationErrors.OptionValue.With(option, lists[1], "certificates, and one file of signature lists at most");
    }

    /// <summary>Both together.</summary>
    public TrustedRoles With(TrustedRoles more) => this with
    {
        Db = [.. Db, .. more.Db],
        Kexec = [.. Kexec, .. more.Kexec],
        Ima = [.. Ima, .. more.Ima],
        Module = [.. Module, .. more.Module],
        Any = [.. Any, .. more.Any],
        Authorities = [.. Authorities, .. more.Authorities],
        Lists = Lists.With(more.Lists),
    };

    /// <summary>The certificates that a kernel takes for kexec, beside those of the lists.</summary>
    public ImmutableArray<X509Certificate2> OfKernel => [.. Kexec, .. Db];

    /// <summary>Whether anybody is trusted for a consumer: where nobody is, an answer can be no, but never yes.</summary>
    public bool AreNamed(Consumer consumer) => ConsumerFacts.Of(consumer).IsAnybodyTrusted(this);

    /// <summary>
    /// The short form given its roles: those of the consumers that are asked, when all of them look at one signature. Where they look at
    /// several, one list of certificates would let each signer stand in for every other.
    /// </summary>
    /// <param name="consumers">Who is asked.</param>
    /// <param name="inside">Whether kexec judges a kernel inside the file, which has a signature of its own.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3330.</exception>
    public (TrustedRoles Roles, ImmutableArray<string> Used) Settled(IReadOnlyCollection<ConsumerFacts> consumers, bool inside)
    {
        if (Any.IsEmpty)
            return (this, []);
        bool firmware = AnyReads(SignatureRead.OfImage), kexec = AnyReads(SignatureRead.OfKernel), ima = AnyReads(SignatureRead.ForIma);
        string[] kinds =
        [
            .. firmware || (kexec && !inside) ? ["of the PE image"] : (ReadOnlySpan<string>)[],
            .. kexec && inside ? ["of the kernel inside"] : (ReadOnlySpan<string>)[],
            .. ima ? ["for IMA"] : (ReadOnlySpan<string>)[],
        ];
        if (kinds.Length > 1)
            throw OperationErrors.CertificateRole.With(string.Join(", ", kinds));
        return (
            this with
            {
                Db = firmware ? [.. Db, .. Any] : Db,
                Kexec = kexec ? [.. Kexec, .. Any] : Kexec,
                Ima = ima ? [.. Ima, .. Any] : Ima,
                Any = [],
            },
            [.. firmware ? ["db"]
                : (ReadOnlySpan<string>)[], .. kexec ? ["kexec"]
                : (ReadOnlySpan<string>)[], .. ima ? ["ima"]
                : (ReadOnlySpan<string>)[]]);

        bool AnyReads(SignatureRead signature) => consumers.Any(consumer => consumer.Reads == signature);
    }

    // A certificate is a SEQUENCE, PKCS#7 too, and PEM says what it is; whatever else there is in a file of a db is lists, or an update of
    // them.
    private static bool IsList(string reference)
    {
        if (reference.StartsWith("pkcs11:", StringComparison.OrdinalIgnoreCase))
            return false;
        string path = reference.StartsWith("file:", StringComparison.Ordinal) ? reference["file:".Length..] : reference;
        // A pipe can be read once, and lists of signatures do not come by one.
        if (path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/proc/", StringComparison.Ordinal))
            return false;
        using FileSource source = FileSource.Open(path);
        byte[] head = source.ToLayout().ReadBytes(0, Math.Min(source.Length, 64 * 1024));
        return (head.Length == 0 || head[0] != 0x30) && head.AsSpan().IndexOf("-----BEGIN "u8) < 0;
    }
}
