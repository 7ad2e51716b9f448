using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

/// <content>Debian's templates of packages to be signed.</content>
public static partial class OperationErrors
{
    /// <summary>A folder that is not, or not clearly, a template.</summary>
    internal static readonly ErrorCode TemplateUnclear = new(
        "KS3343", "there are {0} files.json in it, and below usr/share/code-signing.",
        "Unpack one *-signed-template package, and name its folder or its files.json.");

    /// <summary>A name that leads elsewhere.</summary>
    internal static readonly ErrorCode TemplateName = new(
        "KS3344", "the {0} '{1}' is not to be used: {2}.",
        "Template and packages are data: paths are relative to the package's root and stay below it.");

    /// <summary>A kind of signature that is not known.</summary>
    internal static readonly ErrorCode TemplateKind = new(
        "KS3345", "'sig_type' of '{0}' is '{1}', and only {2} are made.",
        "If this template is newer than this program, get a newer one; nothing was signed.");

    /// <summary>Signed code would trust somebody who was not named.</summary>
    internal static readonly ErrorCode TemplateTrust = new(
        "KS3346", "{0} trusts a certificate with the SHA-256 {1}, which is none of those that it may.",
        "Name the certificate with [option:trusted-cert CERT] if what this key signs may load what that one signs; if not, a test build "
            + "is about to be signed for production.");

    /// <summary>An unsigned package is not there, or there twice.</summary>
    internal static readonly ErrorCode TemplatePackage = new(
        "KS3347", "of the package {0} there is {1} in {2}.",
        "Give [option:from FOLDER] with {0} unpacked to FOLDER/{0} or with one {0}_VERSION_ARCH.deb, or [option:from FILE] of the "
            + "package itself.");

    /// <summary>Files to be signed are missing.</summary>
    internal static readonly ErrorCode TemplateFilesMissing = new(
        "KS3348", "{0} of {1} file(s) are not in their packages: {2}.",
        "Template and packages must come from one build; nothing was signed.");

    /// <summary>A .deb whose content is not to be signed.</summary>
    internal static readonly ErrorCode DebUnusable = new(
        "KS3349", "the package is not to be used: {0}.",
        "Check where it comes from, and build it again.");

    /// <summary>A module that its package has signed already.</summary>
    internal static readonly ErrorCode TemplateModuleSigned = new(
        "KS3350", "the module carries an appended signature already; the rules of the template would append the new one behind it, "
            + "and not to what was signed.",
        "Unpack the package, take the signature off with [run:module strip], and build package and template without it.");
}
