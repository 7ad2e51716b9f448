using KexecSign.Formats.Errors;
using KexecSign.Zboot;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Signing;

namespace KexecSign.Commands.Zboot;

/// <summary>One way to sign the Image inside, and what has to be told when it is taken.</summary>
/// <param name="Identity">Who signs; null when nobody does.</param>
/// <param name="Told">A warning; null for what was asked for in the first place.</param>
internal sealed record RepackSigner(SigningIdentity? Identity, string? Told)
{
    private const string Operation = "zboot repack";

    /// <summary>
    /// The ways that the caller allows, the wanted one first. Whose key signs and which certificates travel along decide what accepts
    /// the kernel, so nothing is changed that was not offered.
    /// </summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS2xxx; of all keys at once, not after minutes of
    /// compressing.</exception>
    public static IReadOnlyList<RepackSigner> AllowedBy(ZbootRepackOptions options, RunContext context)
    {
        bool signs = options.Replacement is null || options.Signing.Key is not null;
        if (!signs && (options.Smaller.Key is not null || options.Smaller.Certificate is not null || options.MayDropChain))
            throw OperationErrors.OptionMissing.With(
                Operation, $"{new NamedOption("key")} (for {new NamedOption("smaller-key")} and {new NamedOption("may-drop-chain")})");
        if (!signs)
            return [new(null, null)];
        SigningIdentity wanted = SigningIdentity.Open(Operation, options.Signing, context);
        List<RepackSigner> signers = [new(wanted, null)];
        if (options.MayDropChain && wanted.Certificates.Count > 1)
            signers.Add(new(WithoutChain(
                wanted),
                $"the signature does not fit with its chain, so {Chain(wanted)} left out: what checks it has to know its issuer."));
        if (Smaller(options, context) is not { } smaller)
            return signers;
        signers.Add(new(smaller, $"the signature of --key does not fit, so --smaller-key signs: {smaller.Certificate.Subject}."));
        if (options.MayDropChain && smaller.Certificates.Count > 1)
            signers.Add(new(WithoutChain(smaller), $"the signature of --key does not fit, so --smaller-key signs "
                + $"({smaller.Certificate.Subject}), and {Chain(smaller)} left out: what checks it has to know its issuer."));
        return signers;
    }

    private static SigningIdentity? Smaller(ZbootRepackOptions options, RunContext context)
    {
        SigningOptions smaller = options.Smaller;
        if (smaller.Key is null && smaller.Certificate is null)
            return null;
        if (smaller.Key is null || smaller.Certificate is null)
            throw OperationErrors.OptionMissing.With(Operation, smaller.Key is null
                ? new NamedOption("smaller-key")
                : new NamedOption("smaller-cert"));
        return SigningIdentity.Open(Operation, smaller with { Pin = options.Signing.Pin }, context);
    }

    private static SigningIdentity WithoutChain(SigningIdentity identity) => identity with { Certificates = [identity.Certificate] };

    private static string Chain(SigningIdentity identity) =>
        identity.Certificates.Count == 2
            ? "the certificate of its issuer is"
            : $"{identity.Certificates.Count - 1} certificates of its issuers are";
}
