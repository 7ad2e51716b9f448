using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Kinds;
using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Core.Operations;
using KexecSign.Core.Reports;
using KexecSign.Files;
using KexecSign.Formats.AppendedSignatures;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Parsers;
using KexecSign.Signing;

namespace KexecSign.Commands.Bpf;

/// <summary>Options of <c>bpf container</c>.</summary>
public sealed record BpfContainerOptions
{
    /// <summary>Parser objects for one layer, in the order in which the kernel is to try them.</summary>
    public ImmutableArray<string> Parsers { get; init; } = [];

    /// <summary>The parser ELF for the next layer; null for none.</summary>
    public string? Nested { get; init; }

    /// <summary>Key, certificate, PIN and digest; without a key nothing is signed.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>Where the parser ELF goes.</summary>
    public string? Output { get; init; }
}

/// <summary>Result of <c>bpf container</c>.</summary>
/// <param name="File">The parser ELF.</param>
/// <param name="Size">Its length in bytes.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="Parsers">Parsers at each level, the outermost first.</param>
/// <param name="Signed">Whether a signature is appended, at each level.</param>
/// <param name="Signer">Subject of the certificate that signed; null when nothing was signed.</param>
public sealed record BpfContainerResult(
    string File, long Size, string Sha256, ImmutableArray<int> Parsers, ImmutableArray<bool> Signed, string? Signer) : OperationResult
{
    /// <inheritdoc/>
    public override ReportView View() => new(
        $"packed {Parsers.Sum()} parser(s) in {Parsers.Length} level(s) into {File}",
        [
            ReportTable.Fields("", ("bytes", $"{Size}"), ("sha256", Sha256), ("signed by", Signer)),
            new("", ["level", "parsers", "signed"],
                [.. Parsers.Select((count, level) => (ImmutableArray<string>)[$"{level}", $"{count}", Signed[level] ? "yes" : "no"])]),
        ],
        Signed.All(s => s) ? [] : ["A kernel that enforces signatures refuses a level without one: give --key and --cert."]);
}

/// <summary><c>bpf container</c>: the file that a v7 kernel takes as its parser.</summary>
internal static class BpfContainerOperation
{
    private const long LargestContainer = 64 << 20;

    public static Operation<BpfContainerOptions, BpfContainerResult> Definition { get; } = new()
    {
        Name = "bpf container",
        Summary = "Pack parser objects into the parser ELF that a v7 kernel takes, level in level, and sign each level.",
        Details = "Parsers given together are alternatives for one layer; the kernel tries them in this order. --nested is the parser ELF "
            + "for the image that they find. With a key every level gets an appended signature before it is packed into the next; a level "
            + "that is signed already is left alone.",
        Body = Run,
        Plan = o => [.. PlannedStep.Read([.. o.Parsers, o.Nested]),
            .. PlannedStep.Sign(o.Output ?? "the parser ELF", o.Signing.Key, o.Signing.Certificate), .. PlannedStep.Write(o.Output)],
        TypedResult = () => BpfJson.Default.BpfContainerResult,
        MakeOptions = () =>
        [
            new("parser", "FILE", "A parser object for v7; up to 8.", (o, v) => o with { Parsers = o.Parsers.Add(v) }, required: true,
                repeatable: true),
            new("nested", "FILE", "The parser ELF for the next layer.", (o, v) => o with { Nested = v }),
            .. SigningOptionSpecs.All<BpfContainerOptions>("that signs", HashUses.Module, o => o.Signing, (o, s) => o with { Signing = s }),
            new("o", "FILE", "Output file.", (o, v) => o with { Output = v }, required: true),
        ],
        Examples =
        [
            new("kexecsign bpf container --parser zboot.o -o zboot.bpf", "A parser ELF for zboot images."),
            new("kexecsign bpf container --parser uki.o --nested zboot.bpf --key modules.key --cert modules.pem -o uki.bpf",
                "One for UKIs with a zboot image inside, signed at both levels."),
        ],
    };

