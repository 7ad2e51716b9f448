using KexecSign.Formats.Errors;

namespace KexecSign.Keys.Errors;

/// <summary>Codes KS2080-KS2089: programs that sign.</summary>
public static partial class KeyErrors
{
    /// <summary>An exec: reference that names no program; what stands behind the question mark is not shown.</summary>
    public static readonly ErrorCode ProgramReferenceMalformed = new(
        "KS2080", "the exec: reference is malformed: {0}.", "Write exec:/path/of/program or exec:/path/of/program?input=message.",
        ErrorKind.Usage);

    /// <summary>The program is not there, or others could have put it there.</summary>
    public static readonly ErrorCode ProgramUnusable = new(
        "KS2081", "'{0}' is not run as the program that signs: {1}.", "It is a file that root or you own and that nobody else may write, in folders of that kind.");

    /// <summary>The program said that it failed.</summary>
    public static readonly ErrorCode ProgramFailed = new(
        "KS2082", "'{0} {1}' ended with {2}: {3}.",
        "Run it by itself with the same arguments to see why; docs/external-signer.md has the protocol.");

    /// <summary>The program answered something else than was asked for.</summary>
    public static readonly ErrorCode ProgramAnswer = new(
        "KS2083", "'{0}' answered {1} bytes to '{2}', where {3} is right.",
        "It writes the answer itself to standard output: no text around it, no Base64.");

    /// <summary>The program hashes itself, and there is nothing but a hash.</summary>
    public static readonly ErrorCode ProgramWantsMessage = new(
        "KS2084", "{0} hashes what it signs, and of what is signed here there is the hash alone.",
        "Take a key that signs hashes for this.");
}
