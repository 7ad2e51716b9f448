using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Settings;
using KexecSign.Judging;
using KexecSign.Judging.Policies;
using KexecSign.Keys.Pins;

namespace KexecSign.Commands.Verify;

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
        TypedResult = () => VerifyJson.Default.VerifyResult,
        TypedArguments = [new("FILE", "The image.", (o, v) => o with { File = v })],
        TypedOptions =
        [
            new("cert", "CERT", "A trusted certificate (UEFI db, kernel keyring, IMA).", (o, v) => o with { Certificates = o.Certificates.Add(v) }, repeatable: true) { Trusts = [TrustRole.Db, TrustRole.Kexec, TrustRole.Ima, TrustRole.Module] },
            new("signature", "FILE", "Judge the image with this detached PKCS#7 (DER or PEM) in the place of those that it carries.", (o, v) => o with { Signature = v }),
            new("for", "CONSUMER", "Verify as this consumer.", (o, v) => o with { Consumers = o.Consumers.AddRange(Parse(v)) }, repeatable: true, choices: Names),
            new("arch", "ARCH", "Architecture of the kernel that is to load the file; without it the file's own.", (o, v) => o with { Architecture = v }, choices: Architectures),
            new("db", "FILE", "What is allowed by certificate or digest, as EFI_SIGNATURE_LISTs.", (o, v) => o with { Db = v }),
            new("dbx", "FILE", "Revocations, as EFI_SIGNATURE_LISTs.", (o, v) => o with { Dbx = v }),
            new("mok", "CERT", "A machine owner key: trusted by shim and by kernels that it started.", (o, v) => o with { OwnerCertificates = o.OwnerCertificates.Add(v) }, repeatable: true) { Trusts = [TrustRole.Mok] },
            new("mokx", "FILE", "MokListX: revocations of the machine's owner, as EFI_SIGNATURE_LISTs.", (o, v) => o with { OwnerDbx = v }),
            new("sbat-level", "FILE", "SbatLevel, as 'mokutil --list-sbat-revocations' prints it: what shim demands of .sbat.", (o, v) => o with { SbatLevel = v }),
            new("expired", "POLICY", "What a signer's certificate that is out of date means; neither firmware nor kernel looks at the dates.",
                (o, v) => o with { ExpiredFails = OptionValues.Choice("expired", v, Policies) == "fail" }, "warn", choices: Policies),
            new("tsa", "CERT", "A timestamp authority that is trusted: with --expired fail, a signature that it stamped while the signer's certificate was valid counts as made in time. Neither firmware nor kernel looks at timestamps.",
                (o, v) => o with { TimestampAuthorities = o.TimestampAuthorities.Add(v) }, repeatable: true) { Trusts = [TrustRole.Tsa] },
            new("policy", "FILE", "A policy that the file must satisfy (docs/schema/policy.schema.json); its consumers and certificates come besides --for and --cert.",
                (o, v) => o with { Policy = v }),
            new("allow-module", "PATH", "A PKCS#11 module that the policy may name, written as it does; without it one that it names is an error.",
                (o, v) => o with { AllowedModules = o.AllowedModules.Add(v) }, repeatable: true, kind: OptionKind.Text),
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
            return new(options.File, options.NamesTrust, ImageVerification.Judge(options, _ => trusted, lists, context));
        PolicyDocument policy = PolicyDocument.Read(options.Policy, options.AllowedModules);
        ImmutableArray<X509Certificate2> all =
            [.. trusted, .. policy.Certificates.Select(c => context.Keyring.OpenCertificates(c, new PinOptions(), context.Cancellation)[0])];
        return new(options.File, options.NamesTrust || all.Length > trusted.Length, ImageVerification.Judge(options, _ => all, lists, context))
        {
            Policy = PolicyCheck.Judge(policy, options.File, trusted, context),
        };
    }

    private static ImmutableArray<Consumer> Parse(string name) => name == "all"
        ? [.. Enum.GetValues<Consumer>()]
        : [Enum.Parse<Consumer>(Known(name), ignoreCase: true)];

    private static string Known(string name) =>
        Names.Contains(name) ? name : throw OperationErrors.OptionValue.With("for", name, string.Join(", ", Names));
}
