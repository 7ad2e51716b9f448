using KexecSign.Formats.Vocabulary;
using KexecSign.Modules;
using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Ima;
using KexecSign.Judging;
using KexecSign.Keys.Certificates;
using KexecSign.Keys.References;
using KexecSign.Signing;

namespace KexecSign.Commands.Ima;

/// <summary><c>ima sign</c>: security.ima values, as sidecars, in a tar, in a manifest, and as xattrs.</summary>
internal static class ImaSignOperation
{
    private static readonly ImmutableArray<string> Namespaces = ["security", "user"], Versions = ["2", "3"];

    public static Operation<ImaSignOptions, ImaSignResult> Definition { get; } = new()
    {
        Name = "ima sign",
        Summary = "Sign files for IMA appraisal: sidecar, tar, manifest and xattr.",
        Details = "Takes files, folders (every regular file below them but *.sig) and quoted patterns. The key id comes from the "
            + "certificate's SubjectKeyIdentifier, because that is what the kernel's keyring is searched for. Without --sidecar, --tar, "
            + "--manifest or --xattr a sidecar is written. When some files fail the others are signed, tar and manifest are not written, "
            + "and the exit code is 3.",
        Body = Run,
        SignsElsewhere = true,
        Plan = o =>
        {
            ImmutableArray<SelectedFile> files = ImaSelection.Of(o.Files, o.FilesFrom, "ima sign");
            return
            [
                .. PlannedStep.Read(files.Select(f => f.Path)),
                .. files.SelectMany(f => PlannedStep.Sign(f.Path, o.Signing.Key, o.Signing.Certificate)),
                .. PlannedStep.Write(WithCarrier(o).Sidecar ? files.Select(f => f.Path + ".sig") : []),
                .. PlannedStep.Write(WithCarrier(o).Sidecar && o.Evm.Wanted ? files.Select(f => f.Path + EvmSigning.Sidecar) : []),
                .. PlannedStep.Write(o.Tar, o.Manifest, o.Postinst),
                .. o.Xattr is null ? [] : files.Select(f => new PlannedStep("set", $"{o.Xattr}.ima of {f.Path}")),
                .. o.Xattr is null || !o.Evm.Wanted ? [] : files.Select(f => new PlannedStep("set", $"{o.Xattr}.evm of {f.Path}")),
            ];
        },
        TypedResult = () => ImaJson.Default.ImaSignResult,
        MakeArguments = () => [new("FILE", "The file, folder or pattern, or several.", (o, v) => o with { Files = o.Files.Add(v) },
            required: false, repeatable: true)],
        MakeOptions = () =>
        [
            .. SigningOptionSpecs.All<ImaSignOptions>("that signs", HashUses.Ima, o => o.Signing, (o, s) => o with { Signing = s }),
            new("key-id", "HEX",
                "Key id that the value names, 8 hex digits; without it that of the certificate, or of the key where there is none.",
                (o, v) => o with { KeyId = v }),
            BatchSelection.FilesFrom<ImaSignOptions>((o, v) => o with { FilesFrom = v }),
            new("sidecar", null, "Write FILE.sig, as evmctl does.", (o, _) => o with { Sidecar = true }),
            new("tar", "FILE", "Write a tar of the files with SCHILY.xattr.security.ima; of folders, with all that is in them.",
                (o, v) => o with { Tar = v }, kind: OptionKind.PathOut),
            new("manifest", "FILE", "Write a line for each file: the value in hex, as RPM's header has it, two blanks, the path.",
                (o, v) => o with { Manifest = v }, kind: OptionKind.PathOut),
            new("postinst", "FILE",
                "Write a snippet for a Debian package's postinst that applies the manifest installed as /usr/share/ima/PACKAGE.manifest.",
                (o, v) => o with { Postinst = v }, kind: OptionKind.PathOut),
            new("xattr", "NAMESPACE", "Set security.ima (needs privilege) or user.ima on the file itself.",
                (o, v) => o with { Xattr = OptionValues.Choice("xattr", v, Namespaces) }, choices: Namespaces),
            new("values-only", null, "Write nothing: the values stand in the report.", (o, _) => o with { ValuesOnly = true }),
            new("version", "N",
                "Version of the value: 2 for every kernel, 3 for those that appraise by sigv3 (regular files: 7.1 and later); without it "
                    + "2, and 3 for fs-verity digests and ML-DSA keys (7.2 and later).",
                (o, v) => o with { Version = OptionValues.Number("version", OptionValues.Choice("version", v, Versions)) },
                choices: Versions),
            new("verity", null, "Sign the fs-verity digest (blocks of 4096 bytes, no salt); version 3.",
                (o, _) => o with { Verity = true }),
            .. EvmOptions.Specs<ImaSignOptions>(
                "Make a portable EVM signature too (FILE.evm.sig, security.evm), which covers the IMA value, owner, mode and attributes.",
                o => o.Evm, (o, e) => o with { Evm = e }),
            new("skip-signed", null,
                "Verify sidecars and attributes that are there and leave files alone whose signature holds by this key.", (o, _) =>
                o with { SkipSigned = true }),
        ],
        Examples =
        [
            new("kexecsign ima sign debian/linux-image --key 'pkcs11:object=ima' --cert ima.pem --evm --selinux "
                + "system_u:object_r:modules_object_t:s0 --tar linux.tar",
                "Cover owner, mode and label too, by portable EVM signatures."),
            new("kexecsign ima sign vmlinuz.efi --key 'pkcs11:object=ima' --cert ima.pem --sidecar --tar vmlinuz.tar",
                "Write vmlinuz.efi.sig and a tar that carries the signature."),
            new("kexecsign ima sign debian/linux-image --key 'pkcs11:object=ima' --cert ima.pem --manifest linux-image.manifest "
                + "--postinst postinst.ima",
                "Sign all files of a package tree in one login, without root, for its postinst to apply."),
        ],
    };

