using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Signing;

namespace KexecSign.Uki;

/// <summary>
/// Writes an image and signs it in the same pass. Before it appears, kernel and measured sections in what was written are held
/// against the digests they had when they were signed, measured or opened.
/// </summary>
internal static class UkiRelease
{
    private const int ChunkSize = 1 << 20;

    /// <summary>Writes the image; it appears whole or not at all.</summary>
    /// <param name="image">The image, canonical and unsigned.</param>
    /// <param name="expected">The sections that must be in it as they were.</param>
    /// <param name="identity">Who signs; null for no signature.</param>
    /// <param name="output">Where it goes.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3666, KS3003, KS3004, KS2xxx.</exception>
    public static (WrittenFile File, SignedImage? Signature) Write(
        Layout image, IEnumerable<ExpectedSection> expected, SigningIdentity? identity, OutputFile output, RunContext context)
    {
        if (identity is null)
        {
            WrittenFile written = WrittenFile.Fill(output, image, context);
            Require(output, expected, context.Cancellation);
            output.Commit();
            return (written, null);
        }
        using ImageSigning signing = ImageSigning.Begin(PendingSignature.Prepare(image, identity, ExistingSignatures.Refuse, fit: false),
            identity, output, context, [HashAlgorithmName.SHA256]);
        Require(output, expected, context.Cancellation);
        signing.Sign(context);
        SignedImage signed = signing.Finish();
        return (new(signed.Size, Convert.ToHexStringLower(signing.FileDigests[0])), signed);
    }

    private static void Require(OutputFile output, IEnumerable<ExpectedSection> expected, CancellationToken cancellation)
    {
        foreach (ExpectedSection section in expected.Distinct())
        {
            string found = Hash(output, section, cancellation);
            if (found != section.Sha256)
                throw OperationErrors.UkiKernelChanged.With(section.Name, found, section.Sha256);
        }
    }

    private static string Hash(OutputFile output, ExpectedSection section, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[ChunkSize];
        for (long at = section.Offset, end = at + section.Size; at < end;)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = RandomAccess.Read(output.Handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
            if (count == 0)
                throw OperationErrors.InputChanged.With(output.Length, at).In(output.Path);
            hash.AppendData(buffer, 0, count);
            at += count;
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
