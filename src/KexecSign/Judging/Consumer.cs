using System.Collections.Immutable;
using KexecSign.Judging.Firmwares;
using KexecSign.Parsers;

namespace KexecSign.Judging;

/// <summary>Who may look at a kernel image on its way to being run; what is known of each stands in <c>ConsumerFacts</c>.</summary>
public enum Consumer
{
    /// <summary>UEFI firmware with Secure Boot (EDK2's DxeImageVerificationLib).</summary>
    Firmware,

    /// <summary>shim, asked by a boot loader.</summary>
    Shim,

    /// <summary><c>kexec_file_load</c> of a Linux kernel that enforces signatures.</summary>
    Kexec,

    /// <summary>IMA appraisal.</summary>
    Ima,

    /// <summary>A kernel of the kexec BPF series, looking for a parser.</summary>
    Bpf,
}

/// <summary>The signature that a consumer looks at: certificates without a role count for one of these.</summary>
internal enum SignatureRead
{
    /// <summary>Of the PE image.</summary>
    OfImage,

    /// <summary>Of the kernel inside, where there is one; else of the PE image.</summary>
    OfKernel,

    /// <summary>In an extended attribute or sidecar.</summary>
    ForIma,

    /// <summary>None.</summary>
    None,
}

/// <summary>
/// A consumer, whom it trusts and how it judges: the one table that options, policies, schemas, verdicts and reports ask.
/// </summary>
/// <param name="Consumer">Who.</param>
/// <param name="Word">Its name in options, policies and reports.</param>
/// <param name="Rule">Where its rules stand.</param>
/// <param name="Reads">The signature that it looks at.</param>
/// <param name="Judge">Its verdict.</param>
internal sealed record ConsumerFacts(Consumer Consumer, string Word, string Rule, SignatureRead Reads, Func<ConsumerCase, Verdict> Judge)
{
    /// <summary>Whether anybody is trusted: where nobody is, an answer can be no, but never yes.</summary>
    public required Func<TrustedRoles, bool> IsAnybodyTrusted { get; init; }

    /// <summary>Whether it is asked when nobody says who is: when the file has something for it.</summary>
    public required Func<JudgedFile, VerifyOptions, bool> IsConcerned { get; init; }

    /// <summary>Its verdict on the kernel of an architecture that reads no PE signature; null for one that there is not.</summary>
    public Func<ConsumerCase, Verdict>? JudgeOtherKernel { get; init; }

    /// <summary>What it says of its own when it was not told whom to trust; null for the words that fit all.</summary>
    public string? TrustsNobody { get; init; }

    /// <summary>Asks for the digests that it will want, so that the file is read once for all.</summary>
    public Action<JudgedFile>? Announce { get; init; }

    /// <summary>Whether it wants the digests of the PE image.</summary>
    public bool WantsImageDigests { get; init; }

    /// <summary>All of them, in the order in which they are named and asked.</summary>
    public static ImmutableArray<ConsumerFacts> All { get; } =
    [
        new(Consumer.Firmware, "firmware", "UEFI 32.5; EDK2 SecurityPkg DxeImageVerificationLib.c, CryptoPkg CryptAuthenticode.c",
            SignatureRead.OfImage,
            c => c.Expire(FirmwareCheck.AsFirmware(c.File.Image, c.File.Content, c.Digests!, c.Roles.Lists, c.Roles.Db,
                FirmwareModel.Of(c.Options.Firmware))))
        {
            IsAnybodyTrusted = roles => !roles.Db.IsEmpty || roles.Lists.Allowed != SignatureDatabase.Empty,
            IsConcerned = (_, _) => true,
            WantsImageDigests = true,
        },
        new(Consumer.Shim, "shim", "shim 16.1 verify.c, verify_buffer_authenticode(), verify_buffer_sbat()", SignatureRead.OfImage,
            c => c.Expire(ShimCheck.AsShim(c.File.Image, c.File.Content, c.Digests!, c.Roles.Lists, c.Roles.Db)))
        {
            IsAnybodyTrusted = roles =>
                !roles.Db.IsEmpty || roles.Lists.Allowed != SignatureDatabase.Empty || !roles.Lists.OwnerCertificates.IsEmpty,
            // Nothing in a file says that shim will be asked.
            IsConcerned = (_, _) => false,
            WantsImageDigests = true,
        },
        new(Consumer.Kexec, "kexec", "Linux kernel/kexec_file.c, crypto/asymmetric_keys/verify_pefile.c, pkcs7_verify.c, pkcs7_trust.c",
            SignatureRead.OfKernel,
            c => c.Expire(KexecCheck.AsKexec(c)))
        {
            IsAnybodyTrusted = roles =>
                !roles.Kexec.IsEmpty || !roles.Db.IsEmpty || !roles.Lists.Allowed.Certificates.IsEmpty
                    || !roles.Lists.OwnerCertificates.IsEmpty,
            IsConcerned = (file, _) => KexecCheck.HasSignedKernel(file.Kernel),
            JudgeOtherKernel = c => OtherKernels.Judge(c.File, c.Options.Architecture!, c.Options.Applied, c.Roles, ImaRelease.Of(c),
                c.Context),
            TrustsNobody = "the signature holds; whose it is was not checked, because no certificate was given that the kernel trusts",
            WantsImageDigests = true,
        },
        new(Consumer.Ima, "ima", "Linux security/integrity/digsig_asymmetric.c", SignatureRead.ForIma,
            c => ImaAppraisal.Judge(c.File, c.Options.Applied || c.Options.Consumers.IsEmpty, c.Roles.Ima, ImaRelease.Of(c), c.Context))
        {
            IsAnybodyTrusted = roles => !roles.Ima.IsEmpty,
            // An IMA signature brings no certificate along: without one nothing of it can be computed.
            IsConcerned = (file, options) => file.Ima.Any && !options.NoTrust,
            JudgeOtherKernel = c => ImaAppraisal.Judge(c.File, c.Options.Applied, c.Roles.Ima, ImaRelease.Of(c), c.Context),
            Announce = ImaAppraisal.Announce,
        },
        new(Consumer.Bpf, "bpf", "Linux kernel/kexec_bpf_loader.c, kernel/kexec_pe_image.c of the kexec BPF series", SignatureRead.None,
            c => BpfCheck.Judge(c.File.Image, c.File.Content, c.Context))
        {
            // It runs a parser and looks at no signature: of the parser's, firmware and kexec speak.
            IsAnybodyTrusted = _ => true,
            IsConcerned = (file, _) => file.Image.FindSection(ParserSection.Name) is not null,
        },
    ];

    /// <summary>The words of all.</summary>
    public static ImmutableArray<string> Words { get; } = [.. All.Select(facts => facts.Word)];

    /// <summary>Of a consumer.</summary>
    public static ConsumerFacts Of(Consumer consumer) => All.First(facts => facts.Consumer == consumer);

    /// <summary>By its word; null when there is none.</summary>
    public static ConsumerFacts? Named(string word) => All.FirstOrDefault(facts => facts.Word == word);
}
