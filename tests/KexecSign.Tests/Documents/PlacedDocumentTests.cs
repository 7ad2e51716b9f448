using System.Text;
using KexecSign.Documents;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;

namespace KexecSign.Tests.Documents;

public sealed class PlacedDocumentTests
{
    [Theory]
    [InlineData("{", 1, 2)]
    [InlineData("{\n  \"a\": 1,\n  \"b\": }", 3, 8)]
    [InlineData("{ \"a\": 1,\n \"a\": 2 }", 2, 2)]
    [InlineData("[1] 2", 1, 5)]
    [InlineData("", 1, 1)]
    public void Tells_line_and_column_of_what_is_no_JSON(string json, int line, int column)
    {
        KexecSignException refused = Refusal.Of("KS3301", () => PlacedDocument.Parse(Encoding.UTF8.GetBytes(json)), $"line {line}, column {column}: ");
        (refused.Line, refused.Column).ShouldBe((line, column));
        refused.In("plan.json").Message.ShouldStartWith($"KS3301: plan.json:{line}:{column}: ");
    }

    [Fact]
    public void Counts_columns_in_characters_and_takes_comments_trailing_commas_and_a_byte_order_mark()
    {
        PlacedValue root = PlacedDocument.Parse([0xef, 0xbb, 0xbf, .. Encoding.UTF8.GetBytes("{ // naïve\n  \"größe\": \"ä\", \"b\": [1, 2,],\n}")]);
        root.Properties.Select(p => (p.Name, p.Line, p.Column, p.Value.Column)).ShouldBe([("größe", 2, 3, 12), ("b", 2, 17, 22)]);
        root.Properties[1].Value.Items.Select(i => i.Text).ShouldBe(["1", "2"]);
    }

    [Fact]
    public void Nesting_beyond_all_measure_is_refused_and_not_followed() =>
        Refusal.Of("KS3301", () => PlacedDocument.Parse(Encoding.UTF8.GetBytes(new string('[', 100000))));

    [Fact]
    public void Text_that_is_not_UTF8_is_refused() => Refusal.Of("KS3301", () => PlacedDocument.Parse([(byte)'"', 0xff, 0xfe, (byte)'"']));

    [Fact]
    public void What_was_not_asked_for_is_refused_where_it_stands()
    {
        var reader = new ObjectReader(PlacedDocument.Parse("""{ "key": "a", "kee": 1 }"""u8), "a step");
        reader.Text("key").ShouldBe("a");
        Refusal.Of("KS3303", reader.End, "column 15", "a step has no 'kee'", "It may have $schema, key");
    }

    [Theory]
    [InlineData("""{ "n": 1.5 }""", "1.5")]
    [InlineData("""{ "n": 23 }""", "1 to 22")]
    [InlineData("""{ "n": 99999999999999999999 }""", "1 to 22")]
    [InlineData("""{ "n": "9" }""", "text")]
    public void Numbers_are_whole_and_in_range(string json, string told) =>
        Refusal.Of("KS3302", () => new ObjectReader(PlacedDocument.Parse(Encoding.UTF8.GetBytes(json)), "x").Number("n", 1, 22), told);
}
