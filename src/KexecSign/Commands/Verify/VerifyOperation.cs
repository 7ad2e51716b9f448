using System.Collections.Immutable;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Settings;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Vocabulary;
using KexecSign.Inspection;
using KexecSign.Judging;
using KexecSign.Judging.Firmwares;
using KexecSign.Judging.Policies;
using KexecSign.Pictures;

namespace KexecSign.Commands.Verify;

/// <summary><c>verify</c>: judges a file as each real consumer would.</summary>
internal static class VerifyOperation
{
    private const string Everyone = "all";

    private static readonly ImmutableArray<string> Names = [.. ConsumerFacts.Words, Everyone];
    private static readonly ImmutableArray<string> Policies = ["warn", "fail"];

    public static Operation<VerifyOptions, VerifyResult> Definition { get; } = new()
    {
        Name = "verify",
        Summary = "Verify an image as firmware, shim, kexec, IMA or a BPF kernel would.",
        Details = "Without --for the image is judged by firmware, and by each other consumer that it has something for: kexec when a "
            + "signed kernel Image is there, in the .linux section of a unified kernel image too, IMA when a sidecar or xattr is, bpf when "
            + "there is a .bpf section. With --for, what is missing counts as refused. There are four answers: accepts, refuses, does not "
            + "check (it would load the file without looking) and not decided (nobody is trusted, or the answer rests on what is not in "
            + "the file). Only the first is a yes: with any other the exit code is 4. A bundle of certificates is read whole. IMA is "
            + "judged by security.ima; where there is none and no --for, by the sidecar, as it will be once applied.",
        Body = Run,
        TypedResult = () => VerifyJson.Default.VerifyResult,
        MakeArguments = () => [new("FILE", "The image.", (o, v) => o with { File = v })],
        MakeOptions = () =>
        [
            new("db", "FILE",
                "What firmware allows: a certificate, a bundle of them, or EFI_SIGNATURE_LISTs. The kernel trusts these certificates, too.",
                (o, v) => o with { Db = o.Db.Add(v) }, repeatable: true, kind: OptionKind.KeyReference) { Trusts = [TrustRole.Db] },
            new("kexec-cert", "CERT", "A certificate of the kernel's keyrings, for kexec.", (o, v) =>
                o with { KexecCertificates = o.KexecCertificates.Add(v) }, repeatable: true) { Trusts = [TrustRole.Kexec] },
            new("ima-cert", "CERT", "A certificate of the .ima keyring.", (o, v) => o with { ImaCertificates = o.ImaCertificates.Add(v) },
                repeatable: true) { Trusts = [TrustRole.Ima] },
            new("cert", "CERT", "Short form for a file that is judged by one kind of signature: counts for those who look at it.",
                (o, v) => o with { Certificates = o.Certificates.Add(v) }, repeatable: true) { SaysWhomToTrust = true },
            new("applied", null,
                "Ask IMA about the file as it will be once its sidecar FILE.sig is applied as security.ima; without --for that is how a "
                + "file with a sidecar alone is judged.",
                (o, _) => o with { Applied = true }),
            new("no-trust", null, "Ask only whether the signatures hold, whoever made them.",
                (o, _) => o with { NoTrust = true }) { SaysWhomToTrust = true },
            new("signature", "FILE", "Judge the image with this detached PKCS#7 (DER or PEM) in the place of those that it carries.",
                (o, v) => o with { Signature = v }),
            new("for", "CONSUMER", "Verify as this consumer.", (o, v) => o with { Consumers = o.Consumers.AddRange(Parse(v)) },
                repeatable: true, choices: Names),
            new("arch", "ARCH", "Architecture of the kernel that is to load the file; without it the file's own.",
                (o, v) => o with { Architecture = v },
                choices: ArchitectureFacts.Words),
            new("kernel", "VERSION", "Release of the kernel that is to load the file, for instance 7.3: its rules are judged by. Without "
                + "it those of the release that the file itself is of, or of 6.12 where that cannot be read.",
                (o, v) => o with { Kernel = KernelVersions.Require(v) }),
            new("firmware", "FIRMWARE", "Firmware whose rules are judged by; docs/firmware.md says what differs.",
                (o, v) => o with { Firmware = FirmwareModel.Require(v) }, FirmwareModel.Default.Word, choices: FirmwareModel.Words),
            new("dbx", "FILE", "Revocations, as EFI_SIGNATURE_LISTs.", (o, v) => o with { Dbx = v }),
            new("mok", "CERT", "A machine owner key: trusted by shim and by kernels that it started.", (o, v) =>
                o with { OwnerCertificates = o.OwnerCertificates.Add(v) }, repeatable: true) { Trusts = [TrustRole.Mok] },
            new("mokx", "FILE", "MokListX: revocations of the machine's owner, as EFI_SIGNATURE_LISTs.", (o, v) => o with { OwnerDbx = v }),
            new("sbat-level", "FILE", "SbatLevel, as 'mokutil --list-sbat-revocations' prints it: what shim demands of .sbat.",
                (o, v) => o with { SbatLevel = v }),
            new("expired", "POLICY",
                "What a signer's certificate that is out of date means; neither firmware nor kernel looks at the dates.",
                (o, v) => o with { ExpiredFails = OptionValues.Choice("expired", v, Policies) == "fail" }, "warn", choices: Policies),
            new("tsa", "CERT", "A timestamp authority that is trusted: with --expired fail, a signature that it stamped while the "
                + "signer's certificate was valid counts as made in time. Neither firmware nor kernel looks at timestamps.",
                (o, v) => o with { TimestampAuthorities = o.TimestampAuthorities.Add(v) }, repeatable: true) { Trusts = [TrustRole.Tsa] },
            new("policy", "FILE",
                "A policy that the file must satisfy (docs/schema/policy.schema.json); its consumers and certificates come besides those "
                + "of the options.",
                (o, v) => o with { Policy = v }),
            new("allow-module", "PATH",
                "A PKCS#11 module that the policy may name, written as it does; without it one that it names is an error.",
                (o, v) => o with { AllowedModules = o.AllowedModules.Add(v) }, repeatable: true, kind: OptionKind.Text),
            .. PictureOptionSpecs.Of<VerifyOptions>((o, v) => o with { Html = v }, (o, v) => o with { Markdown = v }),
        ],
        Examples =
        [
            new("kexecsign verify vmlinuz.efi --db db.pem --kexec-cert kexec.pem --ima-cert ima.pem",
                "Verify for every consumer that the image is made for."),
            new("kexecsign verify vmlinuz.efi --policy release.policy.json", "May it be released? Exit code 4 when a rule is broken."),
            new("kexecsign verify Image.signed --for kexec --kexec-cert kexec.pem", "Would kexec_file_load take it?"),
            new("kexecsign verify Image.signed --for kexec --kexec-cert kexec.pem --kernel 6.1", "Would one that runs Linux 6.1 take it?"),
            new("kexecsign verify vmlinuz.efi --for firmware --db db.pem --firmware edk2-2022.11", "Would older firmware take it?"),
            new("kexecsign verify vmlinuz.efi --policy release.policy.json --html verdict.html",
                "The same with a page to look at and to hand on."),
            new("kexecsign verify vmlinuz.efi --no-trust", "Do its signatures hold, whoever made them?"),
        ],
    };

