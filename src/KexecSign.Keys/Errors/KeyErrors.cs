using KexecSign.Formats.Errors;

namespace KexecSign.Keys.Errors;

/// <summary>Codes KS2xxx: references, tokens, PINs, keys and certificates.</summary>
public static partial class KeyErrors
{
    /// <summary>The reference has a scheme that opens no key.</summary>
    public static readonly ErrorCode ReferenceUnknown = new(
        "KS2001",
        "'{0}' references are not something a {1} can be opened from.",
        "Give a pkcs11: URI, file:PATH or a path.",
        ErrorKind.Usage);

    /// <summary>A PKCS#11 URI breaks RFC 7512; the value is not shown because it may be a PIN.</summary>
    public static readonly ErrorCode UriMalformed = new(
        "KS2002",
        "the pkcs11: URI is malformed at character {0} ({1}).",
        "RFC 7512: pkcs11:name=value;name=value?name=value&name=value, with blanks, ';', '&' and '%' in values as %20, %3B, %26, %25.",
        ErrorKind.Usage);

    /// <summary>An attribute occurs twice in a PKCS#11 URI.</summary>
    public static readonly ErrorCode UriAttributeTwice = new(
        "KS2003", "the pkcs11: URI gives '{0}' twice.", "Leave one of them.", ErrorKind.Usage);

    /// <summary>pin-value and pin-source together (RFC 7512 section 2.4 forbids it).</summary>
    public static readonly ErrorCode UriPinTwice = new(
        "KS2004", "the pkcs11: URI gives both pin-value and pin-source.", "Leave pin-source alone.", ErrorKind.Usage);

    /// <summary>pin-value works, but it ends up in shell histories and process lists.</summary>
    public static readonly ErrorCode PinValueSeen = new(
        "KS2005",
        "the pkcs11: URI carries the PIN itself (pin-value), which shell histories and process lists keep.",
        "Use pin-source=file:PATH or [option:pin-env], [option:pin-file], [option:pin-fd].");

    /// <summary>No module by that name or path.</summary>
    public static readonly ErrorCode ModuleMissing = new(
        "KS2010",
        "there is no PKCS#11 module {0} (looked in {1}).",
        "Install it (for SoftHSM: apt-get install softhsm2), or name it with ?module-path= in the URI or the variable "
            + "KEXECSIGN_PKCS11_MODULE.");

    /// <summary>A module by a path that depends on the current folder.</summary>
    public static readonly ErrorCode ModuleRelative = new(
        "KS2073", "'{0}' is a relative path, and a PKCS#11 module is code: what it leads to depends on the current folder.",
        "Give the absolute path, or the bare name of a module that the system has (libsofthsm2.so).", ErrorKind.Usage);

    /// <summary>The library cannot be loaded, or is no PKCS#11 module.</summary>
    public static readonly ErrorCode ModuleUnusable = new(
        "KS2011", "{0} cannot be used as PKCS#11 module: {1}.", "Name another module with ?module-path= in the URI.");

    /// <summary>A PKCS#11 call failed with a code that has no error of its own.</summary>
    public static readonly ErrorCode CallFailed = new(
        "KS2012", "{0} on {1} returned {2}.", "The token's own log or tool tells more; [run:keys list] shows what it holds.");

    /// <summary>SoftHSM reads its configuration only when it is initialised.</summary>
    public static readonly ErrorCode ConfigurationInUse = new(
        "KS2013",
        "SoftHSM is in use in this process with configuration '{0}' and cannot change to '{1}'.",
        "Finish the first run before, use one directory for both, or start another process.");

    /// <summary>The module broke the child process in which it was tried.</summary>
    public static readonly ErrorCode ModuleCrashed = new(
        "KS2014", "PKCS#11 module {0} crashed while it was being {1}, in a process of its own that ended with {2}{3}.",
        "Nothing was written. Try it with 'pkcs11-tool --module FILE --list-slots'; name another version of it with ?module-path= in the "
            + "URI.");

    /// <summary>No token matches.</summary>
    public static readonly ErrorCode TokenMissing = new(
        "KS2020",
        "no token of {0} matches {1}; it has {2}.",
        "Correct the URI, plug the token in, or for SoftHSM set SOFTHSM2_CONF ([run:keys list] shows what is there).");

    /// <summary>More than one token matches, and trying a PIN on the wrong one could lock it.</summary>
    public static readonly ErrorCode TokenAmbiguous = new(
        "KS2021", "{0} tokens match {1}: {2}.", "Add token=, serial= or slot-id= to the URI so that one remains.");

    /// <summary>There is no uninitialised token to make a new one from.</summary>
    public static readonly ErrorCode NoFreeToken = new(
        "KS2022", "{0} has no uninitialised token for '{1}'; it has {2}.",
        "Initialise the token with its vendor's tool, then run 'keys init' again.");

    /// <summary>The token went away.</summary>
    public static readonly ErrorCode TokenGone = new(
        "KS2023", "token '{0}' is gone: {1} returned {2}.", "Plug it in again, and run the command again; finished files are valid.");

    /// <summary>The device reported a fault; further calls are not made.</summary>
    public static readonly ErrorCode TokenBroken = new(
        "KS2024", "token '{0}' reported a fault: {1} returned {2}; nothing more is asked of it.",
        "Check the device before running the command again.");

    /// <summary>Other programs hold all sessions.</summary>
    public static readonly ErrorCode SessionsExhausted = new(
        "KS2025", "token '{0}' has no session left after {1} attempts ({2} of at most {3} are open).",
        "End the other programs that use it, then run the command again.");

    /// <summary>A token label that does not fit into 32 bytes.</summary>
    public static readonly ErrorCode TokenLabelTooLong = new(
        "KS2026", "the token label takes {0} bytes but a token keeps at most {1}.", "Choose a shorter label.", ErrorKind.Usage);

    /// <summary>A file of the token's folder cannot be written.</summary>
    public static readonly ErrorCode NotWritable = new(
        "KS2027", "'{0}' cannot be written.",
        "Check the folder's permissions and the space left, or choose another with [option:directory].");

    /// <summary>A module or its token does not answer.</summary>
    public static readonly ErrorCode TokenHangs = new(
        "KS2028", "{0} has not answered for {1} seconds; it is not waited for any longer.",
        "Check device, network and the module's daemon (pcscd, p11-kit server); KEXECSIGN_PKCS11_TIMEOUT sets the seconds for slow tokens.");

    /// <summary>The deadline is no number of seconds.</summary>
    public static readonly ErrorCode DeadlineMalformed = new(
        "KS2029", "the environment variable {0} is '{1}', not a number of seconds from 1 to 3600.", "Correct it or unset it.",
        ErrorKind.Usage);
}
