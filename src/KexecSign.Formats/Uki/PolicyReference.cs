using System.Security.Cryptography;
using System.Text;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Uki;

/// <summary>
/// A word that a signed policy is bound to, besides its key: what is sealed for one reference does not open by policies signed for
/// another (TPM2_PolicyAuthorize's policyRef; systemd 262). systemd gives the TPM the SHA-256 of the word.
/// </summary>
public static class PolicyReference
{
    /// <summary>The reference by which systemd-tpm2-setup authorizes NvPCRs; its policies are for <see cref="InitrdPhase"/>.</summary>
    public const string Initrd = "initrd";

    /// <summary>The only phase path that policies for <see cref="Initrd"/> are signed for.</summary>
    public const string InitrdPhase = "enter-initrd";

    /// <summary>Most bytes that are taken; systemd has no limit, but what is longer is no word.</summary>
    public const int MaxLength = 255;

    /// <summary>A reference, checked; null for none, which the empty word is too.</summary>
    /// <exception cref="KexecSignException">KS1728.</exception>
    public static string? Checked(string? reference)
    {
        if (string.IsNullOrEmpty(reference))
            return null;
        int length = Encoding.UTF8.GetByteCount(reference);
        return length <= MaxLength && !reference.Any(c => char.IsControl(c) || char.IsSurrogate(c))
            ? reference
            : throw FormatErrors.BadPolicyReference.With(length, MaxLength);
    }

    /// <summary>The bytes that are signed: the policy's digest, and behind it the digest of the reference when there is one.</summary>
    public static byte[] Bind(ReadOnlySpan<byte> policy, string? reference) =>
        string.IsNullOrEmpty(reference) ? policy.ToArray() : [.. policy, .. SHA256.HashData(Encoding.UTF8.GetBytes(reference))];
}
