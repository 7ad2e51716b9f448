using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Rpm;
using KexecSign.Ima;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Commands.Rpm;

/// <summary>Options of <c>rpm sign</c>.</summary>
public sealed record RpmSignOptions
{
    /// <summary>Packages, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>A file with more of them; null for none.</summary>
    public string? FilesFrom { get; init; }

    /// <summary>Key, certificate and PIN; the digest is the package's.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>Output file for one package, output folder for several.</summary>
    public string? Output { get; init; }

    /// <summary>Whether the packages are replaced.</summary>
    public bool InPlace { get; init; }

    /// <summary>Whether signatures of files that are there are made anew.</summary>
    public bool Replace { get; init; }

    /// <summary>Whether packages are left alone all of whose signatures hold by this key.</summary>
    public bool SkipSigned { get; init; }
}

/// <summary>Result of <c>rpm sign</c>.</summary>
/// <param name="Signer">Subject of the signer's certificate.</param>
/// <param name="Files">What became of each package, in the order of selection.</param>
public sealed record RpmSignResult(string Signer, ImmutableArray<FileOutcome> Files) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => Batch.Exit(Files);

    /// <inheritdoc/>
    public override ReportView View() => BatchView.Of(
        $"signed the files of {Files.Count(f => f.Status == FileStatus.Signed)} package(s) as {Signer}", Files);
}

/// <summary>
/// <c>rpm sign</c>: IMA signatures of a package's files in its signature header, as <c>rpmsign --signfiles</c> puts them there.
/// </summary>
internal static class RpmSignOperation
{
    public static Operation<RpmSignOptions, RpmSignResult> Definition { get; } = new()
    {
        Name = "rpm sign",
        Summary = "Put IMA signatures of the files into finished RPM packages, as 'rpmsign --signfiles' does.",
        Details = "Takes packages, folders (every .rpm below them) and quoted patterns. The digests that the package's header has of its "
            + "files are signed, once header and payload are held against the package's own digests and each file's digest against the "
            + "payload; nothing is unpacked to the disk, and OpenPGP signatures of the package stay valid. rpm's ima plugin sets "
            + "security.ima from them on installation. Give the packages their OpenPGP signature before or after.",
        Body = Run,
        SignsElsewhere = true,
        Plan = o =>
        {
            ImmutableArray<SelectedFile> files = RpmSelection.Of(o.Files, o.FilesFrom, "rpm sign");
            return
            [
                .. PlannedStep.Read(files.Select(f => f.Path)),
                .. files.SelectMany(f => PlannedStep.Sign(f.Path, o.Signing.Key, o.Signing.Certificate)),
                .. PlannedStep.Write(BatchTargets.Of(files, o.Files, o.Output, o.InPlace)),
            ];
        },
        TypedResult = () => RpmJson.Default.RpmSignResult,
        MakeArguments = () => [new("FILE", "The package, folder or pattern, or several.", (o, v) => o with { Files = o.Files.Add(v) },
            required: false, repeatable: true)],
        MakeOptions = () =>
        [
            .. SigningOptionSpecs.KeyAndCertificate<RpmSignOptions>("", "that signs", o => o.Signing, (o, s) => o with { Signing = s }),
            .. SigningOptionSpecs.Pins<RpmSignOptions>(o => o.Signing.Pin, (o, pin) => o with { Signing = o.Signing with { Pin = pin } }),
            BatchSelection.FilesFrom<RpmSignOptions>((o, v) => o with { FilesFrom = v }),
            new("o", "PATH", "Output file for one package, existing folder for several.", (o, v) => o with { Output = v }),
            new("in-place", null, "Replace the packages.", (o, _) => o with { InPlace = true }),
            new("replace", null, "Sign files anew that have a signature.", (o, _) => o with { Replace = true }),
            new("skip-signed", null, "Verify signatures that are there and leave packages alone whose every file is signed by this key.",
                (o, _) => o with { SkipSigned = true }),
        ],
        Examples =
        [
            new("kexecsign rpm sign RPMS --in-place --replace --skip-signed --key 'pkcs11:object=ima' --cert ima.pem",
                "Sign the files of all packages of a build in one login."),
        ],
    };

