namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>No DOS or PE magic.</summary>
    public static readonly ErrorCode NotPe = new(
        "KS1002", "at 0x{0:x} the bytes are {1} but a PE image has {2} there.",
        "Give an EFI image: a kernel Image with EFI stub, a vmlinuz.efi, a bzImage or a UKI; [run:inspect] tells what a file is.");

    /// <summary>Optional header magic unknown.</summary>
    public static readonly ErrorCode UnknownOptionalHeader = new(
        "KS1003", "the optional header at 0x{0:x} has magic 0x{1:x}, neither 0x10b (PE32) nor 0x20b (PE32+).",
        "The file is damaged; build it again.");

    /// <summary>SizeOfOptionalHeader and NumberOfRvaAndSizes disagree.</summary>
    public static readonly ErrorCode OptionalHeaderSize = new(
        "KS1004", "SizeOfOptionalHeader is 0x{0:x} but {1} data directories need 0x{2:x}; the kernel ignores the first number, firmware "
            + "the second.",
        "Consumers would find different section tables; build the file again with a correct header.");

    /// <summary>Header sizes that contradict each other or the file.</summary>
    public static readonly ErrorCode HeadersDoNotFit = new(
        "KS1005", "SizeOfHeaders is 0x{0:x} but the section table ends at 0x{1:x} and the file at 0x{2:x}.",
        "SizeOfHeaders must lie between the two; the file is cut short or its header lies, get it again from where it was built.");

    /// <summary>No directory entry for certificates.</summary>
    public static readonly ErrorCode NoCertificateDirectory = new(
        "KS1006", "the image has {0} data directories; the certificate table is number 5.",
        "It cannot carry a signature; link it with at least 5 data directories.");

    /// <summary>FileAlignment or SectionAlignment is not a power of two.</summary>
    public static readonly ErrorCode BadAlignment = new(
        "KS1007", "FileAlignment is 0x{0:x} and SectionAlignment 0x{1:x}; both must be powers of two and the first not above the second.",
        "The file is damaged; build it again.");

    /// <summary>Bytes between headers and first section.</summary>
    public static readonly ErrorCode GapAfterHeaders = new(
        "KS1011", "SizeOfHeaders is 0x{0:x} but {1} begins at 0x{2:x}; 0x{3:x} bytes would be signed by no one.",
        "Run [run:pe normalize] first, or link the image so that SizeOfHeaders equals the first section's file offset.");

    /// <summary>Bytes between two sections.</summary>
    public static readonly ErrorCode GapBetweenSections = new(
        "KS1012", "{0} begins at 0x{1:x} but the previous section ends at 0x{2:x}; 0x{3:x} bytes would be signed by no one.",
        "Run [run:pe normalize] first, or link the image without gaps between the sections' file ranges.");

    /// <summary>The section table is not in file order.</summary>
    public static readonly ErrorCode SectionsOutOfOrder = new(
        "KS1013", "{0} at 0x{1:x} stands in the section table behind {2} at 0x{3:x}; signers hash such a table in different orders.",
        "Run [run:pe normalize] first, or sort the section table by file offset.");

    /// <summary>Two file ranges overlap.</summary>
    public static readonly ErrorCode SectionsOverlap = new(
        "KS1014", "{0} begins at 0x{1:x} but what stands before it ends at 0x{2:x}; 0x{3:x} bytes would be hashed twice.",
        "Link the image so that no file ranges overlap.");

    /// <summary>A raw size is no multiple of FileAlignment.</summary>
    public static readonly ErrorCode UnalignedSection = new(
        "KS1015", "{0} has SizeOfRawData 0x{1:x}, no multiple of FileAlignment 0x{2:x}; signers hash its end differently.",
        "Run [run:pe normalize] first, or pad the section's data with zeros to the alignment.");

    /// <summary>A section runs past the end of the file.</summary>
    public static readonly ErrorCode SectionOutsideFile = new(
        "KS1016", "{0} ends at 0x{1:x} but the file (without certificates) ends at 0x{2:x}.",
        "The file is cut short or the section header lies; get it again from where it was built.");

    /// <summary>Bytes behind the last section.</summary>
    public static readonly ErrorCode TrailingBytes = new(
        "KS1017", "the last section ends at 0x{0:x} but 0x{1:x} more bytes follow, up to 0x{2:x}.",
        "Only a certificate table may stand there; remove what was appended.");

    /// <summary>The certificate table does not end the file.</summary>
    public static readonly ErrorCode CertificateTableMisplaced = new(
        "KS1018", "the certificate table lies at 0x{0:x}-0x{1:x} but the sections end at 0x{2:x} and the file at 0x{3:x}.",
        "It must begin behind the last section, on a multiple of 8, and end the file; strip it and sign again.");

    /// <summary>No room for another section header.</summary>
    public static readonly ErrorCode NoHeaderRoom = new(
        "KS1021", "a section header of 0x28 bytes is needed at 0x{0:x} but the headers end at 0x{1:x}.",
        "Link the image with a larger SizeOfHeaders.");

    /// <summary>Bytes in the place of the next section header.</summary>
    public static readonly ErrorCode HeaderRoomTaken = new(
        "KS1022", "the place for another section header, 0x{0:x}-0x{1:x}, is in use: byte 0x{2:x} is 0x{3:x}, and no debug entry tells "
            + "whose it is.",
        "Link the image with nothing behind the section table.");

    /// <summary>An edit was asked for on a signed image.</summary>
    public static readonly ErrorCode ImageIsSigned = new(
        "KS1023", "the image carries a certificate table of 0x{0:x} bytes at 0x{1:x}; changing it would break the signature.",
        "Edit the unsigned image and sign last.");

    /// <summary>A section of that name exists.</summary>
    public static readonly ErrorCode SectionExists = new(
        "KS1024", "section {0} exists already, at 0x{1:x}.", "Embed into an image that has none; readers take the first one.");

    /// <summary>A section name that is too long or not ASCII.</summary>
    public static readonly ErrorCode BadSectionName = new(
        "KS1025", "section name '{0}' is {1} bytes long; 1 to 8 ASCII characters are possible.", "Choose a shorter name.");

    /// <summary>A size does not fit PE's 32 bits.</summary>
    public static readonly ErrorCode ImageTooLarge = new(
        "KS1026", "the image would be 0x{0:x} bytes; PE offsets end at 0x{1:x}.", "Make it smaller.");

    /// <summary>A section that was asked for is not there.</summary>
    public static readonly ErrorCode NoSuchSection = new(
        "KS1027", "there is no section {0}; the image has {1}.", "Give an image that carries it.");

    /// <summary>A debug directory that lies nowhere.</summary>
    public static readonly ErrorCode DebugDirectoryMisplaced = new(
        "KS1028", "the debug directory at RVA 0x{0:x} has 0x{1:x} bytes, no multiple of 0x1c inside one section.",
        "The header lies; build the image again, or without debug records.");

    /// <summary>An image that cannot be made canonical without changing what it does.</summary>
    public static readonly ErrorCode NotNormalizable = new(
        "KS1029", "it cannot be made canonical without risk: {0}.", "Link it again so that the sections follow each other without gaps.");
}
