using System.Collections.Immutable;
using KexecSign.Formats.Errors;

namespace KexecSign.Errors;

/// <summary>
/// Every error code there is, for the reference page. Written out, because finding them by reflection would not survive
/// trimming; a test compares it with what reflection finds, and rewrites this file when <c>UPDATE_SNAPSHOTS=1</c>.
/// </summary>
public static class ErrorReference
{
    /// <summary>All codes, by number.</summary>
    public static ImmutableArray<ErrorCode> All =>
    [
        FormatErrors.OutsideFile,
        FormatErrors.NotPe,
        FormatErrors.UnknownOptionalHeader,
        FormatErrors.OptionalHeaderSize,
        FormatErrors.HeadersDoNotFit,
        FormatErrors.NoCertificateDirectory,
        FormatErrors.BadAlignment,
        FormatErrors.GapAfterHeaders,
        FormatErrors.GapBetweenSections,
        FormatErrors.SectionsOutOfOrder,
        FormatErrors.SectionsOverlap,
        FormatErrors.UnalignedSection,
        FormatErrors.SectionOutsideFile,
        FormatErrors.TrailingBytes,
        FormatErrors.CertificateTableMisplaced,
        FormatErrors.NoHeaderRoom,
        FormatErrors.HeaderRoomTaken,
        FormatErrors.ImageIsSigned,
        FormatErrors.SectionExists,
        FormatErrors.BadSectionName,
        FormatErrors.ImageTooLarge,
        FormatErrors.NoSuchSection,
        FormatErrors.NotKernelImage,
        FormatErrors.ImageSizeUnknown,
        FormatErrors.ImageLargerThanMemory,
        FormatErrors.TailTooSmall,
        FormatErrors.ImageSizeUnaligned,
        FormatErrors.NotZboot,
        FormatErrors.PayloadOutside,
        FormatErrors.UnknownCompression,
        FormatErrors.CompressionNameNotEnded,
        FormatErrors.PayloadLength,
        FormatErrors.PayloadBroken,
        FormatErrors.PayloadTooLarge,
        FormatErrors.NotElf64,
        FormatErrors.ElfOutsideFile,
        FormatErrors.ElfHeader,
        FormatErrors.NoBpfSymbol,
        FormatErrors.BpfSymbolRange,
        FormatErrors.BpfInstructionLength,
        FormatErrors.BpfNoClosingNul,
        FormatErrors.NotImaSignature,
        FormatErrors.ImaSignatureLength,
        FormatErrors.UnknownImaHash,
        FormatErrors.CertificateEntryLength,
        FormatErrors.CertificateEntryType,
        FormatErrors.CertificateEntryPadding,
        FormatErrors.NotDer,
        FormatErrors.SignatureTooLarge,
        FormatErrors.NotAuthenticode,
        FormatErrors.UnknownDigest,
        FormatErrors.DigestLength,
        OperationErrors.Internal,
        OperationErrors.Interrupted,
        OperationErrors.SystemRefused,
        OperationErrors.CommandLine,
        OperationErrors.CommandUnknown,
        OperationErrors.OptionUnknown,
        OperationErrors.OptionRepeated,
        OperationErrors.ArgumentRepeated,
        OperationErrors.ResponseFile,
    ];
}
