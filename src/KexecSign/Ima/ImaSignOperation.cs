using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Errors;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Tar;
using KexecSign.Keys.Certificates;
using KexecSign.Operations;
using KexecSign.Reports;
using KexecSign.Running;
using KexecSign.Signing;

namespace KexecSign.Ima;

/// <summary>Options of <c>ima sign</c>.</summary>
public sealed record ImaSignOptions
{
    /// <summary>The files to sign.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>Key, certificate, PIN and digest.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>Whether to write FILE.sig.</summary>
    public bool Sidecar { get; init; }

    /// <summary>The tar to write, with the signatures in it; null for none.</summary>
    public string? Tar { get; init; }

    /// <summary>The xattr to set: <c>security</c> (needs privilege) or <c>user</c>; null for none.</summary>
    public string? Xattr { get; init; }
}

/// <summary>An IMA signature that was made.</summary>
/// <param name="File">The file signed.</param>
/// <param name="Digest">Hash of its content, lower-case hex.</param>
/// <param name="Value">The security.ima value, lower-case hex.</param>
/// <param name="KeyId">Key id as the kernel prints it.</param>
/// <param name="Sidecar">The sidecar written, if any.</param>
/// <param name="Xattr">The xattr set, if any.</param>
/// <param name="XattrProblem">Why the xattr could not be set, if so.</param>
public sealed record ImaSigned(string File, string Digest, string Value, string KeyId, string? Sidecar, string? Xattr, string? XattrProblem);

/// <summary>Result of <c>ima sign</c>.</summary>
/// <param name="DigestAlgorithm">Hash algorithm.</param>
/// <param name="Signer">Subject of the signer's certificate.</param>
/// <param name="Signed">The signatures.</param>
/// <param name="Tar">The archive written, if any.</param>
/// <param name="TarSha256">Its SHA-256.</param>
public sealed record ImaSignResult(
    string DigestAlgorithm, string Signer, ImmutableArray<ImaSigned> Signed, string? Tar, string? TarSha256) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"IMA: signed {Signed.Length} file(s) as {Signer}",
        [new("", ["file", DigestAlgorithm.ToLowerInvariant(), "key id", "sidecar", "xattr"],
            [.. Signed.Select(s => ImmutableArray.Create(s.File, s.Digest, s.KeyId, s.Sidecar ?? "-", s.Xattr ?? s.XattrProblem ?? "-"))])],
        Tar is null ? [] : [$"{Tar}: 'tar --xattrs --xattrs-include=security.ima -xf' as root restores the signatures."]);
}

/// <summary><c>ima sign</c>: security.ima values, as sidecars, in a tar, and as xattrs.</summary>
internal static class ImaSignOperation
{
    private static readonly ImmutableArray<string> Namespaces = ["security", "user"];

    public static Operation<ImaSignOptions, ImaSignResult> Definition { get; } = new()
    {
        Name = "ima sign",
        Summary = "Sign files for IMA appraisal: sidecar, tar and xattr.",
        Details = "The key id comes from the certificate's SubjectKeyIdentifier, because that is what the kernel's keyring is searched for. "
            + "Without --sidecar, --tar or --xattr a sidecar is written.",
        Body = Run,
        Plan = o =>
        [
            .. PlannedStep.Read(o.Files), .. o.Files.SelectMany(f => PlannedStep.Sign(f, o.Signing.Key, o.Signing.Certificate)),
            .. PlannedStep.Write(o.Sidecar || (o.Tar is null && o.Xattr is null) ? o.Files.Select(f => f + ".sig") : []),
            .. PlannedStep.Write(o.Tar),
            .. o.Xattr is null ? [] : o.Files.Select(f => new PlannedStep("set", $"{o.Xattr}.ima of {f}")),
        ],
        TypedResult = () => ReportJson.Default.ImaSignResult,
        TypedArguments = [new("FILE", "The file, or several.", (o, v) => o with { Files = o.Files.Add(v) }, repeatable: true)],
        TypedOptions =
        [
            .. SigningOptionSpecs.All<ImaSignOptions>("that signs", o => o.Signing, (o, s) => o with { Signing = s }),
            new("sidecar", null, "Write FILE.sig, as evmctl does.", (o, _) => o with { Sidecar = true }),
            new("tar", "FILE", "Write a tar of the files with SCHILY.xattr.security.ima.", (o, v) => o with { Tar = v }),
            new("xattr", "NAMESPACE", "Set security.ima (needs privilege) or user.ima on the file itself.",
                (o, v) => o with { Xattr = SigningOptionSpecs.Choice("xattr", v, Namespaces) }, choices: Namespaces),
        ],
        Examples = [new("kexecsign ima sign vmlinuz.efi --key 'pkcs11:object=ima' --cert ima.pem --sidecar --tar vmlinuz.tar", "Write vmlinuz.efi.sig and a tar that carries the signature.")],
    };

