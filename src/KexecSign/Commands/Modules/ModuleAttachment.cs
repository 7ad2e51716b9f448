using System.Collections.Immutable;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Modules;

namespace KexecSign.Commands.Modules;

/// <summary>Appends a PKCS#7 that was made elsewhere, as <c>sign-file -s</c> does; whose it is, the kernel will ask.</summary>
internal static class ModuleAttachment
{
    /// <summary>Appends it to the one file that was selected.</summary>
    /// <exception cref="KexecSignException">KS1423, KS3011, KS3860 and others.</exception>
    public static ModuleSignResult Run(ModuleSignOptions options, ImmutableArray<SelectedFile> files, RunContext context)
    {
        if (files.Length != 1 || options.Detached || options.Signing.Key is not null)
            throw OperationErrors.OptionsConflict.With(new NamedOption("signature"), files.Length != 1 ? "several files"
                : options.Detached ? new NamedOption("detached")
                : new NamedOption("key"));
        SelectedFile file = files[0];
        string target = BatchTargets.Of(files, options.Files, options.Output, options.InPlace)[0];
        byte[] signedData = WholeFile.Read(options.Signature!, 1 << 20, "a signature");
        DetachedSigner signer = Signer(signedData, options.Signature!);
        using var module = ModuleFile.Open(file, context.Cancellation);
        if (module.Existing is not null && !options.Replace)
            throw OperationErrors.AppendedAlready.With().In(file.Path);
        AuthenticodeTable.RefuseIn(module.Content);
        Layout whole = module.Content.Append(AppendedSignature.Encode(signedData));
        if (module.Compression != Compression.ModuleCompression.None)
            whole = Layout.Of(Compression.ModuleCodec.Close(whole.ReadBytes(0, whole.Length), module.Compression));
        WrittenFile.Write(whole, target, options.InPlace ? [] : [file.Path], context);
        return new(signer.Hash.Name!, options.Signature!,
            [new FileOutcome(file.Path, FileStatus.Signed) { Output = target, Note = module.Note }]);
    }

    private static DetachedSigner Signer(byte[] signedData, string path)
    {
        try
        {
            return DetachedSignedData.Decode(signedData)[0];
        }
        catch (KexecSignException broken)
        {
            throw OperationErrors.RawSignatureUnsound.Because(broken, broken.Says).In(path);
        }
    }
}
