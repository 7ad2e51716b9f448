namespace KexecSign.Formats.Rpm;

/// <summary>Types of values in an RPM header (rpm's rpmtag.h, rpmTagType).</summary>
public enum RpmType
{
    /// <summary>No value.</summary>
    Null,

    /// <summary>Characters of one byte.</summary>
    Character,

    /// <summary>Numbers of 1 byte.</summary>
    Int8,

    /// <summary>Numbers of 2 bytes, big-endian.</summary>
    Int16,

    /// <summary>Numbers of 4 bytes, big-endian.</summary>
    Int32,

    /// <summary>Numbers of 8 bytes, big-endian.</summary>
    Int64,

    /// <summary>Text that ends with a zero byte.</summary>
    Text,

    /// <summary>Bytes.</summary>
    Binary,

    /// <summary>Several texts.</summary>
    TextArray,

    /// <summary>Several texts, one a language.</summary>
    LocalisedText,
}

/// <summary>A value of an RPM header.</summary>
/// <param name="Tag">Its number.</param>
/// <param name="Type">What its bytes are.</param>
/// <param name="Count">How many of them, in units of the type.</param>
/// <param name="Data">Its bytes as they are in the header.</param>
public sealed record RpmEntry(int Tag, RpmType Type, int Count, ReadOnlyMemory<byte> Data)
{
    /// <summary>Bytes that values of a type are aligned to.</summary>
    public static int AlignmentOf(RpmType type) => type switch
    {
        RpmType.Int16 => 2,
        RpmType.Int32 => 4,
        RpmType.Int64 => 8,
        _ => 1,
    };
}
