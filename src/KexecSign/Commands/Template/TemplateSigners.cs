using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Commands.Template;

/// <summary>Who signs what a template wants signed.</summary>
/// <param name="Image">For EFI images; null when there are none.</param>
/// <param name="Module">For modules; null when there are none.</param>
internal sealed record TemplateSigners(SigningIdentity? Image, SigningIdentity? Module)
{
    private const string Operation = "template sign";

    /// <summary>The signer of a kind.</summary>
    public SigningIdentity Of(TemplateKind kind) => kind switch
    {
        TemplateKind.Efi => Image!,
        TemplateKind.LinuxModule => Module!,
    };

    /// <summary>Opens the keys that the template needs, and no others.</summary>
    /// <exception cref="KexecSignException">KS3010 and whatever opening keys raises.</exception>
    public static TemplateSigners Open(TemplateDocument template, TemplateSignOptions options, RunContext context)
    {
        SigningOptions own = options.Module;
        if (own.Key is null != own.Certificate is null)
            throw OperationErrors.OptionMissing.With(Operation, new NamedOption(own.Key is null ? "module-key" : "module-cert"));
        bool images = template.Entries.Any(entry => entry.Kind == TemplateKind.Efi);
        bool modules = template.Entries.Any(entry => entry.Kind == TemplateKind.LinuxModule);
        SigningIdentity? image = images ? SigningIdentity.Open(Operation, options.Signing, context) : null;
        SigningIdentity? module = !modules ? null
            : own.Key is null ? image ?? SigningIdentity.Open(Operation, options.Signing, context, MlDsaUse.Taken)
            : SigningIdentity.Open(
                Operation, own with { Pin = options.Signing.Pin, Digest = own.Digest ?? options.Signing.Digest }, context, MlDsaUse.Taken);
        SharedKeys.Warn([("EFI images", image), ("modules", module)], context);
        return new(image, module);
    }

    /// <summary>
    /// Refuses code that trusts others than those named: who builds a test kernel says so in <c>trusted_certs</c>, and a production key
    /// does not vouch for what a test key signs.
    /// </summary>
    /// <exception cref="KexecSignException">KS3346 and whatever opening certificates raises.</exception>
    public static void RequireTrust(TemplateDocument template, TemplateSignOptions options, RunContext context)
    {
        if (template.Packages.All(package => package.Trusted.IsEmpty))
            return;
        ImmutableHashSet<string> allowed = [.. TrustedCertificates.Open(options.TrustedCertificates, options.Signing.Pin, context)
            .Select(certificate => certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant())];
        foreach (TemplatePackage package in template.Packages)
        {
            if (package.Trusted.FirstOrDefault(trusted => !allowed.Contains(trusted)) is { } stranger)
                throw OperationErrors.TemplateTrust.With(package.Name, stranger).In(template.Path);
        }
    }
}
