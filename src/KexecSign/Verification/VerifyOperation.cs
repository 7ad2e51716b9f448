using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Bpf;
using KexecSign.Errors;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Inspection;
using KexecSign.Keys.Pins;
using KexecSign.Operations;
using KexecSign.Policies;
using KexecSign.Reports;
using KexecSign.Running;
using KexecSign.Signing;

namespace KexecSign.Verification;

/// <summary><c>verify</c>: judges a file as each real consumer would.</summary>
internal static class VerifyOperation
{
    private static readonly ImmutableArray<string> Names = ["firmware", "shim", "kexec", "ima", "bpf", "all"];

    private static readonly ImmutableArray<string> Architectures = ["arm64", "x86_64", "riscv64", "loongarch64", "s390x", "powerpc64"];
    private static readonly ImmutableArray<string> Policies = ["warn", "fail"];

    public static Operation<VerifyOptions, VerifyResult> Definition { get; } = new()
    {
        Name = "verify",
        Summary = "Verify an image as firmware, shim, kexec, IMA or a BPF kernel would.",
        Details = "Without --for the image is judged by firmware, and by each other consumer that it has something for: kexec when a signed kernel "
            + "Image is there, in the .linux section of a unified kernel image too, IMA when a sidecar or xattr is, bpf when there is a .bpf section. With --for, what is missing counts as refused.",
        Body = Run,
        TypedResult = () => ReportJson.Default.VerifyResult,
        TypedArguments = [new("FILE", "The image.", (o, v) => o with { File = v })],
        TypedOptions =
        [
            new("cert", "CERT", "A trusted certificate (UEFI db, kernel keyring, IMA).", (o, v) => o with { Certificates = o.Certificates.Add(v) }, repeatable: true),
            new("for", "CONSUMER", "Verify as this consumer.", (o, v) => o with { Consumers = o.Consumers.AddRange(Parse(v)) }, repeatable: true, choices: Names),
            new("arch", "ARCH", "Architecture of the kernel that is to load the file; without it the file's own.", (o, v) => o with { Architecture = v }, choices: Architectures),
            new("db", "FILE", "What is allowed by certificate or digest, as EFI_SIGNATURE_LISTs.", (o, v) => o with { Db = v }),
            new("dbx", "FILE", "Revocations, as EFI_SIGNATURE_LISTs.", (o, v) => o with { Dbx = v }),
            new("mok", "CERT", "A machine owner key: trusted by shim and by kernels that it started.", (o, v) => o with { OwnerCertificates = o.OwnerCertificates.Add(v) }, repeatable: true),
            new("mokx", "FILE", "MokListX: revocations of the machine's owner, as EFI_SIGNATURE_LISTs.", (o, v) => o with { OwnerDbx = v }),
            new("sbat-level", "FILE", "SbatLevel, as 'mokutil --list-sbat-revocations' prints it: what shim demands of .sbat.", (o, v) => o with { SbatLevel = v }),
            new("expired", "POLICY", "What a signer's certificate that is out of date means; neither firmware nor kernel looks at the dates.",
                (o, v) => o with { ExpiredFails = SigningOptionSpecs.Choice("expired", v, Policies) == "fail" }, "warn", choices: Policies),
            new("tsa", "CERT", "A timestamp authority that is trusted: with --expired fail, a signature that it stamped while the signer's certificate was valid counts as made in time. Neither firmware nor kernel looks at timestamps.",
                (o, v) => o with { TimestampAuthorities = o.TimestampAuthorities.Add(v) }, repeatable: true),
            new("policy", "FILE", "A policy that the file must satisfy (docs/schema/policy.schema.json); its consumers and certificates come besides --for and --cert.",
                (o, v) => o with { Policy = v }),
        ],
        Examples =
        [
            new("kexecsign verify vmlinuz.efi --cert db.pem --cert kexec.pem --cert ima.pem", "Verify for every consumer that the image is made for."),
            new("kexecsign verify vmlinuz.efi --policy release.policy.json", "May it be released? Exit code 4 when a rule is broken."),
            new("kexecsign verify Image.signed --for kexec --cert kexec.pem", "Would kexec_file_load take it?"),
        ],
    };

    private static VerifyResult Run(VerifyOptions options, RunContext context)
    {
        ImmutableArray<X509Certificate2> trusted =
            [.. options.Certificates.Select(c => context.Keyring.OpenCertificates(c, new PinOptions(), context.Cancellation)[0])];
        VerifyLists lists = VerifyLists.Read(options, context);
        if (options.Policy is null)
            return new(options.File, options.NamesTrust, Judge(options, _ => trusted, lists, context));
        PolicyDocument policy = PolicyDocument.Read(options.Policy);
        ImmutableArray<X509Certificate2> all =
            [.. trusted, .. policy.Certificates.Select(c => context.Keyring.OpenCertificates(c, new PinOptions(), context.Cancellation)[0])];
        return new(options.File, options.NamesTrust || all.Length > trusted.Length, Judge(options, _ => all, lists, context))
        {
            Policy = PolicyCheck.Judge(policy, options.File, trusted, context),
        };
    }

    /// <summary>Judges a file as each consumer would, each with the certificates that it trusts.</summary>
    public static ImmutableArray<Verdict> Judge(
        VerifyOptions options, Func<Consumer, ImmutableArray<X509Certificate2>> trusted, VerifyLists lists, RunContext context)
    {
        using FileSource source = FileSource.Open(options.File);
        Layout file = source.ToLayout();
        try
        {
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
                Consumer.Shim => Expiry.Apply(FirmwareCheck.AsShim(image, file, digests!, lists, trusted(c)), options, authorities, context),
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

    private static ImmutableArray<Consumer> Parse(string name) => name == "all"
        ? [.. Enum.GetValues<Consumer>()]
        : [Enum.Parse<Consumer>(Known(name), ignoreCase: true)];

    private static string Known(string name) =>
        Names.Contains(name) ? name : throw OperationErrors.OptionValue.With("for", name, string.Join(", ", Names));

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
        if (image.FindSection(BpfEmbedOperation.SectionName) is not null)
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
