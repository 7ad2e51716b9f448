using KexecSign.Batches;
using KexecSign.Core.Reports;

namespace KexecSign.Tests.Batches;

/// <summary>How a batch is shown to people.</summary>
public sealed class BatchViewTests
{
    [Fact]
    public void Each_column_has_a_heading_and_the_notes_have_one_only_where_there_are_some()
    {
        Columns(new FileOutcome("a", FileStatus.Signed), new FileOutcome("b", FileStatus.Skipped) { Note = "why" }).ShouldBe("file status digest note");
        Columns(new FileOutcome("a", FileStatus.Signed)).ShouldBe("file status digest");
    }

    private static string Columns(params FileOutcome[] files)
    {
        ReportTable table = BatchView.Of("", files).Tables.ShouldHaveSingleItem();
        table.Rows.ShouldAllBe(row => row.Length == table.Columns.Length);
        return string.Join(' ', table.Columns);
    }
}
