namespace KexecSign.Formats.Uki;

/// <summary>A policy for one value of PCR 11, signed or to be signed.</summary>
/// <param name="Bank">The bank.</param>
/// <param name="KeyFingerprint">SHA-256 of the RSA public key's PKCS#1 DER, lower-case hex; empty when nobody said it yet.</param>
/// <param name="Policy">The policy's digest, lower-case hex.</param>
/// <param name="Signature">RSA PKCS#1 v1.5 signature with SHA-256 over <see cref="PolicyReference.Bind"/>; empty when it is yet to be
/// made.</param>
/// <param name="Reference">What the policy is bound to; null for nothing.</param>
public sealed record PcrSignature(string Bank, string KeyFingerprint, string Policy, ReadOnlyMemory<byte> Signature,
    string? Reference = null);
