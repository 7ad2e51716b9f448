using System.Collections.Immutable;
using KexecSign.Compression;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Vocabulary;
using KexecSign.Formats.Zboot;
using KexecSign.Judging;
using KexecSign.Keys.Kinds;
using KexecSign.Parsers;
using KexecSign.Simulation.Bpf;
using KexecSign.Zboot;

namespace KexecSign.Tests;

/// <summary>Every row of a vocabulary is decided at every place that is not a switch, which the compiler completes.</summary>
public sealed class VocabularyRowsTests
{
    [Fact]
    public void Each_payload_format_has_what_unpacks_it_and_what_packs_it_where_it_is_written()
    {
        PayloadCodec.All.Select(codec => codec.Word).ShouldBe(PayloadFormat.All.Select(format => format.Word));
        foreach (PayloadFormat format in PayloadFormat.All)
            (PayloadCodec.Of(format).Encoder is not null).ShouldBe(format.Compression is not null, format.Word);
        PayloadFormat.Written.Select(format => format.Compression!.Value).ShouldBe(Enum.GetValues<ZbootCompression>());
        PayloadFormat.All.SelectMany(format => new[] { format.Word, format.OlderName }).OfType<string>().ShouldBeUnique();
    }

    [Theory]
    [InlineData(ZbootCompression.Gzip)]
    [InlineData(ZbootCompression.Zstd)]
    public void Levels_and_settings_of_an_encoder_are_its_own(ZbootCompression compression)
    {
        var encoder = PayloadEncoder.For(compression);
        encoder.Default.ShouldBeInRange(encoder.Least, encoder.Most);
        Enum.GetValues<ZstdLibrary>().ShouldAllBe(zstd => encoder.Smallest(zstd).Level == encoder.Most);
        encoder.Attempts.ShouldAllBe(attempt => attempt.Level >= encoder.Least && attempt.Level <= encoder.Most);
    }

    [Fact]
    public void Each_consumer_has_a_row() => Complete(ConsumerFacts.All.Select(facts => facts.Consumer), ConsumerFacts.Words);

    [Fact]
    public void Each_architecture_has_a_row()
    {
        Complete(ArchitectureFacts.All.Select(facts => facts.Architecture), ArchitectureFacts.Words);
        StubTarget.All.ShouldAllBe(target => target.Facts.HasZboot);
    }

    [Fact]
    public void Each_kind_of_key_has_a_row() => Complete(KeyKindFacts.All.Select(facts => facts.Kind), KeyKindFacts.Words);

    [Fact]
    public void Each_series_has_a_row_and_the_simulator_has_it()
    {
        ParserAbi all = ParserSeries.All.Aggregate(ParserAbi.Unknown, (sum, series) => sum | series.Abi);
        Enum.GetValues<ParserAbi>().Where(abi => (abi & ~all) != 0).ShouldBeEmpty("every member is one of the rows, or several of them");
        ParserSeries.Words.ShouldBeUnique();
        foreach (ParserSeries series in ParserSeries.All)
        {
            SimulationResult result = KexecBpfSimulator.Run(
                new() { Abi = series.Abi, Kernel = new byte[64], Initrd = null, CommandLine = null, PageSize = 4096 }, new KernelDecompressor(default));
            result.Fault.ShouldNotBeNull(series.Word);
        }
    }

    private static void Complete<T>(IEnumerable<T> rows, ImmutableArray<string> words)
        where T : struct, Enum
    {
        rows.ShouldBe(Enum.GetValues<T>(), ignoreOrder: true);
        words.ShouldBeUnique();
        words.ShouldAllBe(word => !word.Any(c => char.IsUpper(c) || c == ' '));
    }
}
