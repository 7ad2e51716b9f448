using System.Collections.Immutable;
using KexecSign.Signing;
using KexecSign.Signing.Timestamps;

namespace KexecSign.Commands.Sign;

/// <summary>Options of <c>sign</c>.</summary>
public sealed record SignOptions
{
    /// <summary>Images, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>A file with more of them; null for none.</summary>
    public string? FilesFrom { get; init; }

    /// <summary>Key, certificate, PIN and digest.</summary>
    public SigningOptions Signing { get; init; } = new();

    /// <summary>Output file for one input, output folder for several.</summary>
    public string? Output { get; init; }

    /// <summary>Whether the inputs are replaced.</summary>
    public bool InPlace { get; init; }

    /// <summary>What becomes of signatures that are there already.</summary>
    public ExistingSignatures Existing { get; init; }

    /// <summary>Whether images are left alone that have a signature by this key that holds.</summary>
    public bool SkipSigned { get; init; }

    /// <summary>Whether a kernel Image is padded so that signed it is exactly image_size bytes long.</summary>
    public bool Fit { get; init; }

    /// <summary>Where timestamps come from.</summary>
    public TimestampOptions Timestamp { get; init; } = new();

    /// <summary>Whether the signer claims a signing time.</summary>
    public bool SigningTime { get; init; }

    /// <summary>Further certificates that travel with the signature.</summary>
    public ImmutableArray<string> Chain { get; init; } = [];

    /// <summary>Whether the PKCS#7 alone is written, and the image left alone.</summary>
    public bool Detached { get; init; }

    /// <summary>Whether bytes behind the last section are signed, with a warning, instead of being refused.</summary>
    public bool TrailingBytes { get; init; }
}
