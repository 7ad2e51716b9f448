using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Vocabulary;
using KexecSign.Images;
using KexecSign.Simulation.Answers;
using KexecSign.Simulation.Kexec;

namespace KexecSign.Judging;

/// <summary>
/// What <c>kexec_file_load</c> does with an image while signatures are enforced. Released kernels take no zboot image:
/// kexec-tools unpacks it and hands the kernel the Image inside, so that one is judged.
/// </summary>
internal static class KexecCheck
{
    /// <summary>The verdict, and the signature that it rests on.</summary>
    public static (Verdict, AuthenticodeSignature?) AsKexec(ConsumerCase asked)
    {
        Verdict verdict = Judge(
            asked.File.Image, asked.File.Kernel, asked.File.Digests, asked.Options, asked.Roles.Lists, asked.Roles.OfKernel, asked.Context);
        try
        {
            return (verdict, verdict.Answer == Answer.Accepts ? Signature(asked.File.Kernel) : null);
        }
        // What our own reader does not take is no yes, whatever the model of the kernel's says.
        catch (KexecSignException refused) when (Failure.IsAnswer(refused))
        {
            return (Verdict.Refused(Consumer.Kexec, refused), null);
        }
    }

    private static Verdict Judge(
        PeImage image, KernelInside kernel, FileDigests digests, VerifyOptions options, VerifyLists lists,
            ImmutableArray<X509Certificate2> trusted, RunContext context)
    {
        try
        {
            string words = string.Join(", ", ArchitectureFacts.Words);
            if (options.Architecture is { } wanted && ArchitectureFacts.Named(wanted) is null)
                throw OperationErrors.OptionValue.With("arch", wanted, words);
            if ((ArchitectureFacts.Named(options.Architecture)
                ?? ArchitectureFacts.OfPe(image.Machine)) is not { Architecture: var architecture })
            {
                return new(
                    Consumer.Kexec, Answer.NotDecided,
                    $"the image is for {PeConstants.MachineName(image.Machine)}, whose rules are not known here; --arch says by whose it "
                        + $"is to be judged: {words}");
            }
            var rules = KernelRules.Of(architecture);
            KernelRuleFacts load = KernelChanges.Of(KernelRule.LoongArchFileLoad);
            if (architecture == KernelArchitecture.LoongArch64 && options.Kernel is { } old
                && !load.Holds(KernelRelease.TryParse(old)!.Value))
                return new(Consumer.Kexec, Answer.Refuses,
                    $"ENOSYS: loongarch has kexec_file_load since {load.Since}, and Linux {old} is older", VerifyErrors.KernelRefuses.Id);
            if (rules.Looks == KexecSignature.None)
                return new(Consumer.Kexec, Answer.DoesNotCheck, rules.Note);
            string what = (kernel.IsUnified ? "the kernel of .linux, " : "")
                + (kernel.IsUnpacked ? "the Image inside, as kexec-tools 2.0.31 and later unpack it: "
                    : kernel.IsUnified ? "as it is extracted: "
                    : "");
            // A kernel inside has other bytes, and digests of its own.
            FileDigests own = kernel.IsUnified || kernel.IsUnpacked ? new(kernel.Open(), context) : digests;
            (KernelRelease release, bool isOwn) = KernelVersions.Of(options.Kernel, kernel);
            return Ask(kernel.Open(), own, architecture, release, isOwn, lists,
                [.. trusted, .. lists.Allowed.Certificates, .. lists.OwnerCertificates], what, context);
        }
        catch (KexecSignException refused)
        {
            return Verdict.Refused(Consumer.Kexec, refused);
        }
    }

    private static Verdict Ask(
        Layout file, FileDigests digests, KernelArchitecture architecture, KernelRelease release, bool isOwn, VerifyLists lists,
        ImmutableArray<X509Certificate2> trusted, string what,
        RunContext context)
    {
        var policy = new KernelPolicy
        {
            Enforced = true,
            Release = release,
            Platform = trusted.IsEmpty ? OwnSigners(file) : trusted,
            Revoked = [.. lists.Revoked.Certificates, .. lists.OwnerRevoked.Certificates],
        };
        KexecVerdict verdict = KexecFileLoad.Judge(file, architecture, policy, digests.Of, context.Cancellation);
        return verdict.Accepted
            ? new(Consumer.Kexec, verdict.Signature is null ? Answer.DoesNotCheck : Answer.Accepts,
                what + verdict.Explanation + By(release, isOwn))
            : new(Consumer.Kexec, Answer.Refuses,
                $"{what}{verdict.Errno}: {verdict.Explanation}{KernelRules.Of(architecture).Note}{By(release, isOwn)}",
                verdict.Rule?.Id ?? VerifyErrors.KernelRefuses.Id);
    }

    /// <summary>The signature that the kernel looks at; null when there is none.</summary>
    public static AuthenticodeSignature? Signature(KernelInside kernel)
    {
        Layout file = kernel.Open();
        PeImage image = PeReader.Read(file);
        ImmutableArray<CertificateEntry> entries = CertificateTable.Read(image, file);
        return entries.IsEmpty ? null : AuthenticodeSignature.Decode(entries[0].Pkcs7());
    }

    private static string By(KernelRelease release, bool isOwn) =>
        $" (by the rules of Linux {release}{(isOwn ? ", which it is itself" : "")})";

    // Without certificates only the arithmetic can be checked; that is what trusting the file's own signer does.
    private static ImmutableArray<X509Certificate2> OwnSigners(Layout file)
    {
        PeImage image = PeReader.Read(file);
        return [.. CertificateTable.Read(image, file).SelectMany(e => AuthenticodeSignature.Decode(e.Pkcs7()).Certificates)];
    }

    /// <summary>
    /// Whether there is a signed kernel for it. A payload that cannot be opened counts: kexec then says what is wrong with it.
    /// </summary>
    public static bool HasSignedKernel(KernelInside kernel)
    {
        try
        {
            Layout file = kernel.Open();
            var known = KnownImage.Of(file);
            return (kernel.IsUnpacked || known.IsKernel) && known.IsPe && PeReader.Read(file).IsSigned;
        }
        catch (KexecSignException)
        {
            return true;
        }
    }
}
