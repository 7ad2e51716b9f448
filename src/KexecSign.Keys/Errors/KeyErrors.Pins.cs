using KexecSign.Formats.Errors;

namespace KexecSign.Keys.Errors;

public static partial class KeyErrors
{
    /// <summary>Nobody says what the PIN is.</summary>
    public static readonly ErrorCode PinMissing = new(
        "KS2040", "{0} needs a PIN and none was given.", "Use pin-source=file:PATH in the URI, [option:pin-env NAME], [option:pin-file "
            + "PATH] or [option:pin-fd N], or run it on a terminal.");

    /// <summary>The token refused the PIN.</summary>
    public static readonly ErrorCode PinIncorrect = new(
        "KS2041", "token '{0}' refused the PIN from {1} with {2}; it was tried once and will not be tried again.",
        "Correct the PIN; each wrong one counts towards locking the token.");

    /// <summary>The PIN is locked.</summary>
    public static readonly ErrorCode PinLocked = new(
        "KS2042", "the PIN of token '{0}' is locked ({1}).", "Unlock it with the security officer's PIN and the vendor's tool.");

    /// <summary>The PIN was never set.</summary>
    public static readonly ErrorCode PinNotSet = new(
        "KS2043", "token '{0}' has no user PIN ({1}).", "Set it with the vendor's tool, or make the token with [run:keys init].");

    /// <summary>A PIN source cannot be read.</summary>
    public static readonly ErrorCode PinSourceUnreadable = new(
        "KS2044", "the PIN cannot be taken from {0}: {1}.", "Correct the source or give another one.");

    /// <summary>A PIN that others can read is none.</summary>
    public static readonly ErrorCode PinFileOpen = new(
        "KS2074", "the PIN file '{0}' may be read by others than its owner (mode {1}).", "Say 'chmod 600 FILE', and change the PIN if "
            + "others had the time to read it. Where the mode is not yours to change, pipe it into '[option:pin-file -]'.");

    /// <summary>The name of a variable that is not set, which may as well be the PIN itself.</summary>
    public static readonly ErrorCode PinVariableUnset = new(
        "KS2075", "no environment variable of the name that was given for the PIN is set (what was given is not shown: it may be the "
            + "PIN itself).",
        "Give the variable's name, not its value, and set it for this process.", ErrorKind.Usage);

    /// <summary>pin-source=|program is an invitation to run what a URI says.</summary>
    public static readonly ErrorCode PinProgramRefused = new(
        "KS2045", "the URI's pin-source names a {0}, which is not read.", "Use pin-source=file:PATH, or feed the program's output in "
            + "with [option:pin-fd].", ErrorKind.Usage);

    /// <summary>The token wants a PIN of another length.</summary>
    public static readonly ErrorCode PinUnfit = new(
        "KS2046", "token '{0}' does not take the PIN from {1} ({2}); it wants {3} to {4} bytes.", "Choose a PIN of that length.");

    /// <summary>MSBuild was told to log every environment variable, and a PIN is in one.</summary>
    public static readonly ErrorCode PinInBuildLog = new(
        "KS2047", "the PIN is in the environment variable {0}, and {1} has MSBuild write all of them into its logs.",
            "Unset {1} and take the logs of this build for secret; or give the PIN in a file.");
}
