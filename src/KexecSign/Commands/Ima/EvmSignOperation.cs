using System.Collections.Immutable;
using System.Text;
using KexecSign.Batches;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Vocabulary;
using KexecSign.Ima;
using KexecSign.Signing;

namespace KexecSign.Commands.Ima;

/// <summary>Options of <c>evm sign</c>; what is not given is the file's own.</summary>
public sealed record EvmSignOptions
{
    /// <summary>Files, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>Key, certificate, PIN and digest.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>Key id in hex; null for that of the certificate, or of the key.</summary>
    public string? KeyId { get; init; }

    /// <summary>2 or 3; null for 2, and for 3 with an ML-DSA key.</summary>
    public int? Version { get; init; }

    /// <summary>Whose attributes are read and set: <c>security</c> or <c>user</c>.</summary>
    public string Xattr { get; init; } = "security";

    /// <summary>Whether the attribute is set, not only the value made.</summary>
    public bool Set { get; init; }

    /// <summary>Whether FILE.evm.sig is written.</summary>
    public bool Sidecar { get; init; }

    /// <summary>The IMA value in hex.</summary>
    public string? Ima { get; init; }

    /// <summary>User id.</summary>
    public uint? User { get; init; }

    /// <summary>Group id.</summary>
    public uint? Group { get; init; }

    /// <summary>Mode with the file's type, as st_mode.</summary>
    public ushort? Mode { get; init; }

    /// <summary>SELinux label.</summary>
    public string? Selinux { get; init; }

    /// <summary>Value of security.capability in hex; empty for none.</summary>
    public string? Capability { get; init; }
}

/// <summary>A file's EVM value.</summary>
/// <param name="File">The file.</param>
/// <param name="Value">The value of security.evm, lower-case hex; empty when it could not be made.</param>
/// <param name="Message">What went wrong; null when nothing did.</param>
public sealed record EvmSigned(string File, string Value, string? Message);

/// <summary>Result of <c>evm sign</c>.</summary>
/// <param name="Signer">Subject of the signer's certificate.</param>
/// <param name="Files">One a file, in the order of selection.</param>
public sealed record EvmSignResult(string Signer, ImmutableArray<EvmSigned> Files) : OperationResult
{
    /// <inheritdoc/>
    public override ExitCode Exit => Files.All(f => f.Message is null) ? ExitCode.Done : Files.Any(f =>
        f.Message is null) ? ExitCode.SomeFailed : ExitCode.Failed;

    /// <inheritdoc/>
    public override ReportView View() => new(
        $"EVM: signed {Files.Count(f => f.Message is null)} of {Files.Length} file(s) as {Signer}",
        Files.All(f => f.Message is not null)
            ? []
            : [new("", ["file", "value"], [.. Files.Where(f => f.Message is null).Select(f => ImmutableArray.Create(f.File, f.Value))])],
        [])
    {
        Failures = [.. Files.Where(f => f.Message is not null).Select(f => ReportFailure.Of(f.Message!))],
    };
}

/// <summary><c>evm sign</c>: portable EVM signatures alone, over the IMA value that a file has.</summary>
internal static class EvmSignOperation
{
    private static readonly ImmutableArray<string> Namespaces = ["security", "user"], Versions = ["2", "3"];

