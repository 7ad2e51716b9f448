using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Batches;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Judging;
using KexecSign.Modules;
using KexecSign.Signing;

namespace KexecSign.Commands.Modules;

/// <summary>Options of <c>module sign</c>.</summary>
public sealed record ModuleSignOptions
{
    /// <summary>Files, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>A file with more of them; null for none.</summary>
    public string? FilesFrom { get; init; }

    /// <summary>Key, certificate, PIN and digest.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>Output file for one file, output folder for several.</summary>
    public string? Output { get; init; }

    /// <summary>Whether the files are replaced.</summary>
    public bool InPlace { get; init; }

    /// <summary>Whether the certificate is named by its SubjectKeyIdentifier, as <c>sign-file -k</c> does.</summary>
    public bool KeyIdentifier { get; init; }

    /// <summary>Whether an appended signature that is there is taken away.</summary>
    public bool Replace { get; init; }

    /// <summary>Whether files are left alone whose signature holds by this key.</summary>
    public bool SkipSigned { get; init; }

    /// <summary>Whether FILE.p7s is written and the file itself left alone.</summary>
    public bool Detached { get; init; }

    /// <summary>Whether FILE.p7s is written besides.</summary>
    public bool SaveSignature { get; init; }

    /// <summary>A PKCS#7 that was made elsewhere and is appended as it is; null for signing with the key.</summary>
    public string? Signature { get; init; }
}

/// <summary>Result of <c>module sign</c>.</summary>
/// <param name="DigestAlgorithm">Hash algorithm.</param>
/// <param name="Signer">Subject of the signer's certificate.</param>
/// <param name="Files">What became of each file, in the order of selection.</param>
public sealed record ModuleSignResult(string DigestAlgorithm, string Signer, ImmutableArray<FileOutcome> Files) : OperationResult
{
    /// <summary>Subject of the signer's certificate.</summary>
    public string Signer
    {
        get => field.Length > 0 || Subject.IsEmpty ? field : new X500DistinguishedName(Subject.Span).Name;
        init;
    }
    = Signer;

    /// <summary>What became of each file, in the order of selection.</summary>
    public ImmutableArray<FileOutcome> Files { get; init; } = Files;

    /// <summary>DER of the subject, where its text was not made: the cryptographic library would be loaded for what few read.</summary>
    internal ReadOnlyMemory<byte> Subject { get; init; }

    /// <inheritdoc/>
    public override ExitCode Exit => Batch.Exit(Files);

    /// <inheritdoc/>
    public override ReportView View() => BatchView.Of(
        $"signed {Files.Count(f => f.Status == FileStatus.Signed)} file(s) as {Signer}, {DigestAlgorithm}", Files);
}

/// <summary><c>module sign</c>: appended signatures, as scripts/sign-file makes them.</summary>
internal static class ModuleSignOperation
{
    private const string Beside = ".p7s";

    public static Operation<ModuleSignOptions, ModuleSignResult> Definition { get; } = new()
    {
        Name = "module sign",
        Summary = "Append signatures to kernel modules, as the kernel's sign-file does; also to vmlinux, s390 and powerpc kernels and "
            + "parser ELFs.",
        Details = "Takes files, folders (every .ko, .ko.gz, .ko.xz and .ko.zst below them) and quoted patterns. Compressed modules are "
            + "opened, signed and closed again. The token is logged in to once; each file appears whole or not at all, so a run that was "
            + "interrupted can be run again. ML-DSA keys sign the content itself, for Linux 7.0 and later with CONFIG_CRYPTO_MLDSA. When "
            + "some files fail the others are signed and the exit code is 3. Sign for IMA afterwards: IMA hashes the signature, too.",
        Body = Run,
        SignsElsewhere = true,
        Shortcut = AgentModuleSigning.TryRun,
        Plan = o =>
        {
            ImmutableArray<SelectedFile> files = ModuleSelection.Of(o.Files, o.FilesFrom, "module sign");
            return
            [
                .. PlannedStep.Read(files.Select(f => f.Path)),
                .. files.SelectMany(f => PlannedStep.Sign(f.Path, o.Signing.Key, o.Signing.Certificate)),
                .. PlannedStep.Write(BatchTargets.Of(files, o.Files, o.Output, o.InPlace)),
            ];
        },
        TypedResult = () => ModuleJson.Default.ModuleSignResult,
        MakeArguments = () => [new("FILE", "The module, folder or pattern, or several.", (o, v) => o with { Files = o.Files.Add(v) },
            required: false, repeatable: true)],
        MakeOptions = () =>
        [
            .. SigningOptionSpecs.All<ModuleSignOptions>("that signs", HashUses.Module, o => o.Signing, (o, s) => o with { Signing = s }),
            BatchSelection.FilesFrom<ModuleSignOptions>((o, v) => o with { FilesFrom = v }),
            new("o", "PATH", "Output file for one file, existing folder for several.", (o, v) => o with { Output = v }),
            new("in-place", null, "Replace the files.", (o, _) => o with { InPlace = true }),
            new("skid", null, "Name the certificate by its SubjectKeyIdentifier instead of issuer and serial number.",
                (o, _) => o with { KeyIdentifier = true }),
            new("replace", null, "Take away an appended signature that is there.", (o, _) => o with { Replace = true }),
            new("detached", null, "Write the PKCS#7 to FILE.p7s, as 'sign-file -d' does, and leave the file alone.",
                (o, _) => o with { Detached = true }),
            new("save-signature", null, "Write the PKCS#7 to FILE.p7s besides, as 'sign-file -p' does.",
                (o, _) => o with { SaveSignature = true }),
            new("signature", "FILE", "Append this PKCS#7, made elsewhere, instead of signing; for one file.",
                (o, v) => o with { Signature = v }),
            new("skip-signed", null, "Verify signatures that are there and leave files alone whose signature holds by this key.",
                (o, _) => o with { SkipSigned = true }),
        ],
        Examples =
        [
            new("kexecsign module sign debian/tmp/lib/modules --in-place --replace --skip-signed --key 'pkcs11:object=modules' --cert "
                + "modules.pem",
                "Sign every module of a kernel package in one login; what an interrupted run has signed already is left alone."),
            new("kexecsign module sign vmlinux --key modules.key --cert modules.pem -o vmlinux.signed", "Append a signature to one file."),
        ],
    };

