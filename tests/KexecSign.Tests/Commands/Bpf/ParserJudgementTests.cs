using System.Collections.Immutable;
using KexecSign.Formats.Bpf;
using KexecSign.Parsers;

namespace KexecSign.Tests.Commands.Bpf;

/// <summary>What a kernel would mind of a parser that no compiler of ours makes.</summary>
public sealed class ParserJudgementTests
{
    private static readonly ParserObject Parser = new(new byte[8], new byte[8], ParserAbi.Unknown);

    [Fact]
    public void A_parser_of_no_series_is_called_by_no_kernel() =>
        Judge(ParserAbi.Unknown).Select(finding => finding.Code).ShouldBe(["KS4510"]);

    // kernel/bpf/ringbuf.c, ringbuf_map_alloc(): EINVAL.
    [Theory]
    [InlineData(0u)]
    [InlineData(5000u)]
    public void A_ring_buffer_is_a_power_of_two(uint size) =>
        Judge(ParserAbi.V6, new ParserMap("ringbuf_1", ParserMap.RingBuffer, size, 0, 0)).ShouldContain(f => f.Code == "KS4507" && f.Breaks && f.Message.Contains("ringbuf_1"));

    private static ImmutableArray<ParserFinding> Judge(ParserAbi abi, params ParserMap[] maps) =>
        ParserJudgement.Judge(Parser, new([.. maps], [], [], 0, 0), abi);
}
