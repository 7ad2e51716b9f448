namespace KexecSign.Formats.Uefi;

/// <summary>Attributes of a variable (UEFI 8.2).</summary>
[Flags]
public enum VariableAttributes : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Outlives a reset.</summary>
    NonVolatile = 0x01,

    /// <summary>Visible before ExitBootServices.</summary>
    BootServices = 0x02,

    /// <summary>Visible to the operating system.</summary>
    Runtime = 0x04,

    /// <summary>Changes must be signed and carry a newer time stamp.</summary>
    TimeBasedAuthenticated = 0x20,

    /// <summary>The value is added to what is there; never stored.</summary>
    AppendWrite = 0x40,
}

/// <summary>A UEFI variable.</summary>
/// <param name="Name">Its name, without the closing NUL.</param>
/// <param name="Vendor">The name space.</param>
/// <param name="Attributes">Its attributes.</param>
/// <param name="Value">Its value; firmware takes an empty value for a deletion.</param>
public sealed record UefiVariable(string Name, Guid Vendor, VariableAttributes Attributes, ReadOnlyMemory<byte> Value)
{
    /// <summary>What Boot####, BootOrder and Timeout have.</summary>
    internal const VariableAttributes Plain = VariableAttributes.NonVolatile | VariableAttributes.BootServices | VariableAttributes.Runtime;

    /// <summary>What PK, KEK, db and dbx have.</summary>
    public const VariableAttributes Authenticated = Plain | VariableAttributes.TimeBasedAuthenticated;

    /// <summary>
    /// Time of the last signed change, UTC, whole seconds; null for all zeros, which is what variables without
    /// <see cref="VariableAttributes.TimeBasedAuthenticated"/> have. Firmware refuses signed changes that are not newer.
    /// </summary>
    public DateTime? TimeStamp { get; init; }
}

/// <summary>A variable where it lies in the store.</summary>
/// <param name="Offset">Offset of its header in the flash image.</param>
/// <param name="State">State byte; bits are cleared as the variable grows older (VAR_ADDED 0x3f, VAR_DELETED clears 0x02).</param>
/// <param name="Variable">What is stored.</param>
public sealed record StoredVariable(long Offset, byte State, UefiVariable Variable)
{
    /// <summary>VAR_ADDED: written whole.</summary>
    internal const byte Added = 0x3F;

    /// <summary>VAR_IN_DELETED_TRANSITION: being replaced; still counts until its successor is written.</summary>
    internal const byte InDeletedTransition = 0xFE;

    /// <summary>VAR_DELETED.</summary>
    internal const byte Deleted = 0xFD;

    /// <summary>Whether firmware would give this variable to a caller.</summary>
    public bool IsLive => State is Added or (Added & InDeletedTransition);
}
