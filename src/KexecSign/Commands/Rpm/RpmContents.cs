using System.Security.Cryptography;
using KexecSign.Compression;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Rpm;
using KexecSign.Signing;

namespace KexecSign.Commands.Rpm;

/// <summary>
/// Holds the digests that a package's header has of its files against the files in its payload, before one of them is signed: a signature
/// over a digest that nobody looked behind is one over whatever its maker chose. What it is of may have the form of what another role
/// signs, and is refused then as <c>ima sign</c> refuses it.
/// </summary>
internal static class RpmContents
{
    // Sparse files and debug information pack well; beyond this a payload is a bomb and no package.
    private const long MostUnpacked = 16L << 30, MostGrowth = 64;

    /// <summary>Raises an error unless each digest is that of a file in the payload, which may be signed.</summary>
    /// <param name="path">The package's name, for errors.</param>
    /// <param name="package">The package, whose header and payload are those that it has digests of.</param>
    /// <param name="raw">Whether signatures are over the content's own hash: IMA's version 2.</param>
    /// <param name="context">Run context.</param>
    /// <exception cref="KexecSignException">KS1901, KS3331, KS3334, KS3351, KS3352, KS5001.</exception>
    public static void Require(string path, RpmPackage package, bool raw, RunContext context)
    {
        using var files = new CpioFiles(package.Hash, (name, head, size) =>
        {
            if (raw)
                RawContent.RequireSignable(head, size, $"{path}: {name}");
        });
        Layout payload = package.Payload;
        string compression = CompressionOf(package, payload);
        using IRunStep step = context.Log.Step($"look into the payload ({compression})", payload.Length);
        long most = MostUnpacked + checked(MostGrowth * payload.Length), length = 0;
        try
        {
            Unpack(compression, payload, step, context, bytes =>
            {
                context.Cancellation.ThrowIfCancellationRequested();
                length += bytes.Length;
                if (length > most)
                    throw new InvalidDataException($"it unpacks to more than 0x{most:x} bytes");
                files.Take(bytes);
            });
            files.End();
        }
        catch (InvalidDataException broken)
        {
            throw OperationErrors.RpmPayloadUnread.Because(broken, compression, broken.Message.TrimEnd('.'));
        }
        catch (DllNotFoundException missing)
        {
            throw (compression == "zstd" ? MachineLibrary.Zstd : MachineLibrary.Lzma).Missing(missing);
        }
        RpmFile[] unseen = [.. package.Files.Where(f => !f.Digest.IsEmpty && !files.Digests.Contains(Convert.ToHexString(f.Digest.Span)))];
        if (unseen is [var first, ..])
            throw OperationErrors.RpmContentUnseen.With(unseen.Length, package.Hash.Name!, first.Path);
    }

    private static void Unpack(string compression, Layout payload, IRunStep step, RunContext context, OlderPayloads.Taker take)
    {
        switch (compression)
        {
            case "gzip":
                Decompressor.Gunzip(payload, take);
                break;
            case "zstd":
                Decompressor.Unzstd(payload, take);
                break;
            case "xz" or "lzma":
                OlderPayloads.Lzma(payload, xz: compression == "xz", take);
                break;
            case "none":
                LayoutPass.Run(payload, null, [], step, context.Cancellation, bytes => take(bytes));
                break;
            default:
                throw new InvalidDataException("only gzip, xz, lzma, zstd and none are known here");
        }
    }

    // rpm reads one that names no compression as gzip, and zlib hands on what is none.
    private static string CompressionOf(RpmPackage package, Layout payload) =>
        payload.Length >= 5 && payload.ReadBytes(0, 5).AsSpan().SequenceEqual("07070"u8) ? "none" : package.PayloadCompression ?? "gzip";
}
