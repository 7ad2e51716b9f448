using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;

namespace KexecSign.Judging;

/// <summary>
/// What a kernel that appraises by signature makes of a file: it reads security.ima and nothing beside it
/// (security/integrity/ima/ima_appraise.c, ima_appraise_measurement()). That a sidecar is right is another answer: it counts once applied.
/// </summary>
internal static class ImaAppraisal
{
    /// <summary>Says that the digests of a file's signatures will be asked for; of one that cannot be read, the verdict tells.</summary>
    public static void Announce(JudgedFile file)
    {
        foreach (byte[]? value in (ReadOnlySpan<byte[]?>)[file.Ima.Security, file.Ima.Sidecar])
        {
            try
            {
                if (value is not null && ImaValues.IsSignature(value)
                    && ImaSignature.Decode(value) is { Type: not ImaSignature.VerityDigsig } signature)
                    file.Digests.AnnounceWhole(signature.Hash);
            }
            catch (KexecSignException)
            {
                continue;
            }
        }
    }

    /// <summary>The verdict.</summary>
    /// <param name="file">The file.</param>
    /// <param name="withSidecar">Whether the file is meant as it will be once its sidecar is applied.</param>
    /// <param name="trusted">The .ima keyring.</param>
    /// <param name="release">By whose rules; null when it is asked only whether the signature holds.</param>
    /// <param name="context">Run context.</param>
    public static Verdict Judge(JudgedFile file, bool withSidecar, ImmutableArray<X509Certificate2> trusted, ImaRelease? release,
        RunContext context)
    {
        try
        {
            ImaValues values = file.Ima;
            if (values.Security is { } read)
                return OfAttribute(file, read, trusted, release, context);
            if (values.Sidecar is { } sidecar)
                return OfSidecar(file, sidecar, withSidecar, trusted, release, context);
            if (values.User is not null)
                throw VerifyErrors.ImaUserAlone.With(file.Path);
            return OfAppended(file, AppendedSignature.Find(file.Content) ?? throw VerifyErrors.NoImaSignature.With(file.Path), trusted,
                context);
        }
        catch (KexecSignException refused)
        {
            return Verdict.Refused(Consumer.Ima, refused);
        }
    }

    private static Verdict OfAttribute(JudgedFile file, byte[] value, ImmutableArray<X509Certificate2> trusted, ImaRelease? release,
        RunContext context)
    {
        if (!ImaValues.IsSignature(value))
            throw VerifyErrors.ImaDigestAlone.With($"{value[0]:x2}");
        Verdict verdict = ImaCheck.Judge(value, "security.ima", file, trusted, release, context);
        return verdict.Answer == Answer.Accepts && file.Ima.Sidecar is { } sidecar && !sidecar.AsSpan().SequenceEqual(value)
            ? verdict with { Reason = verdict.Reason + "; the sidecar holds another value, which no kernel reads" }
            : verdict;
    }

    private static Verdict OfSidecar(JudgedFile file, byte[] value, bool withSidecar, ImmutableArray<X509Certificate2> trusted,
        ImaRelease? release, RunContext context)
    {
        Verdict verdict = ImaCheck.Judge(value, "the sidecar", file, trusted, release, context);
        if (verdict.Answer != Answer.Accepts)
            return verdict;
        string reason = "once the sidecar is applied as security.ima ('kexecsign ima apply', or a package that does): " + verdict.Reason;
        return withSidecar ? verdict with { OnceApplied = true, Reason = reason }
            : verdict with { Answer = Answer.NotDecided, Reason = "the file has no security.ima; it would be accepted " + reason };
    }

    // Rules for kernels and modules may say appraise_type=imasig|modsig; whether this machine's do is not in the file.
    private static Verdict OfAppended(JudgedFile file, AppendedSignature signature, ImmutableArray<X509Certificate2> trusted,
        RunContext context)
    {
        if (trusted.IsEmpty)
            return new(Consumer.Ima, Answer.NotDecided, "an appended signature is there, but no certificate was given to check it by");
        using IRunStep step = context.Log.Step("hash", signature.ContentLength);
        (_, HashAlgorithmName hash, X509Certificate2 signer) =
            ModuleCheck.Require(file.Content.Slice(0, signature.ContentLength), signature, trusted, step, context.Cancellation);
        return new(Consumer.Ima, Answer.NotDecided,
            $"the appended signature holds by {signer.Subject}, {hash.Name}, but a kernel reads it only under rules with "
                + $"appraise_type=imasig|modsig; there is no security.ima");
    }
}
