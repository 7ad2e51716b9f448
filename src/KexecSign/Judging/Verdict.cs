using System.Collections.Immutable;
using System.Text.Json.Serialization;
using KexecSign.Formats.Errors;

namespace KexecSign.Judging;

/// <summary>What a consumer would do.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Answer>))]
public enum Answer
{
    /// <summary>It takes the file.</summary>
    Accepts,

    /// <summary>It refuses the file.</summary>
    Refuses,

    /// <summary>Something is there for it, but no certificate was given to judge it by.</summary>
    NotChecked,
}

/// <summary>A consumer's verdict.</summary>
/// <param name="Consumer">Who.</param>
/// <param name="Answer">What it would do.</param>
/// <param name="Reason">Why, in one sentence with the numbers that count.</param>
/// <param name="Code">KS code of a refusal.</param>
public sealed record Verdict(Consumer Consumer, Answer Answer, string Reason, string? Code = null)
{
    /// <summary>What we would not accept ourselves, but this consumer does: beside the verdict, never in its place.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>Where the rules that were applied stand.</summary>
    public string Rule => Consumer switch
    {
        Consumer.Firmware => "UEFI 32.5; EDK2 2026.08 SecurityPkg DxeImageVerificationLib.c, CryptoPkg CryptAuthenticode.c",
        Consumer.Shim => "shim 16.1 verify.c, verify_buffer_authenticode(), verify_buffer_sbat()",
        Consumer.Kexec => "Linux kernel/kexec_file.c, crypto/asymmetric_keys/verify_pefile.c, pkcs7_verify.c, pkcs7_trust.c",
        Consumer.Ima => "Linux security/integrity/digsig_asymmetric.c",
        _ => "Linux kernel/kexec_bpf_loader.c, kernel/kexec_pe_image.c of the kexec BPF series",
    };

    /// <summary>A refusal for the reason an error states.</summary>
    public static Verdict Refused(Consumer consumer, KexecSignException because) => new(consumer, Answer.Refuses, because.Says, because.Code.Id);
}
