namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>A bzImage where a zboot image is wanted.</summary>
    public static readonly ErrorCode BzImageIsNoZboot = new(
        "KS1208", "this is an x86 bzImage (boot protocol {0}.{1:d2}): a PE image that unpacks itself, with no zboot payload in it.",
        "x86 has no zboot: kexec_file_load and firmware take the bzImage itself, so sign it once, with [run:sign]; [run:uki build] "
            + "takes it as [option:linux].");

    /// <summary>A zboot image whose header was written over.</summary>
    public static readonly ErrorCode ZbootHeaderGone = new(
        "KS1209", "at 0x4 the bytes are {0}, not 'zimg', but a {1} payload begins at 0x{2:x}: the zboot header was written over, as "
            + "GNU objcopy does with a DOS header of its own.",
        "Take the image as its build left it; firmware still starts this one, kexec-tools and kexec parsers find no kernel in it. "
            + "[run:bpf embed] and [run:zboot build, sbat] add sections and keep the header.");

    /// <summary>A zboot image whose sections were moved.</summary>
    public static readonly ErrorCode PayloadMoved = new(
        "KS1210", "the header says that the payload is at 0x{0:x}, but the {1} payload begins at 0x{2:x}: {3} was moved to 0x{4:x}, "
            + "while it is loaded at 0x{5:x}, as llvm-objcopy does.",
        "Take the image as its build left it; firmware still starts this one, kexec-tools and kexec parsers read the wrong bytes. "
            + "[run:bpf embed] and [run:zboot build, sbat] add sections and move nothing.");
}