    private static VerifyResult Run(VerifyOptions options, RunContext context)
    {
        if (options.NoTrust && TrustOption(options) is { } named)
            throw OperationErrors.OptionsConflict.With(new NamedOption("no-trust"), named);
        TrustedRoles roles = TrustedRoles.Read(options, context);
        PolicyDocument? policy = options.Policy is null ? null : PolicyDocument.Read(options.Policy, options.AllowedModules);
        using PictureFiles? pages = PictureFiles.Begin(options.Html, options.Markdown, [options.File, options.Policy, options.Signature],
            context);
        using var file = JudgedFile.Open(options.File, context, options.Signature);
        if (pages is not null)
        {
            file.WillTellSha256();
            ImageInspection.Announce(file);
        }
        VerifyResult result = Judge(options, policy, file, roles, context);
        pages?.Write(VerifyPicture.Of(result, ImageInspection.Inspect(file, context), file.Ima), context);
        return result;
    }

    /// <summary>Judges a file by options, and by a policy where there is one.</summary>
    /// <exception cref="KexecSignException">KS3330; options that contradict the policy; what is wrong with this machine.</exception>
    internal static VerifyResult Judge(VerifyOptions options, PolicyDocument? policy, JudgedFile file, TrustedRoles roles,
        RunContext context)
    {
        if (policy is null)
            return Result(options, ImageVerification.Judge(file, options, roles, context), file, roles);
        file.WillTellSha256();
        if (policy.Architecture is { } architecture && options.Architecture is { } other && other != architecture)
            throw OperationErrors.OptionValue.With("arch", other, $"{architecture}, as the policy says");
        if (policy.Kernel is { } kernel && options.Kernel is { } newer && newer != kernel)
            throw OperationErrors.OptionValue.With("kernel", newer, $"{kernel}, as the policy says");
        if (policy.Firmware is { } firmware && options.Firmware is { } another && another != firmware)
            throw OperationErrors.OptionValue.With("firmware", another, $"{firmware}, as the policy says");
        TrustedRoles all = roles.With(PolicyCheck.Trusted(policy, file, context));
        // Consumers that were asked for here and those of the policy judge by one release.
        PolicyDocument settled = policy with
        {
            Kernel = policy.Kernel ?? options.Kernel ?? KernelVersions.OfPolicies,
            Firmware = policy.Firmware ?? options.Firmware,
        };
        VerifyOptions asked = options with
        {
            Architecture = options.Architecture ?? policy.Architecture,
            Kernel = settled.Kernel,
            Firmware = settled.Firmware,
            ExpiredFails = options.ExpiredFails || policy.ExpiredFails,
        };
        VerifyResult result = Result(options, ImageVerification.Judge(file, asked, all, context), file, all);
        return result with { Policy = PolicyCheck.Judge(settled, file, all, context) };
    }

