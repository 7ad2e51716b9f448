namespace KexecSign.Formats.Errors;

public static partial class FormatErrors
{
    /// <summary>No signed change of a variable.</summary>
    public static readonly ErrorCode NotSignedUpdate = new(
        "KS1540", "this is no signed change of a UEFI variable (.auth): {0}.", "Make it with [run:keys enroll] or 'sign-efi-sig-list'.");
}
