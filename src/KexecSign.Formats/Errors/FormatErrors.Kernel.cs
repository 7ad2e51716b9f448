namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>Not a kernel Image with a size in its header.</summary>
    public static readonly ErrorCode NotKernelImage = new(
        "KS1101", "no arm64, riscv or loongarch Image header was found (bytes at 0x38: {0}, machine {1}).",
        "Give the uncompressed Image that the kernel build leaves in arch/*/boot/; [run:inspect] tells what a file is.");

    /// <summary>image_size is zero.</summary>
    public static readonly ErrorCode ImageSizeUnknown = new(
        "KS1102", "image_size at 0x10 is 0: the kernel is older than 3.17 and kexec refuses it.", "Use a newer kernel.");

    /// <summary>The file is larger than the memory its header asks for.</summary>
    public static readonly ErrorCode ImageLargerThanMemory = new(
        "KS1103", "the file is 0x{0:x} bytes but image_size is 0x{1:x}; kexec_file_load would give EINVAL.",
        "Something was appended to the Image; take the one that the build left.");

    /// <summary>The certificate table does not fit in front of image_size.</summary>
    public static readonly ErrorCode TailTooSmall = new(
        "KS1104", "the file is 0x{0:x} bytes and its certificate table 0x{1:x}, together 0x{2:x}, but image_size is 0x{3:x}.",
        "Sign with fewer chain certificates or a smaller key, or with [option:replace], so that image_size can be raised; the kernel "
            + "unpacks at most 512 MiB.");

    /// <summary>image_size is not a multiple of 8.</summary>
    public static readonly ErrorCode ImageSizeUnaligned = new(
        "KS1105", "image_size 0x{0:x} is no multiple of 8, so a certificate table cannot end there.",
        "Link the kernel with an aligned end.");

    /// <summary>image_size is beyond what SizeOfImage can say.</summary>
    public static readonly ErrorCode ImageSizeTooLarge = new(
        "KS1106", "image_size at 0x10 is 0x{0:x}; a PE image has at most 0x{1:x} bytes.",
        "The header is damaged; take the Image that the build left.");

    /// <summary>No zboot header.</summary>
    public static readonly ErrorCode NotZboot = new(
        "KS1201", "at 0x4 the bytes are {0} but a zboot image has 'zimg' (7A696D67) there.",
        "Give a vmlinuz.efi; [run:inspect] tells what a file is.");

    /// <summary>The payload lies outside the image.</summary>
    public static readonly ErrorCode PayloadOutside = new(
        "KS1202", "the payload lies at 0x{0:x} with 0x{1:x} bytes but headers end at 0x{2:x} and the sections at 0x{3:x}.",
        "The zboot header was overwritten (objcopy does that) or the file is cut short; get it again from where it was built.");

    /// <summary>A compression that cannot be written or read.</summary>
    public static readonly ErrorCode UnknownCompression = new(
        "KS1203", "the payload is compressed with '{0}'.",
        "{1} are read and written; the older {2} are only read.");

    /// <summary>The compression string is not ended.</summary>
    public static readonly ErrorCode CompressionNameNotEnded = new(
        "KS1204", "the compression name at 0x18 is not ended by a NUL before 0x38.", "The header is damaged; build the image again.");

    /// <summary>The payload gives another length than the trailer says.</summary>
    public static readonly ErrorCode PayloadLength = new(
        "KS1205", "the payload decompresses to 0x{0:x} bytes but the length stored behind it is 0x{1:x}.",
        "The file is damaged; get it again from where it was built.");

    /// <summary>The payload cannot be decompressed.</summary>
    public static readonly ErrorCode PayloadBroken = new(
        "KS1206", "the {0} payload at 0x{1:x} (0x{2:x} bytes) cannot be decompressed: {3}.",
        "The file is damaged; get it again from where it was built.");

    /// <summary>More than the kernel's own limit.</summary>
    public static readonly ErrorCode PayloadTooLarge = new(
        "KS1207", "the payload says it decompresses to 0x{0:x} bytes; the limit is 0x{1:x}.",
        "The kernel's own loaders stop at that size too.");
}
