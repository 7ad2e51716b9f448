namespace KexecSign.Keys.Pins;

/// <summary>Where a PIN may be taken from, besides the key's own URI. Never the PIN itself.</summary>
public sealed record PinOptions
{
    /// <summary>Name of an environment variable that holds the PIN.</summary>
    public string? EnvironmentVariable { get; init; }

    /// <summary>File whose first line is the PIN.</summary>
    public string? File { get; init; }

    /// <summary>Number of an open file descriptor from which the PIN's line is read once.</summary>
    public int? FileDescriptor { get; init; }

    /// <summary>The value of <c>pin-source</c> in a PKCS#11 URI that says the same; null where a URI cannot.</summary>
    public string? AsUriSource() => EnvironmentVariable is { } variable ? PinSourcePath.EnvironmentScheme + variable : File is { } file ? "file:" + file : null;
}
