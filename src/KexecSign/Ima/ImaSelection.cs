using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Keys.Pins;

namespace KexecSign.Ima;

/// <summary>Which files the IMA commands work on.</summary>
internal static class ImaSelection
{
    /// <summary>Every regular file below folders but sidecars, and whatever was named itself.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS3901, KS3902.</exception>
    public static ImmutableArray<SelectedFile> Of(ImmutableArray<string> files, string? list, string operation) =>
        files.IsEmpty && list is null
            ? throw OperationErrors.OptionMissing.With(operation, "a FILE or --files-from")
            : SelectedFile.Of(files, list, name => !name.EndsWith(".sig", StringComparison.Ordinal), "file");

    /// <summary>The certificates of the .ima keyring.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3010, KS2xxx.</exception>
    public static ImmutableArray<X509Certificate2> Trusted(ImmutableArray<string> references, string operation, RunContext context) =>
        references.IsEmpty
            ? throw OperationErrors.OptionMissing.With(operation, "--cert")
            : [.. references.Select(c => context.Keyring.OpenCertificates(c, new PinOptions(), context.Cancellation)[0])];

    /// <summary>A value's kind in words.</summary>
    public static string Described(ImaSignature signature) =>
        $"{(signature.Type == ImaSignature.VerityDigsig ? "fs-verity digest" : "file")}, version {signature.Version}, {signature.Hash.Name}, key id {signature.KeyId:x8}";
}
