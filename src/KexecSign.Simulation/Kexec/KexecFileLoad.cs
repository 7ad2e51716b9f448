using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Errors;

namespace KexecSign.Simulation.Kexec;

/// <summary>
/// Model of <c>kexec_file_load</c> for the file given as <c>kernel_fd</c>: read, probe, check the signature, load, check
/// the segments, in the kernel's order (kernel/kexec_file.c). Memory that the machine has, the initrd and the command
/// line play no part.
/// </summary>
public static class KexecFileLoad
{
    private const long LongestFile = 4L << 30;

    /// <summary>What a kernel would answer.</summary>
    /// <param name="file">The file as it would be given to the kernel; it is read in pieces of 1 MiB.</param>
    /// <param name="architecture">Architecture of the running kernel.</param>
    /// <param name="policy">State of the running kernel.</param>
    /// <param name="cancellation">Stops between two pieces.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS4002 when the file would be taken but what the kernel then checks is no PE
    /// signature.</exception>
    public static KexecVerdict Judge(Layout file, KernelArchitecture architecture, KernelPolicy policy,
        CancellationToken cancellation = default) =>
        Judge(file, architecture, policy, PeVerification.HashOf(file, cancellation), cancellation);

    /// <summary>The same for a caller who hashes the file for others, too.</summary>
    /// <param name="file">The file as it would be given to the kernel.</param>
    /// <param name="architecture">Architecture of the running kernel.</param>
    /// <param name="policy">State of the running kernel.</param>
    /// <param name="hash">Hashes ranges of the file, in the order in which the kernel takes them.</param>
    /// <param name="cancellation">Stops between two pieces.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS4002 when the file would be taken but what the kernel then checks is no PE
    /// signature.</exception>
    public static KexecVerdict Judge(
        Layout file, KernelArchitecture architecture, KernelPolicy policy, Func<ImmutableArray<ByteRange>, HashAlgorithmName, byte[]> hash,
            CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(hash);
        cancellation.ThrowIfCancellationRequested();
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(policy);
        PeJudgement? signature = null;
        try
        {
            RequireReadable(file);
            KexecImage.Probe(file, architecture, policy);
            if (KexecImage.ChecksSignature(architecture))
            {
                signature = PeVerification.Judge(file, policy, hash);
                RequireSignature(signature, policy);
            }
            KexecImage.Load(file, architecture, policy);
        }
        catch (Refusal refusal)
        {
            return KexecVerdict.Of(refusal, signature);
        }
        return new KexecVerdict { Signature = signature, Explanation = Explain(signature) };
    }

    private static void RequireReadable(Layout file)
    {
        if (file.Length == 0)
            throw new Refusal(KernelErrno.EINVAL, KexecRules.CannotBeRead, "", file.Length);
        if (file.Length > LongestFile)
            throw new Refusal(KernelErrno.EFBIG, KexecRules.CannotBeRead, "", file.Length);
    }

    // kimage_validate_signature()
    private static void RequireSignature(PeJudgement signature, KernelPolicy policy)
    {
        if (signature.Cause is not { } cause)
            return;
        if (policy.Enforced)
            throw cause;
        if (policy.LockedDown && !policy.ImaAppraises)
            throw new Refusal(KernelErrno.EPERM, KexecRules.LockedDown, "Lockdown: kexec: kexec of unsigned images is restricted",
                signature.Errno);
    }

    private static string Explain(PeJudgement? signature) => signature switch
    {
        null => "loaded; this architecture checks no signature",
        { Accepted: true } => $"loaded: {signature.Explanation}",
        _ => $"loaded although the signature fails with {signature.Errno}, because signatures are not enforced: {signature.Explanation}",
    };
}
