using System.Security.Cryptography;
using KexecSign.Errors;
using KexecSign.Files;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Uki;
using KexecSign.Running;
using KexecSign.Signing;

namespace KexecSign.Uki;

/// <summary>
/// Writes an image and signs it in the same pass. Before it appears, the kernel in what was written is held against the digest it
/// had when it was signed or opened.
/// </summary>
internal static class UkiRelease
{
    private const int ChunkSize = 1 << 20;

    /// <summary>Writes the image; it appears whole or not at all.</summary>
    /// <param name="image">The image, canonical and unsigned.</param>
    /// <param name="kernelSha256">SHA-256 of .linux; null for an image without.</param>
    /// <param name="identity">Who signs; null for no signature.</param>
    /// <param name="output">Where it goes.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3666, KS3003, KS3004, KS2xxx.</exception>
    public static (WrittenFile File, SignedImage? Signature) Write(Layout image, string? kernelSha256, SigningIdentity? identity, OutputFile output, RunContext context)
    {
        PeSection? kernel = PeReader.Read(image).FindSection(UkiSections.Linux);
        if (identity is null)
        {
            WrittenFile written = WrittenFile.Fill(output, image, context);
            RequireKernel(output, kernel, kernelSha256, context.Cancellation);
            output.Commit();
            return (written, null);
        }
        using ImageSigning signing = ImageSigning.Begin(PendingSignature.Prepare(image, identity, ExistingSignatures.Refuse, fit: false), identity, output, context);
        RequireKernel(output, kernel, kernelSha256, context.Cancellation);
        signing.Sign(context);
        SignedImage signed = signing.Finish();
        return (new(signed.Size, signed.Sha256), signed);
    }

    private static void RequireKernel(OutputFile output, PeSection? section, string? expected, CancellationToken cancellation)
    {
        if (section is null || expected is null)
            return;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[ChunkSize];
        for (long at = section.PointerToRawData, end = at + section.VirtualSize; at < end;)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = RandomAccess.Read(output.Handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
            if (count == 0)
                throw OperationErrors.InputChanged.With(output.Length, at).In(output.Path);
            hash.AppendData(buffer, 0, count);
            at += count;
        }
        string found = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (found != expected)
            throw OperationErrors.UkiKernelChanged.With(found, expected);
    }
}
