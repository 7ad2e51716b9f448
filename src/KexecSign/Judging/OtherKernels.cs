using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Vocabulary;

namespace KexecSign.Judging;

/// <summary>
/// Kernels that read no PE signature: s390 wants a signature appended as to a module (arch/s390/kernel/machine_kexec_file.c,
/// s390_verify_sig()), powerpc leaves it to IMA, by xattr or appended signature (arch/powerpc/kernel/ima_arch.c).
/// </summary>
internal static class OtherKernels
{
    /// <summary>Whether an architecture is one of these.</summary>
    public static bool Know(string? architecture) =>
        ArchitectureFacts.Named(architecture) is { } facts && !KernelRules.Of(facts.Architecture).ReadPe;

    /// <summary>The verdict of <c>kexec_file_load</c> on a machine that booted securely.</summary>
    public static Verdict Judge(JudgedFile file, string architecture, bool withSidecar, TrustedRoles roles, ImaRelease release,
        RunContext context)
    {
        try
        {
            bool byIma = ArchitectureFacts.Named(architecture) is { } facts
                && KernelRules.Of(facts.Architecture).Looks == KexecSignature.OfIma;
            // powerpc asks .ima for both kinds, and s390 its builtin, secondary and platform keyrings.
            ImmutableArray<X509Certificate2> trusted = byIma ? [.. roles.Ima, .. roles.OfKernel] : roles.OfKernel;
            return byIma && (file.Ima.Security ?? (withSidecar ? file.Ima.Sidecar : null)) is not null
                ? ByIma(file, withSidecar, trusted, release, context)
                : ByAppended(file.Content, AppendedSignature.Find(file.Content) ?? throw VerifyErrors.NoAppendedSignature.With(), trusted,
                    context);
        }
        catch (KexecSignException refused)
        {
            return Verdict.Refused(Consumer.Kexec, refused);
        }
    }

    // ima_appraise_measurement(): where there is a signature in the xattr, an appended one counts only when that one's key is unknown.
    private static Verdict ByIma(JudgedFile file, bool withSidecar, ImmutableArray<X509Certificate2> trusted, ImaRelease release,
        RunContext context)
    {
        Verdict ima = ImaAppraisal.Judge(file, withSidecar, trusted, release, context);
        return ima.Code == VerifyErrors.ImaKeyUnknown.Id && AppendedSignature.Find(file.Content) is { } signature
            ? ByAppended(file.Content, signature, trusted, context)
            : ima with { Consumer = Consumer.Kexec, Reason = "by IMA, as powerpc does under secure boot: " + ima.Reason };
    }

    private static Verdict ByAppended(Layout file, AppendedSignature signature, ImmutableArray<X509Certificate2> trusted,
        RunContext context)
    {
        if (trusted.IsEmpty)
            return new(Consumer.Kexec, Answer.NotDecided, "an appended signature is there, but no certificate was given to check it by");
        (_, HashAlgorithmName hash, X509Certificate2 signer) =
            ModuleCheck.Require(file.Slice(0, signature.ContentLength), signature, trusted, SilentLog.Instance, context.Cancellation);
        return new(Consumer.Kexec, Answer.Accepts, $"the appended signature holds by {signer.Subject}, {hash.Name}");
    }
}
