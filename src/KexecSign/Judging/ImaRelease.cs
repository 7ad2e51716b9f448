using System.Security.Cryptography.X509Certificates;
using KexecSign.Core.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Images;
using KexecSign.Keys.Certificates;
using KexecSign.Simulation.Answers;

namespace KexecSign.Judging;

/// <summary>
/// The release of Linux by whose rules an IMA value counts. It is asked for only when the value is one that not all take: to read a file's
/// own release, the kernel inside has to be unpacked.
/// </summary>
internal sealed record ImaRelease(Func<KernelRelease> Release)
{
    /// <summary>Of what a consumer is asked.</summary>
    public static ImaRelease Of(ConsumerCase asked) => new(() => ReleaseOf(asked));

    /// <summary>Since when Linux takes such a value, for reasons; empty when all releases do.</summary>
    public static string Since(ImaSignature signature, X509Certificate2 signer) =>
        RuleFor(signature, signer) is { } rule ? $", for Linux {KernelChanges.Of(rule).Since} and later" : "";

    /// <summary>Refuses a value that came after the kernel.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS4153.</exception>
    public void Require(ImaSignature signature, X509Certificate2 signer)
    {
        if (RuleFor(signature, signer) is not { } rule)
            return;
        KernelRelease release = Release();
        KernelRuleFacts facts = KernelChanges.Of(rule);
        if (!facts.Holds(release))
            throw VerifyErrors.ImaTooNew.With(release, facts.Since, facts.What, facts.Source);
    }

    private static KernelRule? RuleFor(ImaSignature signature, X509Certificate2 signer)
    {
        if (MlDsaCertificate.NameOf(signer) is not null)
            return KernelRule.ImaMlDsa;
        return signature is { Version: 3, Type: not ImaSignature.VerityDigsig } ? KernelRule.ImaVersion3 : null;
    }

    private static KernelRelease ReleaseOf(ConsumerCase asked)
    {
        if (asked.Options.Kernel is null && asked.Options.ImaRelease is { } meant)
            return meant;
        // A kernel that is no PE image, as those of powerpc, does not say where to find what it is.
        return asked.Options.Kernel is null && !KnownImage.Of(asked.File.Content).IsPe
            ? KernelRelease.Linux612
            : KernelVersions.Of(asked.Options.Kernel, asked.File.Kernel).Release;
    }
}
