using KexecSign.Formats.Errors;

namespace KexecSign.Core.Errors;

public static partial class OperationErrors
{
    /// <summary>A document names code.</summary>
    internal static readonly ErrorCode DocumentNamesModule = new(
        "KS3760", "the document names the PKCS#11 module '{0}', which would be loaded into the process that is logged in to the token.",
        "Name the module on the command line or in KEXECSIGN_PKCS11_MODULE; if you know it and trust who wrote this, say "
            + "[option:allow-module {0}].");

    /// <summary>A document names a program that would be run.</summary>
    internal static readonly ErrorCode DocumentNamesProgram = new(
        "KS3764", "the document has '{0}' run to sign.",
        "Name the program on the command line or in your own configuration, and a key of it by '@NAME' here.");

    /// <summary>A document names a secret.</summary>
    internal static readonly ErrorCode DocumentNamesPin = new(
        "KS3761", "the document says where a PIN is: {0}.",
        "Say it on the command line ([option:pin-env], [option:pin-file], [option:pin-fd]), or in a file of keys of your own that nobody "
            + "else may write ([option:keys]).");

    /// <summary>A plan writes outside its folder.</summary>
    internal static readonly ErrorCode OutputOutside = new(
        "KS3762", "the output '{0}' does not lie below {1}.",
        "Outputs of a plan stay below its folder; [option:output-root FOLDER] names another.");

    /// <summary>A SHA-256 that is none.</summary>
    internal static readonly ErrorCode NotSha256Hex = new(
        "KS3763", "'{0}' is no SHA-256 of 64 hex digits.", "Give what 'sha256sum FILE' prints.", ErrorKind.Usage);
}
