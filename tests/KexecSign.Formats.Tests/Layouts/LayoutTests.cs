using FsCheck;
using FsCheck.Fluent;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;

namespace KexecSign.Formats.Tests.Layouts;

public class LayoutTests
{
    /// <summary>An edit in numbers that mean something for any length: positions are taken modulo what there is.</summary>
    public sealed record Edit(int Kind, int Position, int Count);

    private static readonly Gen<Edit[]> Edits = Gen.ArrayOf(
        from kind in Gen.Choose(0, 7)
        from position in Gen.Choose(0, 5000)
        from count in Gen.Choose(0, 300)
        select new Edit(kind, position, count));

    [Fact]
    public void Random_edits_equal_the_same_edits_on_a_byte_array()
    {
        Property property = Prop.ForAll(Edits.ToArbitrary(), edits =>
        {
            byte[] start = Pattern(257, 0);
            (Layout layout, byte[] model) = (Layout.Of(new MemorySource(start)), start);
            foreach (Edit edit in edits)
                (layout, model) = Apply(edit, layout, model);
            return layout.Length == model.Length && layout.ReadBytes(0, model.Length).AsSpan().SequenceEqual(model)
                && layout.Extents.Sum(e => e.Length) == model.Length && layout.Extents.All(e => e.Length > 0)
                && edits.All(e => PartsAgree(e, layout, model));
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(400), property);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 17)]
    [InlineData(16, 1)]
    [InlineData(long.MaxValue, 1)]
    [InlineData(1, long.MaxValue)]
    public void A_range_outside_is_refused_before_memory_is_taken(long offset, long length)
    {
        Layout layout = Layout.Of(new byte[16]);
        Refusal.Of("KS1001", () => layout.ReadBytes(offset, length), "0x10 bytes long");
        Refusal.Of("KS1001", () => layout.Slice(offset, length), $"0x{length:x}");
    }

    [Fact]
    public void Padding_can_be_larger_than_memory()
    {
        Layout layout = Layout.Of(new byte[] { 1 }).PadTo(1L << 40);
        layout.Length.ShouldBe(1L << 40);
        layout.ReadBytes((1L << 40) - 4, 4).ShouldBe(new byte[4]);
    }

    [Fact]
    public void Padding_to_less_than_there_is_does_not_cut() =>
        Should.Throw<ArgumentOutOfRangeException>(() => Layout.Of(new byte[8]).PadTo(4));

    private static (Layout Layout, byte[] Model) Apply(Edit edit, Layout layout, byte[] model)
    {
        int at = model.Length == 0 ? 0 : edit.Position % (model.Length + 1), count = Math.Min(edit.Count, model.Length - at);
        byte[] bytes = Pattern(edit.Count, edit.Position);
        switch (edit.Kind)
        {
            case 0:
                return (layout.Append(bytes), [.. model, .. bytes]);
            case 1:
                return (layout.AppendZeros(edit.Count), [.. model, .. new byte[edit.Count]]);
            case 2:
                return (layout.Overwrite(at, bytes.AsMemory(0, count)), [.. model[..at], .. bytes[..count], .. model[(at + count)..]]);
            case 3:
                return (layout.Slice(at, count), model[at..(at + count)]);
            case 4:
                int alignment = edit.Count + 1;
                return (layout.AlignTo(alignment), [.. model, .. new byte[(alignment - model.Length % alignment) % alignment]]);
            case 5 when at + 4 <= model.Length:
                return (layout.OverwriteUInt32(at, (uint)edit.Count << 20 | 5), [.. model[..at], .. BitConverter.GetBytes((uint)edit.Count << 20 | 5), .. model[(at + 4)..]]);
            case 6 when at + 2 <= model.Length:
                return (layout.OverwriteUInt16(at, (ushort)edit.Position), [.. model[..at], .. BitConverter.GetBytes((ushort)edit.Position), .. model[(at + 2)..]]);
            case 7:
                return (layout.Append(layout.Slice(at, count)), [.. model, .. model[at..(at + count)]]);
            default:
                return (layout, model);
        }
    }

    private static bool PartsAgree(Edit edit, Layout layout, byte[] model)
    {
        int at = model.Length == 0 ? 0 : edit.Position % (model.Length + 1), count = Math.Min(edit.Count, model.Length - at);
        return layout.ReadBytes(at, count).AsSpan().SequenceEqual(model.AsSpan(at, count));
    }

    private static byte[] Pattern(int count, int seed) => [.. Enumerable.Range(0, count).Select(i => (byte)((i * 7 + seed + 1) & 0xFF))];
}
