using System.Collections.Immutable;
using KexecSign.Signing;

namespace KexecSign.Commands.Template;

/// <summary>Options of <c>template sign</c>.</summary>
public sealed record TemplateSignOptions
{
    /// <summary>The unpacked template, or its files.json.</summary>
    public string Template { get; init; } = "";

    /// <summary>Folders that hold the unsigned packages, unpacked or not, and packages by themselves.</summary>
    public ImmutableArray<string> From { get; init; } = [];

    /// <summary>Key, certificate, PIN and digest for EFI images; for modules, too, when these have none of their own.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>Key and certificate for modules.</summary>
    public SigningOptions Module { get; init; } = new();

    /// <summary>Certificates that the signed code may trust.</summary>
    public ImmutableArray<string> TrustedCertificates { get; init; } = [];

    /// <summary>The folder of the signatures.</summary>
    public string Output { get; init; } = "";
}