    private static VerifyResult Result(VerifyOptions options, Judgement judgement, JudgedFile file, TrustedRoles roles) =>
        new(options.File, !options.NoTrust && judgement.Verdicts.All(v => roles.AreNamed(v.Consumer) || !judgement.ShortForm.IsEmpty),
            judgement.Verdicts)
        {
            Sha256 = file.ToldSha256,
            // Who asks for firmware's answer alone does not wait for a payload that firmware does not unpack.
            LinuxVersion = OtherKernels.Know(options.Architecture) || !file.Kernel.IsAtHand ? null : KernelVersions.Own(file.Kernel),
            OnlyArithmetic = options.NoTrust,
            CertificatesCountedAs = judgement.ShortForm,
        };

    private static NamedOption? TrustOption(VerifyOptions options) =>
        !options.Certificates.IsEmpty ? new("cert")
        : !options.Db.IsEmpty ? new("db")
        : !options.KexecCertificates.IsEmpty ? new("kexec-cert")
        : !options.ImaCertificates.IsEmpty ? new("ima-cert")
        : !options.OwnerCertificates.IsEmpty ? new("mok")
        : options.Policy is not null ? new("policy") : null;

    private static ImmutableArray<Consumer> Parse(string name) => name == Everyone
        ? [.. ConsumerFacts.All.Select(facts => facts.Consumer)]
        : [(ConsumerFacts.Named(name) ?? throw OperationErrors.OptionValue.With("for", name, string.Join(", ", Names))).Consumer];
}