    private static ImaSignResult Run(ImaSignOptions options, RunContext context)
    {
        if (options.Files.IsEmpty)
            throw OperationErrors.OptionMissing.With("ima sign", "a FILE");
        if (options is { Tar: null, Xattr: null })
            options = options with { Sidecar = true };
        BatchNames.RequireDifferent(options.Files.Select(f => (f, options.Tar is null ? Path.GetFullPath(f) : Path.GetFileName(f))));
        SigningIdentity identity = SigningIdentity.Open("ima sign", options.Signing, context);
        var hashed = options.Files.Select(file => (File: file, Hash: HashOf(file, identity.Hash, context))).ToList();
        var values = hashed.Select(h => (h.File, h.Hash, Value: Sign(h.Hash, identity, context))).ToList();
        ImmutableArray<ImaSigned> signed = [.. values.Select(v => Place(v.File, v.Hash, v.Value, options, context))];
        string? tarHash = options.Tar is null ? null : WriteTar(options.Tar, [.. values.Select(v => (v.File, v.Hash, v.Value))], identity.Hash, context);
        return new(identity.Hash.Name!, identity.Certificate.Subject, signed, options.Tar, tarHash);
    }

    /// <summary>The value of security.ima for a file's hash.</summary>
    public static byte[] Sign(byte[] fileHash, SigningIdentity identity, RunContext context)
    {
        byte[] signature = identity.Key.SignHash(fileHash, identity.Hash, context.Cancellation);
        uint keyId = ImaSignature.KeyIdOf(SubjectKeyIdentifier.Of(identity.Certificate));
        return new ImaSignature(ImaSignature.Digsig, 2, identity.Hash, keyId, signature).Encode();
    }

    /// <summary>Puts a value where the options want it, except into the tar.</summary>
    public static ImaSigned Place(string file, byte[] hash, byte[] value, ImaSignOptions options, RunContext context)
    {
        string? sidecar = null, xattr = null, problem = null;
        if (options.Sidecar)
        {
            sidecar = file + ".sig";
            WrittenFile.Write(Layout.Of(value), sidecar, [file], context);
        }
        if (options.Xattr is not null)
        {
            xattr = options.Xattr + ".ima";
            problem = ExtendedAttribute.TrySet(file, xattr, value);
            if (problem is not null)
            {
                context.Log.Warning($"{file}: {xattr} was not set: {problem}.");
                xattr = null;
            }
        }
        string keyId = Convert.ToHexStringLower(value.AsSpan(3, 4));
        return new(file, Convert.ToHexStringLower(hash), Convert.ToHexStringLower(value), keyId, sidecar, xattr, problem);
    }

    /// <summary>Writes files with their signatures to a tar, and checks while writing that they are still what was signed.</summary>
    public static string WriteTar(
        string path, ImmutableArray<(string File, byte[] Hash, byte[] Value)> files, HashAlgorithmName algorithm, RunContext context)
    {
        var sources = new List<FileSource>();
        try
        {
            var entries = new List<PaxTarFile>();
            foreach ((string file, byte[] hash, byte[] value) in files)
            {
                FileSource source = FileSource.Open(file);
                sources.Add(source);
                entries.Add(new(Path.GetFileName(file), 0x1A4, SourceDate.Get(context), source.ToLayout(), [("security.ima", value)]));
            }
            Layout tar = PaxTar.Write(entries);
            using OutputFile output = OutputFile.Create(path, [.. files.Select(f => f.File)]);
            (WrittenFile written, ImmutableArray<byte[]> hashes) = WrittenFile.Fill(output, tar, [.. sources.Select(s => new HashRequest(algorithm, RangesOf(s, tar)))], context);
            for (int i = 0; i < files.Length; i++)
            {
                if (!hashes[i].AsSpan().SequenceEqual(files[i].Hash))
                    throw OperationErrors.ChangedSinceHashed.With().In(files[i].File);
            }
            output.Commit();
            return written.Sha256;
        }
        finally
        {
            foreach (FileSource source in sources)
                source.Dispose();
        }
    }

    private static ImmutableArray<ByteRange> RangesOf(FileSource source, Layout tar)
    {
        var ranges = ImmutableArray.CreateBuilder<ByteRange>();
        long at = 0;
        foreach (Extent extent in tar.Extents)
        {
            if (extent is SourceExtent part && part.Source == source)
                ranges.Add(new(at, extent.Length));
            at += extent.Length;
        }
        return ranges.ToImmutable();
    }

    private static byte[] HashOf(string file, HashAlgorithmName algorithm, RunContext context)
    {
        using FileSource source = FileSource.Open(file);
        return LayoutPass.Hash(source.ToLayout(), algorithm, context);
    }
}