    private static ImaSignResult Run(ImaSignOptions given, RunContext context)
    {
        ImaSignOptions options = WithCarrier(given);
        if (options is { Verity: true, Version: 2 })
            throw OperationErrors.VerityVersion.With();
        _ = options.Evm.Checked();
        // EVM's signature covers IMA's, which is not there yet.
        if (options.Evm.Wanted && options.Signing.Key is { } key && BundleReference.Is(key))
            throw OperationErrors.OptionsConflict.With(new NamedOption("evm"),
                $"a key that is elsewhere ({key}), for which there is 'evm sign' afterwards,");
        ImmutableArray<SelectedFile> files = ImaSelection.Of(options.Files, options.FilesFrom, "ima sign");
        bool named = options.Tar is not null || options.Manifest is not null;
        BatchNames.RequireDifferent(files.Select(f => (f.Path, named ? f.Name : Path.GetFullPath(f.Path))));
        if (options.Sidecar)
            BatchTargets.RequireNoInput(files, files.SelectMany(f => Sidecars(f, options)));
        SigningIdentity identity = ImaIdentity.Open("ima sign", options.Signing, options.KeyId, context);
        byte version = ImaVersion.Of(identity.Key, options.Version, options.Verity);
        ImmutableArray<ImaSignedFile> signed = Batch.Run<ImaSignedFile>(
            files, "sign for IMA", context, ImaSignedFile.Of, (file, commit, step, answer) =>
                One(file, options, version, identity, commit, step, answer, context));
        var result = new ImaSignResult(identity.Hash.Name!, identity.Certificate.Subject, signed, null, null);
        return result.Files.Any(f => f.Status == FileStatus.Failed) ? result : WriteWhole(result, files, options, identity, context);
    }

    // Tar and manifest stand for all files; without some of them they would be installed as if those needed no signature.
    private static ImaSignResult WriteWhole(ImaSignResult result, ImmutableArray<SelectedFile> files, ImaSignOptions options,
        SigningIdentity identity, RunContext context)
    {
        if (options.Manifest is not null)
            ImaManifest.Write(options.Manifest, files.Zip(result.Signed).SelectMany(f => Lines(f.First.Name, f.Second)), context);
        if (options.Postinst is not null)
            ImaManifest.WriteSnippet(options.Postinst, context);
        if (options.Tar is null)
            return result;
        IEnumerable<TarFile> packed = files.Zip(result.Signed, (file, signed) => new TarFile(
            file.Path, file.Name, Convert.FromHexString(signed.ContentDigest ?? signed.Digest), Convert.FromHexString(signed.Value))
        {
            Evm = signed.Evm is null ? null : Convert.FromHexString(signed.Evm),
            Covered = signed.Covered,
        });
        string sha256 = ImaTar.Write(options.Tar, packed, options.Files.Where(Directory.Exists), identity.Hash, context);
        return result with { Tar = options.Tar, TarSha256 = sha256 };
    }

    private static IEnumerable<(string Name, string Value)> Lines(string name, ImaSigned signed) =>
        signed.Evm is null ? [(name, signed.Value)] : [(name, signed.Value), (name, signed.Evm)];

    private static string[] Sidecars(SelectedFile file, ImaSignOptions options) => options.Evm.Wanted
        ? [ImaValues.SidecarOf(file.Path), file.Path + EvmSigning.Sidecar]
        : [ImaValues.SidecarOf(file.Path)];

