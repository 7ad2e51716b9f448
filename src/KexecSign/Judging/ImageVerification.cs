using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Pe;
using KexecSign.Images;

namespace KexecSign.Judging;

/// <summary>What came of judging a file.</summary>
/// <param name="Verdicts">One for each consumer.</param>
/// <param name="ShortForm">The roles that certificates without one were taken for.</param>
internal sealed record Judgement(ImmutableArray<Verdict> Verdicts, ImmutableArray<string> ShortForm);

/// <summary>Judges a file as each real consumer would.</summary>
internal static class ImageVerification
{
    /// <summary>Judges a file as each consumer would, each with the certificates that it trusts.</summary>
    /// <exception cref="KexecSignException">KS3330; and what is wrong with this machine.</exception>
    public static Judgement Judge(JudgedFile file, VerifyOptions options, TrustedRoles trusted, RunContext context)
    {
        try
        {
            return OtherKernels.Know(options.Architecture)
                ? OfOtherKernel(file, options, trusted, context)
                : OfImage(file, options, trusted, context);
        }
        catch (KexecSignException refused)
        {
            throw refused.In(file.Path);
        }
    }

    private static Judgement OfImage(JudgedFile file, VerifyOptions options, TrustedRoles trusted, RunContext context)
    {
        PeImage image = file.Image;
        KernelInside kernel = file.Kernel;
        ConsumerFacts[] consumers = options.Consumers.IsEmpty ? Concerned(file, options) : Distinct(options.Consumers);
        (TrustedRoles roles, ImmutableArray<string> shortForm) = trusted.Settled(consumers, kernel.IsUnified || kernel.IsUnpacked);
        // All are announced before the first is computed, so that the file is read once for all consumers.
        foreach (ConsumerFacts consumer in consumers)
            consumer.Announce?.Invoke(file);
        ReadDigests? digests = Array.Exists(consumers, c => c.WantsImageDigests)
            ? ReadDigests.Of(image, file.Content, file.Digests, roles.Lists.DigestAlgorithms) : null;
        var asked = new ConsumerCase(file, options, roles, digests, context);
        return new([.. Array.ConvertAll(consumers, c => Trusting(c.Judge(asked), roles) with { Sha256 = file.ToldSha256 })], shortForm);
    }

    private static Judgement OfOtherKernel(JudgedFile file, VerifyOptions options, TrustedRoles trusted, RunContext context)
    {
        ConsumerFacts[] consumers = options.Consumers.IsEmpty ? [ConsumerFacts.Of(Consumer.Kexec)] : Distinct(options.Consumers);
        (TrustedRoles roles, ImmutableArray<string> shortForm) = trusted.Settled(consumers, inside: false);
        var asked = new ConsumerCase(file, options, roles, null, context);
        return new([.. Array.ConvertAll(consumers, c =>
            (c.JudgeOtherKernel?.Invoke(asked) ?? Verdict.Refused(c.Consumer,
                VerifyErrors.NotOnArchitecture.With(c.Word, options.Architecture))) with
            {
                Sha256 = file.ToldSha256,
            })], shortForm);
    }

    // By its own certificate any signature holds. That is no yes before somebody said whose it should be.
    private static Verdict Trusting(Verdict verdict, TrustedRoles roles) =>
        verdict.Answer != Answer.Accepts || roles.AreNamed(verdict.Consumer)
        ? verdict
        : verdict with
        {
            Answer = Answer.NotDecided,
            SignatureHolds = true,
            Reason = ConsumerFacts.Of(verdict.Consumer).TrustsNobody
                ?? verdict.Reason + "; whose it is was not checked, because no certificate was given that is trusted there",
        };

    private static ConsumerFacts[] Distinct(ImmutableArray<Consumer> consumers) => [.. consumers.Distinct().Select(ConsumerFacts.Of)];

    private static ConsumerFacts[] Concerned(JudgedFile file, VerifyOptions options)
    {
        ConsumerFacts[] concerned = [.. ConsumerFacts.All.Where(c => c.IsConcerned(file, options))];
        // Of nested images the innermost first, as they were signed.
        return file.Kernel.IsUnified ? [.. concerned.OrderBy(c => c.Reads == SignatureRead.OfKernel ? 0 : 1)] : concerned;
    }
}
