namespace KexecSign.Keys.Pins;

/// <summary>Where a PIN may be taken from, besides the key's own URI. Never the PIN itself.</summary>
public sealed record PinOptions
{
    /// <summary>Name of an environment variable that holds the PIN.</summary>
    public string? EnvironmentVariable { get; init; }

    /// <summary>File whose first line is the PIN; <c>-</c> is standard input.</summary>
    public string? File { get; init; }

    /// <summary>Number of an open file descriptor from which the PIN's line is read once.</summary>
    public int? FileDescriptor { get; init; }

    /// <summary>The descriptor to read: the one that was named, or that of standard input.</summary>
    internal int? Descriptor => File is "-" or "/dev/stdin" ? 0 : FileDescriptor;

    /// <summary>The file to open; null where it is standard input.</summary>
    internal string? NamedFile => File is "-" or "/dev/stdin" ? null : File;

    /// <summary>The value of <c>pin-source</c> in a PKCS#11 URI that says the same; null where a URI cannot.</summary>
    public string? AsUriSource() => EnvironmentVariable is { } variable
        ? PinSourcePath.EnvironmentScheme + variable
        : NamedFile is { } file ? "file:" + file : null;
}