    private static void One(
        SelectedFile file, ImaSignOptions options, byte version, SigningIdentity identity, GroupCommit commit, IRunStep step,
            Action<ImaSignedFile> answer, RunContext context)
    {
        using FileSource source = file.Open();
        RawContent.RequireSignable(source.ToLayout());
        byte type = options.Verity ? ImaSignature.VerityDigsig : ImaSignature.Digsig;
        byte[] digest = FileDigest.Of(source.ToLayout(), type, identity.Hash, step, context.Cancellation);
        string? content = options is { Verity: true, Tar: not null }
            ? Convert.ToHexStringLower(ContentPass.Run(source.ToLayout(), identity.Hash, null, SilentLog.Instance, context.Cancellation))
            : null;
        if (options.SkipSigned && Holding(file.Path, digest, type, version, identity, options) is { } existing)
        {
            answer(ImaSignedFile.Of(existing with { Status = FileStatus.Skipped, ContentDigest = content }));
            return;
        }
        byte[] value = ImaSigner.Sign(digest, identity, context, type, version, () => SignedContent.Of(source.ToLayout()), file.Path);
        ImaSigned signed = WithEvm(ImaPlacement.Described(file.Path, digest, value, options.Sidecar) with { ContentDigest = content },
            value, version, identity, options, context);
        if (!options.Sidecar)
        {
            answer(ImaSignedFile.Of(ImaPlacement.SetAttributes(signed, options.Xattr)));
            return;
        }
        KexecSignException? evmRefused = null;
        if (signed.EvmSidecar is not null)
            Stage(signed.EvmSidecar, Convert.FromHexString(signed.Evm!), file.Path, commit, refused => evmRefused = refused);
        Stage(file.Path + ".sig", value, file.Path, commit, refused => answer(Placed(file, signed, refused ?? evmRefused, options)));
    }

    private static ImaSignedFile Placed(SelectedFile file, ImaSigned signed, KexecSignException? refused, ImaSignOptions options)
    {
        try
        {
            return refused is null ? ImaSignedFile.Of(ImaPlacement.SetAttributes(signed, options.Xattr)) : ImaSignedFile.Of(file, refused);
        }
        catch (KexecSignException failed)
        {
            return ImaSignedFile.Of(file, failed);
        }
    }

    private static void Stage(string path, byte[] value, string signed, GroupCommit commit, Action<KexecSignException?> done) =>
        commit.Add(OutputFile.Create(path, commit.Folders, signed), output => output.Write(value), done);

    private static ImaSigned WithEvm(ImaSigned signed, byte[] value, byte version, SigningIdentity identity, ImaSignOptions options,
        RunContext context)
    {
        if (!options.Evm.Wanted)
            return signed;
        EvmMetadata covered = options.Evm.Of(signed.File, value);
        return signed with
        {
            Covered = covered,
            Evm = Convert.ToHexStringLower(EvmSigning.Sign(covered, identity, version, signed.File, context)),
            EvmSidecar = options.Sidecar ? signed.File + EvmSigning.Sidecar : null,
        };
    }

    private static ImaSigned? Holding(string file, byte[] digest, byte type, byte version, SigningIdentity identity, ImaSignOptions options)
    {
        byte[]? value = Held(file, ".sig", ".ima", options, ImaCheck.Find, candidate =>
        {
            var signature = ImaSignature.Decode(candidate);
            return signature.Type == type && Holds(signature, digest);
        });
        if (value is null)
            return null;
        ImaSigned signed = ImaPlacement.Described(file, digest, value, options.Sidecar);
        if (!options.Evm.Wanted)
            return signed;
        EvmMetadata covered = options.Evm.Of(file, value);
        byte[]? evm = Held(file, EvmSigning.Sidecar, ".evm", options, EvmSigning.Find,
            candidate => Holds(ImaSignature.DecodeEvm(candidate), covered.Digest(identity.Hash)));
        return evm is null ? null : signed with
        {
            Covered = covered,
            Evm = Convert.ToHexStringLower(evm),
            EvmSidecar = options.Sidecar ? file + EvmSigning.Sidecar : null,
        };

        bool Holds(ImaSignature signature, byte[] hashed) =>
            signature.Version == version && signature.Hash == identity.Hash && ImaCheck.HoldsBy(identity.Certificate, hashed, signature);
    }

    // Every place that the options want filled must hold; a good sidecar says nothing of an attribute that is wanted. For tar and manifest
    // any will do.
    private static byte[]? Held(
        string file, string sidecar, string attribute, ImaSignOptions options, Func<string, (byte[] Value, string Source)?> find,
            Func<byte[], bool> judge)
    {
        if (!options.Sidecar && options.Xattr is null)
            return find(file) is { } found && Holds(found.Value) ? found.Value : null;
        byte[]? value = null;
        if (options.Sidecar && !(File.Exists(file + sidecar) && Holds(value = ImaCheck.ReadSidecar(file + sidecar))))
            return null;
        if (options.Xattr is not null && !((value = ExtendedAttribute.TryGet(file, options.Xattr + attribute)) is not null && Holds(value)))
            return null;
        return value;

        bool Holds(byte[] candidate)
        {
            try
            {
                return judge(candidate);
            }
            catch (KexecSignException)
            {
                return false;
            }
        }
    }

    private static ImaSignOptions WithCarrier(ImaSignOptions options) =>
        options is { Tar: null, Xattr: null, Manifest: null, ValuesOnly: false } ? options with { Sidecar = true } : options;
}