    private static ModuleSignResult Run(ModuleSignOptions options, RunContext context)
    {
        ImmutableArray<SelectedFile> files = ModuleSelection.Of(options.Files, options.FilesFrom, "module sign");
        if (options.Signature is not null)
            return ModuleAttachment.Run(options, files, context);
        if (options is { Detached: true, Output: not null } or { Detached: true, InPlace: true })
            throw OperationErrors.OptionsConflict.With(new NamedOption("detached"), options.InPlace
                ? new NamedOption("in-place")
                : new NamedOption("o"));
        Dictionary<string, string> targetOf = BatchTargets.ByFile(files, options.Files, options.Output, options.InPlace
            || options.Detached);
        SigningIdentity identity = SigningIdentity.Open("module sign", options.Signing, context, MlDsaUse.Taken);
        SignerName name = options.KeyIdentifier
            ? SignerName.ByKeyIdentifier(identity.Certificate)
            : SignerName.ByIssuer(identity.Certificate);
        ImmutableArray<FileOutcome> outcomes = Batch.Run(files, "sign", context, FileOutcome.Of, (file, commit, step, answer) =>
        {
            using var module = ModuleFile.Open(file, context.Cancellation);
            if (module.Existing is not null && options.SkipSigned && HoldsBy(identity, module, context))
            {
                UntouchedFile.Leave(
                    file, module.Source, targetOf[file.Path], options.InPlace,
                    new FileOutcome(file.Path, FileStatus.Skipped) { Note = "signed by this key already" },
                    commit, step, answer, FileOutcome.Of, context.Cancellation);
                return;
            }
            if (module.Existing is not null && !options.Replace)
                throw OperationErrors.AppendedAlready.With();
            AuthenticodeTable.RefuseIn(module.Content);
            RawContent.RequireSignable(module.Content);
            if (options.Detached)
            {
                Detach(file, module, identity, name, commit, step, answer, context);
                return;
            }
            OutputFile output = BatchTargets.Create(targetOf[file.Path], file, options.InPlace, commit.Folders);
            var signed = new FileOutcome(file.Path, FileStatus.Signed) { Output = output.Path, Note = module.Note };
            commit.Add(
                output, o => signed = signed with
                {
                    Digest = Convert.ToHexStringLower(Write(module, o, identity, name, options.SaveSignature ? file.Path : null, step,
                    context)),
                },
                refused => answer(refused is null ? signed : FileOutcome.Of(file, refused)));
        });
        return new(identity.Hash.Name!, identity.Certificate.Subject, outcomes);
    }

    // What sign-file -d writes: the PKCS#7 without the trailer that tells the kernel where it begins.
    private static void Detach(
        SelectedFile file, ModuleFile module, SigningIdentity identity, SignerName name, GroupCommit commit, IRunStep step,
            Action<FileOutcome> answer, RunContext context)
    {
        OutputFile output = OutputFile.Create(file.Path + Beside, commit.Folders, file.Path);
        var signed = new FileOutcome(file.Path, FileStatus.Signed) { Output = output.Path, Note = module.Note };
        commit.Add(
            output, o =>
            {
                byte[] digest = ContentPass.Run(module.Content, identity.Hash, null, step, context.Cancellation);
                o.WriteWhole(ModuleSignature.Make(module, digest, identity, name, file.Path, context), default);
                signed = signed with { Digest = Convert.ToHexStringLower(digest) };
            },
            refused => answer(refused is null ? signed : FileOutcome.Of(file, refused)));
    }

    private static byte[] Write(
        ModuleFile module, OutputFile output, SigningIdentity identity, SignerName name, string? saveBeside, IRunStep step,
            RunContext context)
    {
        bool plain = module.Compression == ModuleCompression.None;
        bool inPieces = plain && module.Content.Extents is not [BytesExtent];
        byte[] digest = ContentPass.Run(module.Content, identity.Hash, inPieces ? output : null, step, context.Cancellation);
        byte[] signedData = ModuleSignature.Make(module, digest, identity, name, module.Source.Path, context);
        if (saveBeside is not null)
            WrittenFile.Write(Layout.Of(signedData), saveBeside + Beside, [saveBeside], context);
        byte[] appended = AppendedSignature.Encode(signedData);
        if (inPieces)
            output.Write(appended, module.Content.Length + appended.Length);
        else if (plain)
            output.WriteWhole(((BytesExtent)module.Content.Extents[0]).Bytes, appended);
        Layout whole = module.Content.Append(appended);
        if (plain)
        {
            ReadBack.RequireWritten(whole, output);
            return digest;
        }
        ReadOnlyMemory<byte> packed = module.Pack(whole, context.Cancellation);
        output.Write(packed.Span);
        ReadBack.RequireWritten(Layout.Of(packed), output);
        return digest;
    }

    private static bool HoldsBy(SigningIdentity identity, ModuleFile module, RunContext context)
    {
        try
        {
            return ModuleCheck.Require(module, [identity.Certificate], SilentLog.Instance, context.Cancellation).Hash == identity.Hash;
        }
        catch (KexecSignException)
        {
            return false;
        }
    }
}
