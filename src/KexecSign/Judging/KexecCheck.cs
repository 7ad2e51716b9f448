using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
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

    private const string Architectures = "arm64, x86_64, riscv64, loongarch64, s390x, powerpc64";

    /// <summary>The verdict.</summary>
    public static Verdict Judge(
        PeImage image, KernelInside kernel, FileDigests digests, VerifyOptions options, VerifyLists lists, ImmutableArray<X509Certificate2> trusted, RunContext context)
    {
        try
        {
            if (SignatureFree(image, options) is { } free)
                return free;
            if (options.Architecture is null && !Knows(image.Machine))
                return new(Consumer.Kexec, Answer.NotDecided, $"the image is for {PeConstants.MachineName(image.Machine)}, whose rules are not known here; --arch says by whose it is to be judged: {Architectures}");
            KernelArchitecture architecture = ArchitectureOf(image, options.Architecture);
            string what = (kernel.IsUnified ? "the kernel of .linux, " : "")
                + (kernel.IsUnpacked ? "the Image inside, as kexec-tools 2.0.31 and later unpack it: " : kernel.IsUnified ? "as it is extracted: " : "");
            // A kernel inside has other bytes, and digests of its own.
            FileDigests own = kernel.IsUnified || kernel.IsUnpacked ? new(kernel.Open(), context) : digests;
            (KernelRelease release, bool isOwn) = KernelVersions.Of(options.Kernel, kernel);
            return Ask(kernel.Open(), own, architecture, release, isOwn, lists, [.. trusted, .. lists.Allowed.Certificates, .. lists.OwnerCertificates], what, context);
        }
        catch (KexecSignException refused)
        {
            return Verdict.Refused(Consumer.Kexec, refused);
        }
    }

    private static Verdict Ask(
        Layout file, FileDigests digests, KernelArchitecture architecture, KernelRelease release, bool isOwn, VerifyLists lists, ImmutableArray<X509Certificate2> trusted, string what,
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
            ? new(Consumer.Kexec, verdict.Signature is null ? Answer.DoesNotCheck : Answer.Accepts, what + verdict.Explanation + By(release, isOwn))
            : new(Consumer.Kexec, Answer.Refuses, $"{what}{verdict.Errno}: {verdict.Explanation}{(architecture == KernelArchitecture.RiscV64 ? RiscVNote(release) : "")}{By(release, isOwn)}", verdict.Rule?.Id ?? VerifyErrors.KernelRefuses.Id);
    }

    /// <summary>The signature that the kernel looks at; null when there is none.</summary>
    public static AuthenticodeSignature? Signature(KernelInside kernel)
    {
        Layout file = kernel.Open();
        PeImage image = PeReader.Read(file);
        ImmutableArray<CertificateEntry> entries = CertificateTable.Read(image, file);
        return entries.IsEmpty ? null : AuthenticodeSignature.Decode(entries[0].Pkcs7());
    }

    private static string By(KernelRelease release, bool isOwn) => $" (by the rules of Linux {release}{(isOwn ? ", which it is itself" : "")})";

    // No loader of riscv has a verify_sig.
    private static string RiscVNote(KernelRelease release) => release.Has(KernelRule.RiscVImage)
        ? " No signature is checked: only IMA can, see --for ima."
        : $" Linux {release} loads ELF kernels only; since {KernelRules.Of(KernelRule.RiscVImage).Since} an Image is loaded, too, and no signature of either is checked: only IMA can, see --for ima.";

    // Neither kexec_efi_ops nor kexec_elf_ops of arch/loongarch has a verify_sig; before them there was no kexec_file_load.
    private static Verdict? SignatureFree(PeImage image, VerifyOptions options)
    {
        if (options.Architecture != "loongarch64" && (options.Architecture is not null || image.Machine != PeConstants.MachineLoongArch64))
            return null;
        KernelRuleFacts load = KernelRules.Of(KernelRule.LoongArchFileLoad);
        return options.Kernel is { } named && !load.Holds(KernelRelease.TryParse(named)!.Value)
            ? new(Consumer.Kexec, Answer.Refuses, $"ENOSYS: loongarch has kexec_file_load since {load.Since}, and Linux {named} is older", VerifyErrors.KernelRefuses.Id)
            : new(Consumer.Kexec, Answer.DoesNotCheck, $"loongarch has kexec_file_load since {load.Since}, without a check of signatures, and none before; only IMA can check: see --for ima");
    }

    // Without certificates only the arithmetic can be checked; that is what trusting the file's own signer does.
    private static ImmutableArray<X509Certificate2> OwnSigners(Layout file)
    {
        PeImage image = PeReader.Read(file);
        return [.. CertificateTable.Read(image, file).SelectMany(e => AuthenticodeSignature.Decode(e.Pkcs7()).Certificates)];
    }

    private static bool Knows(ushort machine) => machine is PeConstants.MachineArm64 or PeConstants.MachineAmd64 or PeConstants.MachineRiscV64;

    private static KernelArchitecture ArchitectureOf(PeImage image, string? wanted) => wanted switch
    {
        "arm64" => KernelArchitecture.Arm64,
        "x86_64" => KernelArchitecture.X64,
        "riscv64" => KernelArchitecture.RiscV64,
        null => image.Machine switch
        {
            PeConstants.MachineArm64 => KernelArchitecture.Arm64,
            PeConstants.MachineAmd64 => KernelArchitecture.X64,
            PeConstants.MachineRiscV64 => KernelArchitecture.RiscV64,
            _ => throw OperationErrors.OptionValue.With("arch", PeConstants.MachineName(image.Machine), Architectures),
        },
        _ => throw OperationErrors.OptionValue.With("arch", wanted, Architectures),
    };
}
