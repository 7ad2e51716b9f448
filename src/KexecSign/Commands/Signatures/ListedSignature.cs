using System.Collections.Immutable;

namespace KexecSign.Commands.Signatures;

/// <summary>A certificate that travels with a signature.</summary>
/// <param name="Subject">Whom it is for.</param>
/// <param name="Issuer">Who issued it.</param>
/// <param name="Serial">Serial number, hex.</param>
/// <param name="Sha256">SHA-256 fingerprint, lower-case hex.</param>
/// <param name="NotBefore">When its validity begins.</param>
/// <param name="NotAfter">When it ends; neither firmware nor kernel looks at that.</param>
public sealed record ListedSigner(
    string Subject, string Issuer, string Serial, string Sha256, DateTimeOffset NotBefore, DateTimeOffset NotAfter);

/// <summary>A signature in an image; what of it cannot be read is null, and <see cref="Problem"/> says why.</summary>
public sealed record ListedSignature
{
    /// <summary>Position in the certificate table, from 0; a nested one is <c>0.0</c>.</summary>
    public required string Index { get; init; }

    /// <summary>File offset of its table entry, in bytes.</summary>
    public required long Offset { get; init; }

    /// <summary>dwLength of its table entry, in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Who will look at it.</summary>
    public required ImmutableArray<string> ReadBy { get; init; }

    /// <summary>Algorithm of the image digest.</summary>
    public string? DigestAlgorithm { get; init; }

    /// <summary>The image digest that was signed, lower-case hex.</summary>
    public string? Digest { get; init; }

    /// <summary>Whether it is the image's digest.</summary>
    public bool? DigestMatches { get; init; }

    /// <summary>Whether the signature is right by the certificate that travels along.</summary>
    public bool? SignatureHolds { get; init; }

    /// <summary>The signer's certificate; null when it does not travel along.</summary>
    public ListedSigner? Signer { get; init; }

    /// <summary>The given certificate that a signature leads to which holds; null when it leads to none.</summary>
    public string? LeadsTo { get; init; }

    /// <summary>The other certificates in the signature.</summary>
    public ImmutableArray<ListedSigner> Chain { get; init; } = [];

    /// <summary>The signing time that the signer claims.</summary>
    public DateTimeOffset? SigningTime { get; init; }

    /// <summary>The times that timestamp authorities attest.</summary>
    public ImmutableArray<DateTimeOffset> Timestamps { get; init; } = [];

    /// <summary>What is wrong with it, as an error line.</summary>
    public string? Problem { get; init; }
}
