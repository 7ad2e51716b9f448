using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Judging;

namespace KexecSign.Ima;

/// <summary>Which files the IMA commands work on.</summary>
internal static class ImaSelection
{
    /// <summary>Every regular file below folders but sidecars, and whatever was named itself.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS3901, KS3902.</exception>
    public static ImmutableArray<SelectedFile> Of(ImmutableArray<string> files, string? list, string operation) =>
        new BatchSelection(operation, "file", name => !name.EndsWith(".sig", StringComparison.Ordinal)).Of(files, list);

    /// <summary>
    /// The files without manifests of signatures where packages install them: those say what is to be on the others, and cannot have been
    /// signed before they were written. One that is no manifest is a file like any other.
    /// </summary>
    public static (ImmutableArray<SelectedFile> Files,
        ImmutableArray<SelectedFile> Manifests) WithoutManifests(ImmutableArray<SelectedFile> files)
    {
        ImmutableArray<SelectedFile> manifests = [.. files.Where(f => IsInstalledManifest(f.Path))];
        return manifests.IsEmpty ? (files, []) : ([.. files.Except(manifests)], manifests);
    }

    private static bool IsInstalledManifest(string path)
    {
        if (!path.EndsWith(ImaManifest.Extension, StringComparison.Ordinal)
            || !Path.GetFullPath(path).Contains(ImaManifest.Folder, StringComparison.Ordinal))
            return false;
        try
        {
            return !ImaManifest.Read(path).IsEmpty;
        }
        catch (KexecSignException refused) when (Failure.IsAnswer(refused) || refused.Code == OperationErrors.ManifestLine)
        {
            return false;
        }
    }

    /// <summary>The certificates of the .ima keyring.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS2xxx.</exception>
    public static ImmutableArray<X509Certificate2> Trusted(ImmutableArray<string> references, string operation, RunContext context) =>
        references.IsEmpty
            ? throw OperationErrors.OptionMissing.With(operation, new NamedOption("cert"))
            : TrustedCertificates.Open(references, context);

    /// <summary>A value's kind in words.</summary>
    public static string Described(ImaSignature signature) =>
        $"{(signature.Type == ImaSignature.VerityDigsig ? "fs-verity digest" : "file")}, version {signature.Version}, "
            + $"{signature.Hash.Name}, key id {signature.KeyId:x8}";
}