    public static Operation<EvmSignOptions, EvmSignResult> Definition { get; } = new()
    {
        Name = "evm sign",
        Summary = "Make portable EVM signatures over the metadata and the IMA value that files have already.",
        Details = "'ima sign --evm' makes both in one go. Owner, mode and attributes are the file's own where no option says otherwise.",
        Body = Run,
        SignsElsewhere = true,
        Plan = o => [.. PlannedStep.Read(o.Files), .. o.Files.SelectMany(f => PlannedStep.Sign(f, o.Signing.Key, o.Signing.Certificate))],
        TypedResult = () => ImaJson.Default.EvmSignResult,
        MakeArguments = () => [new("FILE", "The file, folder or pattern, or several.", (o, v) => o with { Files = o.Files.Add(v) },
            repeatable: true)],
        MakeOptions = () =>
        [
            .. SigningOptionSpecs.All<EvmSignOptions>("that signs", HashUses.Ima, o => o.Signing, (o, s) => o with { Signing = s }),
            new("key-id", "HEX", "Key id that the value names, 8 hex digits.", (o, v) => o with { KeyId = v }),
            new("version", "N",
                "Version of the value: 2 for every kernel, 3 for Linux 7.1 and later; without it 2, and 3 for ML-DSA keys (7.2 and later).",
                (o, v) => o with { Version = OptionValues.Number("version", OptionValues.Choice("version", v, Versions)) },
                choices: Versions),
            new("xattr", "NAMESPACE", "Whose attributes are read and set.",
                (o, v) => o with { Xattr = OptionValues.Choice("xattr", v, Namespaces) }, "security", choices: Namespaces),
            new("set", null, "Set the attribute on the file itself; without this and without --sidecar the value is only shown.",
                (o, _) => o with { Set = true }),
            new("sidecar", null, "Write FILE.evm.sig.", (o, _) => o with { Sidecar = true }),
            new("ima", "HEX", "The IMA value to cover.", (o, v) => o with { Ima = v }),
            new("uid", "N", "User id to cover.", (o, v) => o with { User = (uint)OptionValues.Number("uid", v) }),
            new("gid", "N", "Group id to cover.", (o, v) => o with { Group = (uint)OptionValues.Number("gid", v) }),
            new("selinux", "LABEL", "SELinux label to cover.", (o, v) => o with { Selinux = v }),
            new("capability", "HEX", "Value of security.capability to cover.", (o, v) => o with { Capability = v }),
        ],
        Examples = [new("kexecsign evm sign /usr/bin/su --set --key 'pkcs11:object=ima' --cert ima.pem",
            "Cover the metadata of an installed file.")],
    };

    private static EvmSignResult Run(EvmSignOptions options, RunContext context)
    {
        ImmutableArray<SelectedFile> files = ImaSelection.Of(options.Files, null, "evm sign");
        SigningIdentity identity = ImaIdentity.Open("evm sign", options.Signing, options.KeyId, context);
        byte version = ImaVersion.Of(identity.Key, options.Version);
        return new(identity.Certificate.Subject, Batch.Run(
            files, "sign for EVM", context, (file, refused) =>
                new EvmSigned(file.Path, "", refused.In(file.Path).Message), (file, _, _, answer) =>
            {
                byte[] value = EvmSigning.Sign(Covered(file.Path, options), identity, version, file.Path, context);
                if (options.Sidecar)
                    WrittenFile.Write(Formats.Layouts.Layout.Of(value), file.Path + EvmSigning.Sidecar, [file.Path], context);
                if (options.Set && ExtendedAttribute.TrySet(file.Path, options.Xattr + ".evm", value) is { } problem)
                    throw OperationErrors.XattrNotSet.With(options.Xattr + ".evm", problem);
                answer(new(file.Path, Convert.ToHexStringLower(value), null));
            }));
    }

    /// <summary>What is covered of a file: its own metadata, but for what the options say.</summary>
    internal static EvmMetadata Covered(string file, EvmSignOptions options)
    {
        byte[] ima = options.Ima is { } given ? Hex("ima", given)
            : ExtendedAttribute.TryGet(file, options.Xattr + ".ima") ?? throw OperationErrors.EvmNeedsIma.With(options.Xattr);
        FileFacts facts = FileFacts.Of(file) ?? throw OperationErrors.InputMissing.With().In(file);
        var attributes = ImmutableArray.CreateBuilder<ProtectedAttribute>();
        foreach (string name in EvmMetadata.ProtectedNames)
        {
            ReadOnlyMemory<byte>? value = name switch
            {
                "security.ima" => ima,
                "security.selinux" when options.Selinux is { } label => Encoding.UTF8.GetBytes(label + '\0'),
                "security.capability" when options.Capability is { } capability =>
                    capability.Length == 0 ? null : Hex("capability", capability),
                _ => ExtendedAttribute.TryGet(file, name) is { } own ? own : null,
            };
            if (value is { } covered)
                attributes.Add(new(name, covered));
        }
        return new(options.User ?? facts.Owner, options.Group ?? facts.Group, options.Mode
            ?? (ushort)(0x8000 | (int)File.GetUnixFileMode(file)), attributes.DrainToImmutable());
    }

    private static byte[] Hex(string option, string value)
    {
        try
        {
            return Convert.FromHexString(value);
        }
        catch (FormatException)
        {
            throw OperationErrors.OptionValue.With(option, value, "hex digits");
        }
    }
}