    private static BpfContainerResult Run(BpfContainerOptions options, RunContext context)
    {
        string output = options.Output ?? throw OperationErrors.OptionMissing.With("bpf container", new NamedOption("o"));
        if (options.Parsers.IsEmpty)
            throw OperationErrors.OptionMissing.With("bpf container", new NamedOption("parser"));
        if (options.Signing.Key is null != options.Signing.Certificate is null)
            throw options.Signing.Key is null ? OperationErrors.ContainerKey.With(new NamedOption("cert"), new NamedOption("key"))
                : OperationErrors.ContainerKey.With(new NamedOption("key"), new NamedOption("cert"));
        ImmutableArray<ReadOnlyMemory<byte>> parsers = [.. options.Parsers.Select(ReadParser)];
        ReadOnlyMemory<byte>? nested = options.Nested is null ? (ReadOnlyMemory<byte>?)null : ReadNested(options.Nested);
        SigningIdentity? identity = options.Signing.Key is null
            ? null
            : SigningIdentity.Open("bpf container", options.Signing, context, MlDsaUse.Taken);
        byte[] bytes = Level(parsers, nested, identity, context);

        ImmutableArray<ParserElf> levels = ParserElf.ReadAll(bytes);
        WrittenFile written = WrittenFile.Write(Layout.Of(bytes), output,
            [.. options.Parsers, .. options.Nested is null ? [] : (string[])[options.Nested]], context);
        return new(
            output, written.Size, written.Sha256, [.. levels.Select(l => l.Parsers.Length)],
            [.. levels.Select(l => l.Signature is not null)],
            identity?.Certificate.Subject);
    }

    // The innermost level is signed first, because the signature of each level covers the one in it.
    private static byte[] Level(ImmutableArray<ReadOnlyMemory<byte>> parsers, ReadOnlyMemory<byte>? nested, SigningIdentity? identity,
        RunContext context)
    {
        if (identity is null)
            return ParserElf.Write(parsers, nested);
        ReadOnlyMemory<byte>? inner = nested is { } level ? Signed(level, identity, context) : (ReadOnlyMemory<byte>?)null;
        byte[] elf = ParserElf.Write(parsers, inner);
        byte[] digest = CryptographicOperations.HashData(identity.Hash, elf);
        byte[] signature = identity.SignContent(ContentKind.Module, digest, () => elf, context.Cancellation);
        return [.. elf, .. AppendedSignature.Encode(
            DetachedSignedData.Encode(new(SignerName.ByIssuer(identity.Certificate), identity.Hash, signature), identity.Scheme))];
    }

    private static ReadOnlyMemory<byte> Signed(ReadOnlyMemory<byte> nested, SigningIdentity identity, RunContext context)
    {
        ParserElf level = ParserElf.Read(nested);
        return level.Signature is not null ? nested : Level(level.Parsers, level.Nested, identity, context);
    }

    private static ReadOnlyMemory<byte> ReadParser(string path)
    {
        try
        {
            byte[] bytes = WholeFile.Read(path, LargestContainer, "a parser object");
            RequireSeries(ParserObject.Parse(bytes).Abi);
            return bytes;
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    private static ReadOnlyMemory<byte> ReadNested(string path)
    {
        try
        {
            byte[] bytes = WholeFile.Read(path, LargestContainer, "a parser ELF");
            ImmutableArray<ParserElf> levels = ParserElf.ReadAll(bytes);
            if (levels.Length > ParserElf.DeepestLevel)
                throw OperationErrors.ContainerDepth.With(levels.Length + 1, ParserElf.DeepestLevel + 1);
            foreach (ReadOnlyMemory<byte> parser in levels.SelectMany(l => l.Parsers))
            {
                RequireSeries(ParserObject.Parse(parser).Abi);
            }
            return bytes;
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    private static void RequireSeries(ParserAbi abi)
    {
        ParserAbi here = ParserSeries.Of(ParserCarrier.ParserElf);
        if ((abi & here) == 0)
            throw OperationErrors.ContainerAbi.With(ParserSeries.Name(abi), ParserSeries.Name(here),
                ParserSeries.Name(ParserSeries.Of(ParserCarrier.ImageSection)));
    }
}
