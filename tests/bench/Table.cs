using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KexecSign.Bench;

/// <summary>Figures as a table in Markdown, and as JSON.</summary>
internal static class Table
{
    public const string Head =
        "| case | program | rounds | wall min | wall median | cpu median | peak | bytes | kexecsign / it: median | minimum |\n"
        + "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |";

    public static string Row(Figures f) => string.Create(CultureInfo.InvariantCulture,
        $"| {f.Case} | {f.Side} | {f.Rounds} | {Time(f.Wall.Min)} | {Time(f.Wall.Median)} | {Time(f.Cpu.Median)} | {f.PeakKiB / 1024.0:0.0} MiB | {f.Bytes} | {f.MedianRatio:0.00} | {f.MinRatio:0.00} |");

    public static byte[] Json(IReadOnlyList<Figures> figures) =>
        [.. JsonSerializer.SerializeToUtf8Bytes(figures, FiguresJson.Default.IReadOnlyListFigures), (byte)'\n'];

    public static string Of(IEnumerable<Figures> figures)
    {
        var text = new StringBuilder(Head).Append('\n');
        foreach (Figures row in figures)
            text.Append(Row(row)).Append('\n');
        return text.ToString();
    }

    private static string Time(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0} ms");
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<Figures>))]
internal sealed partial class FiguresJson : JsonSerializerContext;
