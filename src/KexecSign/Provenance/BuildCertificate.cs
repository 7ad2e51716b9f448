namespace KexecSign.Provenance;

/// <summary>A certificate that signed.</summary>
/// <param name="Role"><c>outer</c>, <c>inner</c> or <c>ima</c>.</param>
/// <param name="Subject">Its subject.</param>
/// <param name="Sha256">Fingerprint.</param>
/// <param name="SubjectKeyIdentifier">Its SubjectKeyIdentifier, by which the kernel finds it.</param>
/// <param name="NotAfter">When it expires.</param>
public sealed record BuildCertificate(string Role, string Subject, string Sha256, string SubjectKeyIdentifier, DateTimeOffset NotAfter);
