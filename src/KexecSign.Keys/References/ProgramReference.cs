using KexecSign.Keys.Errors;

namespace KexecSign.Keys.References;

/// <summary>What a signing program is given.</summary>
public enum ProgramInput
{
    /// <summary>The hash, as bytes: what services that hold keys take.</summary>
    Digest,

    /// <summary>What is hashed: for programs that hash it themselves, ssh-agent for instance.</summary>
    Message,
}

/// <summary>
/// <c>exec:/path/of/program</c> and <c>exec:/path/of/program?input=message</c>: a program that has a key, or can reach one, and signs with
/// it.
/// </summary>
/// <param name="Path">The program's absolute path.</param>
/// <param name="Input">What it is given.</param>
public sealed record ProgramReference(string Path, ProgramInput Input)
{
    private const string Scheme = "exec:", MessageQuery = "input=message", DigestQuery = "input=digest";

    /// <summary>Whether a reference names a program.</summary>
    public static bool Is(string reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return reference.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS2080.</exception>
    public static ProgramReference Parse(string reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        string[] parts = reference[Scheme.Length..].Split('?', 2);
        if (!parts[0].StartsWith('/') || parts[0].Contains('\0', StringComparison.Ordinal))
            throw KeyErrors.ProgramReferenceMalformed.With("the program's path is not absolute");
        ProgramInput input = parts.Length == 1 ? ProgramInput.Digest : parts[1] switch
        {
            DigestQuery => ProgramInput.Digest,
            MessageQuery => ProgramInput.Message,
            // What it is, is not repeated: it may be meant as a secret.
            _ => throw KeyErrors.ProgramReferenceMalformed.With(
                $"behind the '?' stands something else than {DigestQuery} or {MessageQuery}"),
        };
        return new(parts[0], input);
    }

    /// <summary>As it is written; one form for one program.</summary>
    public override string ToString() => Scheme + Path + (Input == ProgramInput.Message ? "?" + MessageQuery : "");
}
