using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Settings;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Ima;
using KexecSign.Judging;

namespace KexecSign.Commands.Ima;

/// <summary>Options of <c>ima apply</c>.</summary>
public sealed record ImaApplyOptions
{
    /// <summary>Files, folders and patterns whose sidecars are applied.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>A manifest to apply; null for sidecars.</summary>
    public string? Manifest { get; init; }

    /// <summary>Where the manifest's paths begin.</summary>
    public string Root { get; init; } = "/";

    /// <summary>Certificates of the .ima keyring.</summary>
    public ImmutableArray<string> Certificates { get; init; } = [];

    /// <summary><c>security</c> or <c>user</c>.</summary>
    public string Xattr { get; init; } = "security";
}

/// <summary>Result of <c>ima apply</c>.</summary>
/// <param name="Files">What became of each file.</param>
public sealed record ImaApplyResult(ImmutableArray<FileOutcome> Files) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => Batch.Exit(Files);

    /// <inheritdoc/>
    public override ReportView View() => BatchView.Of(
        $"IMA: put the signature onto {Files.Count(f => f.Status == FileStatus.Applied)} file(s)", Files);
}

/// <summary><c>ima apply</c>: puts signatures from sidecars or a manifest onto installed files.</summary>
internal static class ImaApplyOperation
{
    private static readonly ImmutableArray<string> Namespaces = ["security", "user"];
    private static readonly EvmOptions Installed = new() { Wanted = true, FromFile = true };

    public static Operation<ImaApplyOptions, ImaApplyResult> Definition { get; } = new()
    {
        Name = "ima apply",
        Summary = "Put signatures from sidecars or a manifest onto installed files.",
        Details = "Each signature is verified first; a file whose signature does not hold keeps the attribute it has. "
            + "A portable EVM signature (FILE.evm.sig, or a manifest's line that begins with 05) is checked against the file as it is "
            + "installed, and goes into security.evm.",
        Body = Run,
        Plan = o => o.Manifest is null
            ? ImaSelection.Of(o.Files, null, "ima apply").Select(f => new PlannedStep("set", $"{o.Xattr}.ima of {f.Path}"))
            : ImaManifest.Read(o.Manifest).Select(f =>
                new PlannedStep("set",
                $"{o.Xattr}.{(f.Value is [ImaSignature.PortableEvm, ..] ? "evm" : "ima")} of {Path.Combine(o.Root, f.Name)}")),
        TypedResult = () => ImaJson.Default.ImaApplyResult,
        MakeArguments = () => [new("FILE", "The file, folder or pattern, or several; their sidecars are applied.",
            (o, v) => o with { Files = o.Files.Add(v) }, required: false, repeatable: true)],
        MakeOptions = () =>
        [
            new("cert", "CERT", "Certificate of the .ima keyring.", (o, v) => o with { Certificates = o.Certificates.Add(v) },
                required: true, repeatable: true) { Trusts = [TrustRole.Ima] },
            new("manifest", "FILE", "Apply a manifest instead of sidecars.", (o, v) => o with { Manifest = v }),
            new("root", "FOLDER", "Where the manifest's paths begin.", (o, v) => o with { Root = v }, defaultValue: "/"),
            new("xattr", "NAMESPACE", "The attribute: security.ima (needs privilege) or user.ima.",
                (o, v) => o with { Xattr = OptionValues.Choice("xattr", v, Namespaces) }, defaultValue: "security", choices: Namespaces),
        ],
        Examples = [new("kexecsign ima apply --manifest linux-image.manifest --root /mnt/target --cert ima.pem",
            "Put the signatures of a package onto an installed tree.")],
    };

    private static ImaApplyResult Run(ImaApplyOptions options, RunContext context)
    {
        if (options.Manifest is not null && !options.Files.IsEmpty)
            throw OperationErrors.OptionsConflict.With(new NamedOption("manifest"), "a FILE");
        ImmutableArray<X509Certificate2> trusted = ImaSelection.Trusted(options.Certificates, "ima apply", context);
        var values = new Dictionary<string, Values>(StringComparer.Ordinal);
        ImmutableArray<SelectedFile> files = options.Manifest is null
            ? ImaSelection.Of(options.Files, null, "ima apply")
            : Listed(options.Manifest, options.Root, values);
        return new(Batch.Run(files, "apply IMA signatures to", context, FileOutcome.Of, (file, _, step, answer) =>
        {
            using FileSource source = file.Open();
            Values wanted = options.Manifest is not null ? values[file.Path] : Sidecars(file.Path);
            byte[] value = wanted.Ima ?? throw VerifyErrors.NoImaSignature.With(file.Path);
            var signature = ImaSignature.Decode(value);
            ImaCheck.Check(signature, source.ToLayout(), trusted, step, context.Cancellation);
            if (wanted.Evm is not null)
                EvmSigning.Check(wanted.Evm, Installed.Of(file.Path, value), trusted);
            // security.ima first: with EVM active the kernel checks security.evm against it when it is set.
            Set(source, options.Xattr + ".ima", value);
            if (wanted.Evm is not null)
                Set(source, options.Xattr + ".evm", wanted.Evm);
            answer(new(file.Path, FileStatus.Applied)
            {
                Note = $"{options.Xattr}.ima: {ImaSelection.Described(signature)}{(wanted.Evm is null ? "" : $", and {options.Xattr}.evm")}",
            });
        }));
    }

    private static void Set(FileSource file, string name, byte[] value)
    {
        if (ExtendedAttribute.TrySet(file, name, value) is { } problem)
            throw OperationErrors.AttributeNotSet.With(name, problem);
    }

    private static Values Sidecars(string file) => new()
    {
        Ima = File.Exists(file + ".sig") ? ImaCheck.ReadSidecar(file + ".sig") : null,
        Evm = File.Exists(file + EvmSigning.Sidecar) ? ImaCheck.ReadSidecar(file + EvmSigning.Sidecar) : null,
    };

    private static ImmutableArray<SelectedFile> Listed(string manifest, string root, Dictionary<string, Values> values)
    {
        var files = ImmutableArray.CreateBuilder<SelectedFile>();
        int line = 0;
        foreach ((string name, byte[] value) in ImaManifest.Read(manifest))
        {
            line++;
            string path = Path.Combine(root, name);
            if (!values.TryGetValue(path, out Values? known))
            {
                values.Add(path, known = new());
                files.Add(new(path, name, File.Exists(path) ? new FileInfo(path).Length : 0));
            }
            bool evm = value is [ImaSignature.PortableEvm, ..];
            if ((evm ? known.Evm : known.Ima) is not null)
                throw OperationErrors.ManifestLine.With(line, $"{name} stands there twice").In(manifest);
            if (evm)
                known.Evm = value;
            else
                known.Ima = value;
        }
        return files.DrainToImmutable();
    }

    // What a file is to get; a manifest has a line for each.
    private sealed class Values
    {
        public byte[]? Ima { get; set; }

        public byte[]? Evm { get; set; }
    }
}
