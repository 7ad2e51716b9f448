using System.Collections.Immutable;
using KexecSign.Core.Errors;
using KexecSign.Core.Reports;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;
using KexecSign.Parsers;

namespace KexecSign.Commands.Bpf;

/// <summary>A map of a parser.</summary>
/// <param name="Name">Its name, as the kernel's skeleton has it.</param>
/// <param name="Kind"><c>ring buffer</c>, <c>array</c>, or the type's number.</param>
/// <param name="Bytes">Size of the ring buffer, or of the array's value.</param>
/// <param name="LoadsWithPagesKiB">Page sizes, in KiB, with which a kernel creates it; of a ring buffer only.</param>
public sealed record InspectedParserMap(string Name, string Kind, long Bytes, ImmutableArray<int> LoadsWithPagesKiB);

/// <summary>A program of a parser.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Hook">The kernel function that it is attached to.</param>
/// <param name="Sleepable">Whether it may sleep.</param>
/// <param name="Instructions">Number of instructions.</param>
/// <param name="License">Its license.</param>
/// <param name="KernelFunctions">The kernel's functions that it calls.</param>
public sealed record InspectedParserProgram(
    string Name, string? Hook, bool Sleepable, long Instructions, string License, ImmutableArray<string> KernelFunctions);

/// <summary>A parser object, taken apart.</summary>
/// <param name="Place">Where it lies in the file: <c>.bpf</c>, <c>.bpf.nested/.bpf.1</c>; empty when it is the file.</param>
/// <param name="Abi">The kernel series it is for.</param>
/// <param name="DataSize">Bytes of opts_data.</param>
/// <param name="LoaderInstructions">Instructions of the loader program in opts_insn.</param>
/// <param name="Maps">Its maps, in the order of the skeleton.</param>
/// <param name="Programs">Its programs, in that order, too.</param>
/// <param name="Toolchain">What the bytes tell of the libbpf that made the loader.</param>
/// <param name="Findings">What a kernel or a person would mind.</param>
public sealed record InspectedParser(
    string Place, ParserAbi Abi, long DataSize, long LoaderInstructions, ImmutableArray<InspectedParserMap> Maps,
    ImmutableArray<InspectedParserProgram> Programs, string Toolchain, ImmutableArray<ParserFinding> Findings)
{
    internal string Series => ParserSeries.Name(Abi);

    /// <summary>Takes a parser apart, and judges it.</summary>
    /// <param name="place">Where it lies.</param>
    /// <param name="parser">The object.</param>
    /// <param name="abi">The series it is for.</param>
    /// <param name="judgedFor">The series to judge it for.</param>
    internal static InspectedParser Of(string place, ParserObject parser, ParserAbi abi, ParserAbi judgedFor)
    {
        ParserContents contents;
        try
        {
            contents = ParserContents.Read(parser);
        }
        catch (KexecSignException unreadable)
        {
            return new(place, abi, parser.Data.Length, parser.Instructions.Length / 8, [], [], "unknown",
                [ParserFinding.Of(VerifyErrors.PartUnreadable.Because(unreadable, "the loader program", unreadable.Message))]);
        }
        return new(
            place, abi, parser.Data.Length, parser.Instructions.Length / 8, [.. contents.Maps.Select(MapOf)],
            [.. contents.Programs.Select(p => new InspectedParserProgram(p.Name, p.Target, p.Sleepable, p.Instructions, p.License,
                p.Functions))],
            $"bpf_attr of {contents.MapAttributes} bytes for maps, {contents.ProgramAttributes} for programs{Release(contents)}",
            ParserJudgement.Judge(parser, contents, judgedFor));
    }

    internal IEnumerable<ReportTable> Tables()
    {
        string title = Place.Length > 0 ? Place : "parser";
        yield return ReportTable.Fields(
            title, ("series", Series), ("opts_data", $"0x{DataSize:x} bytes"), ("opts_insn", $"{LoaderInstructions} instructions"),
                ("made with", Toolchain));
        yield return new(
            title + ": maps", ["name", "kind", "bytes", "kernels with pages of"],
            [.. Maps.Select(m => (ImmutableArray<string>)[m.Name, m.Kind, $"0x{m.Bytes:x}", m.Kind != RingKind ? ""
                : m.LoadsWithPagesKiB.IsEmpty ? "none" : string.Join(", ", m.LoadsWithPagesKiB) + " KiB"])]);
        yield return new(
            title + ": programs", ["name", "hook", "sleeps", "instructions", "license", "calls"],
            [.. Programs.Select(p => (ImmutableArray<string>)[p.Name, p.Hook ?? "none", p.Sleepable ? "yes" : "no", $"{p.Instructions}",
                p.License, string.Join(' ', p.KernelFunctions)])]);
    }

    private const uint Mappable = 0x400;
    private const string RingKind = "ring buffer";

    private static InspectedParserMap MapOf(ParserMap map) => map.Type == ParserMap.RingBuffer
        ? new(map.Name, RingKind, map.MaxEntries, [.. ParserJudgement.PageSizesKiB.Where(size => ParserJudgement.Fits(map, size))])
        : new(map.Name, map.Type == 2 ? "array" : $"type {map.Type}", map.ValueSize, []);

    // Seen with bpftool 7.1 and 7.5, which both hand over the same fields: the older libbpf lets every data map be mapped, the
    // newer one only those that hold variables, and .rodata.str1.1 holds none.
    private static string Release(ParserContents contents) =>
        contents.Maps.FirstOrDefault(m => m.Name == "rodata_str1_1") is not { } strings
            || (contents.MapAttributes, contents.ProgramAttributes) != (72, 140) ? ""
        : (strings.Flags & Mappable) != 0 ? ", as libbpf 1.1 (bpftool 7.1) writes them"
        : ", as libbpf 1.5 (bpftool 7.5) writes them";
}
