using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Images;
using KexecSign.Parsers;
using KexecSign.Signing;

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
            return OtherKernels.Know(options.Architecture) ? OfOtherKernel(file, options, trusted, context) : OfImage(file, options, trusted, context);
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
        Consumer[] consumers = options.Consumers.IsEmpty ? Present(file, options.NoTrust) : Distinct(options.Consumers);
        (TrustedRoles roles, ImmutableArray<string> shortForm) = trusted.Settled(consumers, kernel.IsUnified || kernel.IsUnpacked);
        // All are announced before the first is computed, so that the file is read once for all consumers.
        if (Array.Exists(consumers, c => c == Consumer.Ima))
            ImaAppraisal.Announce(file);
        ReadDigests? digests = Array.Exists(consumers, c => c is not (Consumer.Ima or Consumer.Bpf))
            ? ReadDigests.Of(image, file.Content, file.Digests, roles.Lists.DigestAlgorithms) : null;
        return new([.. Array.ConvertAll(consumers, c => Trusting(Asked(c), roles) with { Sha256 = file.Sha256 })], shortForm);

        Verdict Asked(Consumer consumer) => consumer switch
        {
            Consumer.Firmware => Expire(FirmwareCheck.AsFirmware(image, file.Content, digests!, roles.Lists, roles.For(consumer))),
            Consumer.Shim => Expire(ShimCheck.AsShim(image, file.Content, digests!, roles.Lists, roles.For(consumer))),
            Consumer.Kexec => Expire(AsKexec(file, options, roles, context)),
            Consumer.Ima => ImaAppraisal.Judge(file, options.Applied || options.Consumers.IsEmpty, roles.For(consumer), context),
            Consumer.Bpf => BpfCheck.Judge(image, file.Content, context),
            _ => throw new ArgumentOutOfRangeException(nameof(options), consumer, null),
        };

        Verdict Expire((Verdict, AuthenticodeSignature?) judged) => Expiry.Apply(judged, options, roles.Authorities, context);
    }

    private static Judgement OfOtherKernel(JudgedFile file, VerifyOptions options, TrustedRoles trusted, RunContext context)
    {
        Consumer[] consumers = options.Consumers.IsEmpty ? [Consumer.Kexec] : Distinct(options.Consumers);
        (TrustedRoles roles, ImmutableArray<string> shortForm) = trusted.Settled(consumers, inside: false);
        return new([.. Array.ConvertAll(consumers, c => (c switch
        {
            Consumer.Kexec => OtherKernels.Judge(file, options.Architecture!, options.Applied, roles, context),
            Consumer.Ima => ImaAppraisal.Judge(file, options.Applied, roles.For(c), context),
            Consumer.Firmware or Consumer.Shim or Consumer.Bpf => Verdict.Refused(c, VerifyErrors.NotOnArchitecture.With(c.ToString().ToLowerInvariant(), options.Architecture)),
            _ => throw new ArgumentOutOfRangeException(nameof(options), c, null),
        }) with { Sha256 = file.Sha256 })], shortForm);
    }

    // By its own certificate any signature holds. That is no yes before somebody said whose it should be.
    private static Verdict Trusting(Verdict verdict, TrustedRoles roles) => verdict.Answer != Answer.Accepts || roles.AreNamed(verdict.Consumer)
        ? verdict
        : verdict with
        {
            Answer = Answer.NotDecided,
            SignatureHolds = true,
            Reason = verdict.Consumer == Consumer.Kexec
                ? "the signature holds; whose it is was not checked, because no certificate was given that the kernel trusts"
                : verdict.Reason + "; whose it is was not checked, because no certificate was given that is trusted there",
        };

    private static (Verdict, AuthenticodeSignature?) AsKexec(JudgedFile file, VerifyOptions options, TrustedRoles roles, RunContext context)
    {
        Verdict verdict = KexecCheck.Judge(file.Image, file.Kernel, file.Digests, options, roles.Lists, roles.For(Consumer.Kexec), context);
        return (verdict, verdict.Answer == Answer.Accepts ? KexecCheck.Signature(file.Kernel) : null);
    }

    // By hand, because every generic method on values of one's own is compiled when the program runs.
    private static Consumer[] Distinct(ImmutableArray<Consumer> consumers)
    {
        var distinct = new Consumer[consumers.Length];
        int count = 0;
        foreach (Consumer consumer in consumers.AsSpan())
        {
            bool isNew = true;
            for (int i = 0; i < count; i++)
                isNew &= distinct[i] != consumer;
            if (isNew)
                distinct[count++] = consumer;
        }
        return distinct[..count];
    }

    private static Consumer[] Present(JudgedFile file, bool noTrust)
    {
        Consumer[] consumers = [Consumer.Firmware];
        // Of nested images the innermost first, as they were signed.
        if (HasSignedKernel(file.Kernel))
            consumers = file.Kernel.IsUnified ? [Consumer.Kexec, .. consumers] : [.. consumers, Consumer.Kexec];
        // An IMA signature brings no certificate along: without one nothing of it can be computed.
        if (file.Ima.Any && !noTrust)
            consumers = [.. consumers, Consumer.Ima];
        if (file.Image.FindSection(ParserSection.Name) is not null)
            consumers = [.. consumers, Consumer.Bpf];
        return consumers;
    }

    // A payload that cannot be opened counts: kexec then says what is wrong with it.
    private static bool HasSignedKernel(KernelInside kernel)
    {
        try
        {
            Layout file = kernel.Open();
            byte[] head = file.ReadBytes(0, Math.Min(file.Length, 4096));
            return (kernel.IsUnpacked || KernelImage.TryParse(head) is not null || BzImage.TryParse(head) is not null)
                && PeReader.LooksLikePe(head) && PeReader.Read(file).IsSigned;
        }
        catch (KexecSignException)
        {
            return true;
        }
    }
}
