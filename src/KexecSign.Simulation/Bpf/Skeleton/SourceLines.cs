using System.Buffers.Binary;
using KexecSign.Simulation.Bpf.Btf;

namespace KexecSign.Simulation.Bpf.Skeleton;

/// <summary>Which source line an instruction comes from (<c>struct bpf_line_info</c>).</summary>
internal sealed class SourceLines
{
    private const int RecordSize = 16;

    private readonly List<(uint Instruction, string Text)> _lines = [];

    public SourceLines(BtfTypes btf, ReadOnlySpan<byte> records, int recordSize)
    {
        for (; recordSize >= RecordSize && records.Length >= recordSize; records = records[recordSize..])
        {
            uint place = U32(records, 12);
            string file = btf.StringAt(U32(records, 4)), text = btf.StringAt(U32(records, 8)).Trim();
            _lines.Add((U32(records, 0), $"{file}:{place >> 10}: {text}"));
        }
    }

    /// <summary>The line; null when nothing is known.</summary>
    public string? Find(int instruction)
    {
        string? found = null;
        foreach ((uint start, string text) in _lines)
        {
            if (start > (uint)instruction)
                break;
            found = text;
        }
        return found;
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
}
