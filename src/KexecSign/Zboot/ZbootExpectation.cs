using System.Buffers.Binary;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;

namespace KexecSign.Zboot;

/// <summary>What a linked zboot image has to hold; linkers and link scripts are not trusted.</summary>
/// <param name="Compression">Compression that the header must name.</param>
/// <param name="Machine">PE machine type.</param>
/// <param name="Payload">The payload that was put in, the length behind it included.</param>
/// <param name="ImageLength">What it unpacks to, in bytes.</param>
/// <param name="CodeSize">The zboot_code_size in it; null when the stub has none.</param>
internal sealed record ZbootExpectation(ZbootCompression Compression, ushort Machine, Layout Payload, uint ImageLength, uint? CodeSize)
{
    private const int ChunkSize = 1 << 20;

    /// <summary>Reads the image as a boot loader would and compares.</summary>
    /// <returns>The header as found, and the SHA-256 of the payload without the length behind it.</returns>
    /// <exception cref="KexecSignException">KS3105; KS10xx and KS12xx when it cannot be read at all.</exception>
    public (ZbootHeader Header, string PayloadSha256) Require(Layout linked, RunContext context)
    {
        using IRunStep step = context.Log.Step("compare the linked image with what was put in", Payload.Length);
        PeImage pe = PeReader.Read(linked);
        PeCanonical.Require(pe, linked);
        Same("the machine type", pe.Machine, Machine);
        ZbootHeader header = ZbootHeader.Read(pe, linked);
        Same("the compression", (long)header.Compression, (long)Compression);
        int lengthBehind = header.HasLengthBehindPayload ? 4 : 0;
        Same("the payload's size", header.PayloadSize, Payload.Length - lengthBehind);
        Same("the length stored behind the payload", header.UncompressedLength(linked), ImageLength);
        string sha256 = ComparePayload(linked.Slice(header.PayloadOffset, Payload.Length), header.PayloadSize, step, context.Cancellation);
        if (CodeSize is { } codeSize)
            Same("zboot_code_size", StoredCodeSize(pe, linked), codeSize);
        return (header, sha256);
    }

    private string ComparePayload(Layout stored, long hashed, IRunStep step, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] one = new byte[ChunkSize], other = new byte[ChunkSize];
        for (long at = 0; at < Payload.Length; at += ChunkSize)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = (int)Math.Min(ChunkSize, Payload.Length - at);
            Payload.Read(at, one.AsSpan(0, count));
            stored.Read(at, other.AsSpan(0, count));
            int same = one.AsSpan(0, count).CommonPrefixLength(other.AsSpan(0, count));
            if (same != count)
                throw OperationErrors.LinkedWrong.With($"the payload's byte 0x{at + same:x}", other[same], one[same]);
            hash.AppendData(one, 0, (int)Math.Max(0, Math.Min(count, hashed - at)));
            step.Advance(count);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // zboot.lds: an aligned u32 behind all read-only data, then zeros up to a page, where .text ends.
    private static uint StoredCodeSize(PeImage pe, Layout linked)
    {
        PeSection text = pe.FindSection(".text")!;
        long start = Math.Max(text.PointerToRawData, text.RawEnd - 4096 - 4);
        byte[] tail = linked.ReadBytes(start, text.RawEnd - start);
        for (int at = tail.Length - 4; at >= 0; at -= 4)
        {
            uint value = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(at));
            if (value != 0)
                return value;
        }
        return 0;
    }

    private static void Same(string what, long found, long expected)
    {
        if (found != expected)
            throw OperationErrors.LinkedWrong.With(what, found, expected);
    }
}
