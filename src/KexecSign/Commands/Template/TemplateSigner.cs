using System.Collections.Immutable;
using KexecSign.Batches;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Modules;
using KexecSign.Signing;

namespace KexecSign.Commands.Template;

/// <summary>Makes the signatures of a template, each in a file of its own.</summary>
internal sealed class TemplateSigner(TemplateSources sources, TemplateSigners signers, string folder, RunContext context)
{
    private const string Ending = ".sig";

    private readonly Dictionary<string, TemplateSource> _byName =
        sources.Files.ToDictionary(source => source.Shown.Path, StringComparer.Ordinal);

    /// <summary>Where the signature of a file goes.</summary>
    public static string Target(string folder, TemplateEntry entry) => Path.Combine(folder, entry.Package, entry.Path + Ending);

    /// <summary>Signs all.</summary>
    public ImmutableArray<TemplateSignedFile> SignAll()
    {
        BatchTargets.RequireNoInput(
            [.. sources.Files.Select(source => source.Source)], sources.Files.Select(source => Target(folder, source.Entry)));
        return Batch.Run(
            [.. sources.Files.Select(source => source.Shown)], "sign", context, (file, refused) => Failed(_byName[file.Path], refused),
            Sign);
    }

    private static TemplateSignedFile Outcome(TemplateSource source, FileStatus status) => new(source.Shown.Path, status)
    {
        Package = source.Entry.Package,
        Path = source.Entry.Path,
        SigType = TemplateDocument.Word(source.Entry.Kind),
        Note = TemplateDocument.Word(source.Entry.Kind),
    };

    private static TemplateSignedFile Failed(TemplateSource source, KexecSignException refused) =>
        FileOutcome.Failing(Outcome(source, FileStatus.Failed), refused);

    private void Sign(SelectedFile file, GroupCommit commit, IRunStep step, Action<TemplateSignedFile> answer)
    {
        TemplateSource source = _byName[file.Path];
        SigningIdentity identity = signers.Of(source.Entry.Kind);
        OutputFile output = BatchTargets.Create(Target(folder, source.Entry), source.Source, inPlace: false, commit.Folders);
        TemplateSignedFile signed = Outcome(source, FileStatus.Signed) with
        {
            Output = output.Path,
            DigestAlgorithm = identity.Hash.Name,
            Signer = identity.Certificate.Subject,
        };
        commit.Add(output, Write, refused => answer(refused is null ? signed : Failed(source, refused)));

        void Write(OutputFile into)
        {
            (signed, byte[] pkcs7) = source.Entry.Kind switch
            {
                TemplateKind.Efi => Image(source, signed, identity, step),
                TemplateKind.LinuxModule => Module(source, signed, identity, step),
            };
            into.WriteWhole(pkcs7, default);
            ReadBack.RequireWritten(Layout.Of(pkcs7), into);
        }
    }

    private (TemplateSignedFile Signed, byte[] Pkcs7) Image(
        TemplateSource source, TemplateSignedFile signed, SigningIdentity identity, IRunStep step)
    {
        using FileSource file = source.Source.Open();
        var pending = PendingSignature.Prepare(file.ToLayout(), identity, ExistingSignatures.Replace, fit: false);
        if (pending.Image.IsSigned)
        {
            context.Log.Warning($"{signed.File}: the image is signed already; 'sbattach --attach' puts the new signature behind, "
                + "and the kernel's kexec reads the first alone");
        }
        (byte[] digest, byte[] pkcs7) = DetachedSignature.Make(pending, identity, signed.File, null, step, context);
        return (signed with { Digest = Convert.ToHexStringLower(digest) }, pkcs7);
    }

    private (TemplateSignedFile Signed, byte[] Pkcs7) Module(
        TemplateSource source, TemplateSignedFile signed, SigningIdentity identity, IRunStep step)
    {
        using var module = ModuleFile.Open(source.Source, context.Cancellation);
        if (module.Existing is not null)
            throw OperationErrors.TemplateModuleSigned.With();
        AuthenticodeTable.RefuseIn(module.Content);
        RawContent.RequireSignable(module.Content);
        // The template is data: what it calls a module may be a script or a kernel, whose bare signature would hold elsewhere.
        ElfHead.RequireRelocatable(module.Content.ReadBytes(0, Math.Min(ElfHead.Size, module.Content.Length)), "the module");
        byte[] digest = ContentPass.Run(module.Content, identity.Hash, null, step, context.Cancellation);
        var signer = SignerName.ByIssuer(identity.Certificate);
        byte[] pkcs7 = ModuleSignature.Make(module, digest, identity, signer, signed.File, context);
        if (module.Compression != ModuleCompression.None)
            signed = signed with
            {
                Note = $"{signed.Note}, {module.Note}: 'sign-file -s' does not open it, 'module sign --signature' does",
            };
        return (signed with { Digest = Convert.ToHexStringLower(digest) }, pkcs7);
    }
}
