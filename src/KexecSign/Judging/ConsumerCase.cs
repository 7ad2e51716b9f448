using KexecSign.Core;
using KexecSign.Formats.Authenticode;
using KexecSign.Images;

namespace KexecSign.Judging;

/// <summary>What a consumer is asked about.</summary>
/// <param name="File">The file.</param>
/// <param name="Options">What the caller wants to know.</param>
/// <param name="Roles">Whom the machine trusts.</param>
/// <param name="Digests">Digests of the PE image; null when nobody who is asked wants them.</param>
/// <param name="Context">Run context.</param>
internal sealed record ConsumerCase(JudgedFile File, VerifyOptions Options, TrustedRoles Roles, ReadDigests? Digests, RunContext Context)
{
    /// <summary>A verdict with the dates of its signature taken into account.</summary>
    public Verdict Expire((Verdict, AuthenticodeSignature?) judged) => Expiry.Apply(judged, Options, Roles.Authorities, Context);
}
