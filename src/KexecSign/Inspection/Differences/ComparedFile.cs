using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Files;
using KexecSign.Formats.Layouts;

namespace KexecSign.Inspection.Differences;

/// <summary>A file as it is compared: its hash, its version of Linux, and what else is asked of the whole come of one read.</summary>
internal sealed class ComparedFile : IDisposable
{
    /// <summary>Prepares a file; nothing but its headers is read yet.</summary>
    public ComparedFile(Layout bytes, RunContext context)
    {
        Bytes = bytes;
        Digests = new(bytes, context);
        Digests.AnnounceWhole(HashAlgorithmName.SHA256);
        Image = ComparedImage.Read(bytes, context, Digests);
    }

    /// <summary>Its bytes.</summary>
    public Layout Bytes { get; }

    /// <summary>Its digests.</summary>
    public FileDigests Digests { get; }

    /// <summary>Its headers; null for what is no image, or a broken one.</summary>
    public ComparedImage? Image { get; }

    /// <summary>SHA-256 of the bytes, lower-case hex.</summary>
    public string Sha256 => Convert.ToHexStringLower(Digests.OfWhole(HashAlgorithmName.SHA256));

    /// <inheritdoc/>
    public void Dispose() => Image?.Dispose();
}
