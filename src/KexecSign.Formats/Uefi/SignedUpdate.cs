using System.Buffers.Binary;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Uefi;

/// <summary>A signed change of a variable as it was read from an .auth file. Nothing in it is believed; it names no variable.</summary>
/// <param name="Time">The time that firmware compares with the variable's own; null when it is all zeros.</param>
/// <param name="SignedData">PKCS#7 SignedData, with or without a ContentInfo around it.</param>
/// <param name="Value">The new value.</param>
public sealed record SignedUpdate(DateTime? Time, ReadOnlyMemory<byte> SignedData, ReadOnlyMemory<byte> Value)
{
    private const int TimeSize = 16, HeaderSize = 24;
    private const ushort Revision = 0x0200, TypeEfiGuid = 0x0EF1;

    /// <summary>Whether a file begins as an EFI_VARIABLE_AUTHENTICATION_2 does.</summary>
    public static bool LooksLike(ReadOnlySpan<byte> head) =>
        head.Length >= TimeSize + HeaderSize
        && BinaryPrimitives.ReadUInt16LittleEndian(head[20..]) == Revision
            && BinaryPrimitives.ReadUInt16LittleEndian(head[22..]) == TypeEfiGuid
        && new Guid(head.Slice(24, 16)) == EfiGuids.CertTypePkcs7;

    /// <summary>Reads one.</summary>
    /// <exception cref="KexecSignException">KS1540, KS1604.</exception>
    public static SignedUpdate Read(ReadOnlyMemory<byte> file)
    {
        if (!LooksLike(file.Span))
            throw FormatErrors.NotSignedUpdate.With("it does not begin with a time and a WIN_CERTIFICATE_UEFI_GUID of PKCS#7");
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(file.Span[TimeSize..]);
        if (length < HeaderSize || length > file.Length - TimeSize)
            throw FormatErrors.NotSignedUpdate.With($"its certificate says 0x{length:x} bytes, 0x{file.Length - TimeSize:x} are there");
        return new(VariableRecord.ReadTime(file.Span[..TimeSize], 0), file[(TimeSize + HeaderSize)..(int)(TimeSize + length)],
            file[(int)(TimeSize + length)..]);
    }
}
