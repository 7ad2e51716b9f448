using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;
using KexecSign.Simulation.Pe;
using KexecSign.Simulation.Pkcs7;

namespace KexecSign.Simulation.Kexec;

/// <summary>
/// Model of <c>kexec_kernel_verify_pe_sig()</c>: parse, unwrap, check the PKCS#7 message, ask the keyrings, compare the
/// image digest, in that order. Validity dates are not compared with the clock; only a signing time inside the message
/// must lie within its certificate's validity.
/// </summary>
public static class PeVerification
{
    /// <summary>Judges the signature of a PE file.</summary>
    /// <param name="file">The file as it would be given to the kernel; it is read in pieces of 1 MiB.</param>
    /// <param name="policy">Keyrings and release; whether signatures are enforced does not matter here.</param>
    /// <param name="cancellation">Stops between two pieces.</param>
    public static PeJudgement Judge(Layout file, KernelPolicy policy, CancellationToken cancellation = default) =>
        Judge(file, policy, HashOf(file, cancellation));

    /// <summary>Hashes ranges of a file in pieces of 1 MiB.</summary>
    internal static Func<ImmutableArray<ByteRange>, HashAlgorithmName, byte[]> HashOf(Layout file, CancellationToken cancellation) =>
        (ranges, algorithm) => PeContentsDigest.Hash(file, ranges, algorithm, cancellation);

    /// <summary>The same with the caller's own way to hash ranges of the file.</summary>
    internal static PeJudgement Judge(Layout file, KernelPolicy policy, Func<ImmutableArray<ByteRange>, HashAlgorithmName, byte[]> hash)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(policy);
        var judgement = new PeJudgement { Explanation = "" };
        try
        {
            PeHeaders headers = PeHeaders.Parse(file);
            Pkcs7Message message = Pkcs7Parser.Parse(SignatureWrapper.Strip(file, headers), policy.Release);
            Pkcs7Verification.Verify(message);
            judgement = judgement with { Signer = message.Signers[0].Certificate?.Subject };
            KernelKeyring keyring = AskKeyrings(message, policy);
            judgement = judgement with { TrustedBy = keyring };

            SignedImageDigest signed = ReadSignedDigest(message, policy.Release);
            judgement = judgement with { DigestAlgorithm = signed.Algorithm.KernelName, SignedDigest = [.. signed.Digest] };
            CompareDigest(file, headers, signed, hash);
            return judgement with
            {
                Explanation = $"signed by {message.Signers[0].Name}, trusted by the "
                    + $"{(keyring == KernelKeyring.Platform ? ".platform" : ".builtin or .secondary")} keyring, "
                    + $"{signed.Algorithm.KernelName} digest {Convert.ToHexStringLower(signed.Digest)}",
            };
        }
        catch (Refusal refusal)
        {
            return PeJudgement.Of(refusal) with
            {
                Signer = judgement.Signer,
                TrustedBy = judgement.TrustedBy,
                DigestAlgorithm = judgement.DigestAlgorithm,
                SignedDigest = judgement.SignedDigest,
            };
        }
    }

    /// <summary>The digest that the kernel computes over a PE file, signed or not.</summary>
    /// <param name="file">The file; its length should be a multiple of 8, because the kernel adds no padding and signers do.</param>
    /// <param name="algorithm">Hash algorithm.</param>
    /// <param name="cancellation">Stops between two pieces of 1 MiB.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS402x or KS404x where the kernel would refuse to hash.</exception>
    public static byte[] Digest(Layout file, HashAlgorithmName algorithm, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            return PeContentsDigest.Compute(file, PeHeaders.ParseForDigest(file), algorithm, HashOf(file, cancellation)).Digest;
        }
        catch (Refusal refusal)
        {
            throw refusal.ToException();
        }
    }

    private static KernelKeyring AskKeyrings(Pkcs7Message message, KernelPolicy policy)
    {
        if (TrustedKeys.Load(policy.Revoked, policy.Release) is var revoked && IsRevoked(revoked, message))
            throw new Refusal(KernelErrno.EKEYREJECTED, KexecRules.Revoked, "", message.Signers[0].Name);
        if (TrustedKeys.Load(policy.BuiltinAndSecondary, policy.Release).Trusts(message))
            return KernelKeyring.BuiltinAndSecondary;
        if (TrustedKeys.Load(policy.Platform, policy.Release).Trusts(message))
            return KernelKeyring.Platform;
        throw new Refusal(
            KernelErrno.ENOKEY, KexecRules.NotTrusted, "", message.Signers[0].Name, policy.BuiltinAndSecondary.Length,
                policy.Platform.Length);
    }

    // is_key_on_revocation_list(): any answer but "yes" means not revoked.
    private static bool IsRevoked(TrustedKeys revoked, Pkcs7Message message)
    {
        try
        {
            return revoked.Trusts(message);
        }
        catch (Refusal)
        {
            return false;
        }
    }

    private static SignedImageDigest ReadSignedDigest(Pkcs7Message message, KernelRelease release) =>
        message.Data is { } data
            ? SignedImageDigest.Parse(data, release)
            : throw new Refusal(KernelErrno.ENODATA, KexecRules.Pkcs7Malformed, "", "the PKCS#7 message", "it has no content");

    private static void CompareDigest(Layout file, PeHeaders headers, SignedImageDigest signed,
        Func<ImmutableArray<ByteRange>, HashAlgorithmName, byte[]> hash)
    {
        if (signed.Digest.Length != signed.Algorithm.Size)
        {
            throw new Refusal(
                KernelErrno.EBADMSG, KexecRules.DigestLength,
                $"PEFILE: Digest size mismatch ({signed.Algorithm.Size:x} != {signed.Digest.Length:x})",
                signed.Algorithm.KernelName, signed.Digest.Length, signed.Algorithm.Size);
        }
        PeDigestResult actual = PeContentsDigest.Compute(file, headers, signed.Algorithm.Name, hash);
        if (!actual.Digest.AsSpan().SequenceEqual(signed.Digest))
        {
            throw new Refusal(
                KernelErrno.EKEYREJECTED, KexecRules.DigestMismatch, "PEFILE: Digest mismatch",
                Convert.ToHexStringLower(actual.Digest), Convert.ToHexStringLower(signed.Digest), actual.Hashed, actual.Tail);
        }
    }
}
