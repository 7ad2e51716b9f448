using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Images;
using KexecSign.Simulation.Kexec;

namespace KexecSign.Judging;

/// <summary>
/// What <c>kexec_file_load</c> does with an image while signatures are enforced. Released kernels take no zboot image:
/// kexec-tools unpacks it and hands the kernel the Image inside, so that one is judged.
/// </summary>
internal static class KexecCheck
{
    // arch/riscv/kernel/kexec_image.c came with 6.16; no loader of riscv has a verify_sig.
    private const string RiscVNote = " Linux 6.12 loads ELF kernels only; since 6.16 an Image is loaded, too, and no signature of either is checked: only IMA can, see --for ima.";

    private const string Architectures = "arm64, x86_64, riscv64, loongarch64, s390x, powerpc64";

    /// <summary>The verdict, and the signature that it rests on.</summary>
    public static (Verdict, AuthenticodeSignature?) AsKexec(ConsumerCase asked)
    {
        Verdict verdict = Judge(
            asked.File.Image, asked.File.Kernel, asked.File.Digests, asked.Options, asked.Roles.Lists, asked.Roles.OfKernel, asked.Context);
        return (verdict, verdict.Answer == Answer.Accepts ? Signature(asked.File.Kernel) : null);
    }

    private static Verdict Judge(
        PeImage image, KernelInside kernel, FileDigests digests, VerifyOptions options, VerifyLists lists, ImmutableArray<X509Certificate2> trusted, RunContext context)
    {
        try
        {
            if (SignatureFree(image, options.Architecture) is { } free)
                return free;
            if (options.Architecture is null && !Knows(image.Machine))
                return new(Consumer.Kexec, Answer.NotDecided, $"the image is for {PeConstants.MachineName(image.Machine)}, whose rules are not known here; --arch says by whose it is to be judged: {Architectures}");
            KernelArchitecture architecture = ArchitectureOf(image, options.Architecture);
            string what = (kernel.IsUnified ? "the kernel of .linux, " : "")
                + (kernel.IsUnpacked ? "the Image inside, as kexec-tools 2.0.31 and later unpack it: " : kernel.IsUnified ? "as it is extracted: " : "");
            // A kernel inside has other bytes, and digests of its own.
            FileDigests own = kernel.IsUnified || kernel.IsUnpacked ? new(kernel.Open(), context) : digests;
            return Ask(kernel.Open(), own, architecture, lists, [.. trusted, .. lists.Allowed.Certificates, .. lists.OwnerCertificates], what, context);
        }
        catch (KexecSignException refused)
        {
            return Verdict.Refused(Consumer.Kexec, refused);
        }
    }

    private static Verdict Ask(
        Layout file, FileDigests digests, KernelArchitecture architecture, VerifyLists lists, ImmutableArray<X509Certificate2> trusted, string what, RunContext context)
    {
        var policy = new KernelPolicy
        {
            Enforced = true,
            Platform = trusted.IsEmpty ? OwnSigners(file) : trusted,
            Revoked = [.. lists.Revoked.Certificates, .. lists.OwnerRevoked.Certificates],
        };
        KexecVerdict verdict = KexecFileLoad.Judge(file, architecture, policy, digests.Of, context.Cancellation);
        return verdict.Accepted
            ? new(Consumer.Kexec, verdict.Signature is null ? Answer.DoesNotCheck : Answer.Accepts, what + verdict.Explanation)
            : new(Consumer.Kexec, Answer.Refuses, $"{what}{verdict.Errno}: {verdict.Explanation}{(architecture == KernelArchitecture.RiscV64 ? RiscVNote : "")}", verdict.Rule?.Id ?? VerifyErrors.KernelRefuses.Id);
    }

    /// <summary>The signature that the kernel looks at; null when there is none.</summary>
    public static AuthenticodeSignature? Signature(KernelInside kernel)
    {
        Layout file = kernel.Open();
        PeImage image = PeReader.Read(file);
        ImmutableArray<CertificateEntry> entries = CertificateTable.Read(image, file);
        return entries.IsEmpty ? null : AuthenticodeSignature.Decode(entries[0].Pkcs7());
    }

    // Neither kexec_efi_ops nor kexec_elf_ops of arch/loongarch has a verify_sig; before them there was no kexec_file_load.
    private static Verdict? SignatureFree(PeImage image, string? wanted) =>
        wanted == "loongarch64" || (wanted is null && image.Machine == PeConstants.MachineLoongArch64)
            ? new(Consumer.Kexec, Answer.DoesNotCheck, "loongarch has kexec_file_load since 6.18, without a check of signatures, and none before; only IMA can check: see --for ima")
            : null;

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

    /// <summary>Whether there is a signed kernel for it. A payload that cannot be opened counts: kexec then says what is wrong with it.</summary>
    public static bool HasSignedKernel(KernelInside kernel)
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