    private static RpmSignResult Run(RpmSignOptions options, RunContext context)
    {
        ImmutableArray<SelectedFile> files = RpmSelection.Of(options.Files, options.FilesFrom, "rpm sign");
        Dictionary<string, string> targetOf = BatchTargets.ByFile(files, options.Files, options.Output, options.InPlace);
        SigningIdentity identity = SigningIdentity.Open("rpm sign", options.Signing, context, MlDsaUse.TakenByIma);
        ImmutableArray<FileOutcome> outcomes = Batch.Run(files, "sign the files of", context, FileOutcome.Of,
            (file, commit, step, answer) =>
        {
            using FileSource source = file.Open();
            var package = RpmPackage.Read(source.ToLayout());
            RpmIntegrity.Require(package, context);
            bool nothing = package.Files.All(f => f.Digest.IsEmpty);
            bool skip = nothing || (options.SkipSigned && package.IsSigned
                && package.Files.All(f => f.Digest.IsEmpty || Holds(f, package.Hash, identity)));
            string note = nothing ? "has no file with content to sign"
                : skip ? "signed by this key already"
                : $"{package.Files.Count(f => !f.Digest.IsEmpty)} file(s), {package.Hash.Name}";
            if (package.IsSigned && !skip && !options.Replace)
                throw OperationErrors.RpmSignedAlready.With(package.Files.Count(f => !f.ImaSignature.IsEmpty), package.Files.Length);
            if (skip)
            {
                UntouchedFile.Leave(
                    file, source, targetOf[file.Path], options.InPlace, new FileOutcome(file.Path, FileStatus.Skipped) { Note = note },
                    commit, step, answer, FileOutcome.Of, context.Cancellation);
                return;
            }
            RpmContents.Require(file.Path, package, ImaVersion.Of(identity.Key) == 2, context);
            OutputFile output = BatchTargets.Create(targetOf[file.Path], file, options.InPlace, commit.Folders);
            var done = new FileOutcome(file.Path, FileStatus.Signed) { Output = output.Path, Note = note };
            commit.Add(
                output,
                o => Write(o, package.With(Sign(file.Path, package, identity, context)), package, step, context),
                refused => answer(refused is null ? done : FileOutcome.Of(file, refused)));
        });
        return new(identity.Certificate.Subject, outcomes);
    }

    private static void Write(OutputFile output, Layout signed, RpmPackage package, IRunStep step, RunContext context)
    {
        ContentPass.Run(signed, HashAlgorithmName.SHA256, output, step, context.Cancellation);
        // What rpm will read in it: the same files, and main header and payload byte by byte.
        var written = RpmPackage.Read(output.ToLayout());
        ReadBack.RequireSame(package.Body, written.Body, "the written package's main header and payload");
        if (!written.Files.Select(Identity).SequenceEqual(package.Files.Select(Identity)))
            throw OperationErrors.ReadBackDiffers.With("the written package's list of files", 0, package.Files.Length,
                written.Files.Length);

        static (string, string) Identity(RpmFile file) => (file.Path, Convert.ToHexStringLower(file.Digest.Span));
    }

    // A kernel package has thousands of files, and a token's time is mostly waiting: several sign at a time within one package, too.
    private static ImmutableArray<ReadOnlyMemory<byte>> Sign(
        string path, RpmPackage package, SigningIdentity identity, RunContext context)
    {
        var values = new ReadOnlyMemory<byte>[package.Files.Length];
        SigningIdentity signer = identity with { Hash = package.Hash };
        byte version = ImaVersion.Of(identity.Key);
        Workers.Run(values.Length, Workers.Default, i =>
        {
            if (!package.Files[i].Digest.IsEmpty)
                values[i] = ImaSigner.Sign(package.Files[i].Digest.ToArray(), signer, context, version: version,
                    name: $"{Path.GetFileName(path)}: {package.Files[i].Path}");
        }, context.Cancellation);
        return [.. values];
    }

    private static bool Holds(RpmFile file, HashAlgorithmName hash, SigningIdentity identity)
    {
        try
        {
            var signature = ImaSignature.Decode(file.ImaSignature);
            return signature.Hash == hash && ImaCheck.HoldsBy(identity.Certificate, file.Digest.ToArray(), signature);
        }
        catch (KexecSignException)
        {
            return false;
        }
    }
}
