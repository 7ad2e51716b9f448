using KexecSign.Formats.Bpf;

namespace KexecSign.Parsers;

/// <summary>A parser object inside an image; offsets and sizes in bytes.</summary>
/// <param name="SectionOffset">File offset of the section.</param>
/// <param name="SectionSize">SizeOfRawData, padding included.</param>
/// <param name="Size">Length of the object as given.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="Abi">The kernel series it was made for.</param>
/// <param name="DataSize">Length of opts_data.</param>
/// <param name="InstructionSize">Length of opts_insn.</param>
public sealed record EmbeddedParser(
    long SectionOffset, long SectionSize, long Size, string Sha256, ParserAbi Abi, long DataSize, long InstructionSize);
