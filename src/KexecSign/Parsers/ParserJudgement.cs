using System.Collections.Immutable;
using KexecSign.Core.Errors;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Errors;

namespace KexecSign.Parsers;

/// <summary>Something about a parser that a kernel, or a person, would mind.</summary>
/// <param name="Code">Stable code.</param>
/// <param name="Message">What, where, and what to do about it.</param>
/// <param name="Breaks">Whether a kernel of the parser's series refuses or misuses it; otherwise it is a remark.</param>
public sealed record ParserFinding(string Code, string Message, bool Breaks)
{
    internal static ParserFinding Of(KexecSignException finding, bool breaks = true) => new(finding.Code.Id, finding.Message, breaks);
}

/// <summary>Holds a parser against the contract of its series: the skeleton that is compiled into the kernel.</summary>
internal static class ParserJudgement
{
    private const uint Tracing = 26;
    private const uint FunctionEntry = 24;

    private static readonly ImmutableArray<string> Rings = ["ringbuf_1", "ringbuf_2", "ringbuf_3", "ringbuf_4"];
    /// <summary>Page sizes that kernels of the architectures here are built with, in KiB.</summary>
    public static ImmutableArray<int> PageSizesKiB { get; } = [4, 16, 64];

    /// <summary>All findings about a parser.</summary>
    /// <param name="parser">The object.</param>
    /// <param name="contents">What its loader makes.</param>
    /// <param name="abi">The series to judge it for.</param>
    public static ImmutableArray<ParserFinding> Judge(ParserObject parser, ParserContents contents, ParserAbi abi)
    {
        if (abi == ParserAbi.Unknown)
            return [ParserFinding.Of(VerifyErrors.NoSeries.With()), .. RingsOf(contents), .. Remarks(parser, contents)];
        return [.. Skeleton(contents, abi), .. RingsOf(contents), .. Remarks(parser, contents)];
    }

    /// <summary>Whether a kernel with pages of this size creates a ring buffer (kernel/bpf/ringbuf.c, ringbuf_map_alloc).</summary>
    public static bool Fits(ParserMap ring, int pageKiB) => IsPowerOfTwo(ring) && ring.MaxEntries % (uint)(pageKiB * 1024) == 0;

    private static IEnumerable<ParserFinding> Skeleton(ParserContents contents, ParserAbi abi)
    {
        // Where nothing tells two series apart their contracts are one.
        ParserSeries contract = ParserSeries.In(abi)[0];
        ImmutableArray<string> maps = [.. Rings, .. contract.DataMaps], hooks = contract.Hooks, functions = contract.Functions;
        string series = ParserSeries.Name(abi);
        if (!contents.Maps.Select(m => m.Name).SequenceEqual(maps)
            || contents.Maps.Any(m => m.Name.StartsWith("ringbuf_", StringComparison.Ordinal) && m.Type != ParserMap.RingBuffer))
            yield return ParserFinding.Of(VerifyErrors.ContractMaps.With(Listed(contents.Maps.Select(m => m.Type == ParserMap.RingBuffer
                || !Rings.Contains(m.Name) ? m.Name : $"{m.Name} (type {m.Type})")), series, Listed(maps)));
        if (contents.Programs.Length != hooks.Length)
            yield return ParserFinding.Of(VerifyErrors.ContractPrograms.With(contents.Programs.Length, series, hooks.Length));
        for (int i = 0; i < contents.Programs.Length; i++)
        {
            ParserProgram program = contents.Programs[i];
            string hook = hooks[Math.Min(i, hooks.Length - 1)];
            if (program.Target != hook)
                yield return ParserFinding.Of(VerifyErrors.ContractTarget.With(program.Name, program.Target ?? "nothing", series, hook));
            if (program.Type != Tracing || program.AttachType != FunctionEntry || !program.Sleepable)
                yield return ParserFinding.Of(VerifyErrors.ContractSleepable.With(program.Name, hook));
            if (program.License is not ("GPL" or "GPL v2" or "GPL and additional rights" or "Dual BSD/GPL" or "Dual MIT/GPL"
                or "Dual MPL/GPL"))
                yield return ParserFinding.Of(VerifyErrors.ContractLicense.With(program.Name, program.License));
            foreach (string function in program.Functions.Where(f => !functions.Contains(f)))
                yield return ParserFinding.Of(VerifyErrors.ContractFunction.With(program.Name, function, series, Listed(functions)));
        }
    }

    private static IEnumerable<ParserFinding> RingsOf(ParserContents contents)
    {
        foreach (ParserMap ring in contents.Maps.Where(m => m.Type == ParserMap.RingBuffer))
        {
            if (!IsPowerOfTwo(ring))
                yield return ParserFinding.Of(VerifyErrors.RingBufferSize.With(ring.Name, ring.MaxEntries));
            else if (PageSizesKiB.FirstOrDefault(size => !Fits(ring, size)) is > 0 and int refused)
                yield return ParserFinding.Of(VerifyErrors.RingBufferPages.With(ring.Name, ring.MaxEntries, refused, refused * 1024));
        }
    }

    private static IEnumerable<ParserFinding> Remarks(ParserObject parser, ParserContents contents)
    {
        if (contents.Strings.FirstOrDefault(IsPath) is { } path)
            yield return ParserFinding.Of(VerifyErrors.NamesBuildPath.With(path), breaks: false);
        if (parser.CutsPayload)
            yield return ParserFinding.Of(VerifyErrors.CutsPayload.With(), breaks: false);
    }

    // A source line may begin with a slash only as a comment.
    private static bool IsPath(string text) =>
        text.Length > 1 && text[0] == '/' && text[1] is not ('*' or '/') && !text.Contains(' ', StringComparison.Ordinal);

    private static bool IsPowerOfTwo(ParserMap ring) => ring.MaxEntries > 0 && (ring.MaxEntries & (ring.MaxEntries - 1)) == 0;

    private static string Listed(IEnumerable<string> names) => string.Join(' ', names);
}
