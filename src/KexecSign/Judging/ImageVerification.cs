using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Images;
using KexecSign.Keys.Pins;
using KexecSign.Parsers;
using KexecSign.Signing;

namespace KexecSign.Judging;

/// <summary>Judges a file as each real consumer would.</summary>
internal static class ImageVerification
{
    /// <summary>Judges a file as each consumer would, each with the certificates that it trusts.</summary>
    public static ImmutableArray<Verdict> Judge(
        VerifyOptions options, Func<Consumer, ImmutableArray<X509Certificate2>> trusted, VerifyLists lists, RunContext context)
    {
        using FileSource source = FileSource.Open(options.File);
        Layout file = source.ToLayout();
        try
        {
            if (options.Signature is { } detached)
                file = SignatureFile.Attached(file, detached);
            if (OtherKernels.Know(options.Architecture))
                return [OtherKernels.Judge(options.File, file, options.Architecture!, trusted(Consumer.Kexec), context)];
            PeImage image = PeReader.Read(file);
            using var kernel = new KernelInside(image, file, context);
            Consumer[] consumers = options.Consumers.IsEmpty ? Present(options.File, image, kernel) : Distinct(options.Consumers);
            var whole = new FileDigests(file, context);
            ImmutableArray<X509Certificate2> authorities =
                [.. options.TimestampAuthorities.Select(c => context.Keyring.OpenCertificates(c, new PinOptions(), context.Cancellation)[0])];
            // All are announced before the first is computed, so that the file is read once for all consumers.
            if (Array.Exists(consumers, c => c == Consumer.Ima))
                ImaCheck.Announce(options.File, whole);
            ReadDigests? digests = Array.Exists(consumers, c => c is not (Consumer.Ima or Consumer.Bpf)) ? ReadDigests.Of(image, file, whole, lists.DigestAlgorithms) : null;
            return [.. Array.ConvertAll(consumers, c => c switch
            {
                Consumer.Firmware => Expiry.Apply(FirmwareCheck.AsFirmware(image, file, digests!, lists, trusted(c)), options, authorities, context),
                Consumer.Shim => Expiry.Apply(ShimCheck.AsShim(image, file, digests!, lists, trusted(c)), options, authorities, context),
                Consumer.Kexec => Expiry.Apply(AsKexec(image, kernel, whole, options, lists, trusted(c), context), options, authorities, context),
                Consumer.Ima => Demand(ImaCheck.Judge(options.File, file, whole, trusted(c), context), !options.Consumers.IsEmpty),
                Consumer.Bpf => BpfCheck.Judge(image, file, context),
                _ => throw new ArgumentOutOfRangeException(nameof(options), c, null),
            })];
        }
        catch (KexecSignException refused)
        {
            throw refused.In(options.File);
        }
    }

    private static (Verdict, AuthenticodeSignature?) AsKexec(
        PeImage image, KernelInside kernel, FileDigests digests, VerifyOptions options, VerifyLists lists, ImmutableArray<X509Certificate2> trusted, RunContext context)
    {
        Verdict verdict = KexecCheck.Judge(image, kernel, digests, options, lists, trusted, context);
        return (verdict, verdict.Answer == Answer.Accepts ? KexecCheck.Signature(kernel) : null);
    }

    // Asked for explicitly, "could not be checked" is no yes.
    private static Verdict Demand(Verdict verdict, bool demanded) =>
        demanded && verdict.Answer == Answer.NotChecked ? verdict with { Answer = Answer.Refuses } : verdict;

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

    private static Consumer[] Present(string path, PeImage image, KernelInside kernel)
    {
        Consumer[] consumers = [Consumer.Firmware];
        // Of nested images the innermost first, as they were signed.
        if (HasSignedKernel(kernel))
            consumers = kernel.IsUnified ? [Consumer.Kexec, .. consumers] : [.. consumers, Consumer.Kexec];
        if (ImaCheck.Find(path) is not null)
            consumers = [.. consumers, Consumer.Ima];
        if (image.FindSection(ParserSection.Name) is not null)
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
