namespace KexecSign.Inspection.Parts;

/// <summary>What a part of a file is.</summary>
public enum PartKind
{
    /// <summary>DOS, PE and section headers: the first SizeOfHeaders bytes.</summary>
    Headers,

    /// <summary>A section, or what of it lies beside the payload.</summary>
    Section,

    /// <summary>The compressed kernel of a zboot image, with the length that may follow it.</summary>
    Payload,

    /// <summary>A section with a kexec BPF parser.</summary>
    Parser,

    /// <summary>The COFF symbol table, which linkers leave behind the sections.</summary>
    Symbols,

    /// <summary>The certificate table, where the signatures are.</summary>
    Certificates,

    /// <summary>Zeros that no header speaks of: what a signer pads with.</summary>
    Padding,

    /// <summary>Other bytes that no header speaks of.</summary>
    Unclaimed,

    /// <summary>Bytes that more than one header claims.</summary>
    Shared,
}

/// <summary>A part of a file. The parts of an image follow each other without a gap, from its first byte to its last.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">The section's name, or what else it is called.</param>
/// <param name="Offset">File offset.</param>
/// <param name="Size">Length in bytes.</param>
public sealed record FilePart(PartKind Kind, string Name, long Offset, long Size);

/// <summary>A range of a file that no Authenticode signature covers.</summary>
/// <param name="Name">What is there.</param>
/// <param name="Offset">File offset.</param>
/// <param name="Size">Length in bytes.</param>
public sealed record UncoveredRange(string Name, long Offset, long Size)
{
    internal const string CheckSum = "checksum", Directory = "certificate directory", Table = "certificate table",
        Gap = "gap that no signature covers";

    /// <summary>Whether it is a field of the headers that every signer passes over.</summary>
    internal bool IsHeaderField => Name is CheckSum or Directory;
}
