using System.Net.Sockets;
using System.Security.Cryptography;
using KexecSign.Core.Errors;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Vocabulary;
using KexecSign.Keys.Agents;
using KexecSign.Keys.Kinds;
using KexecSign.Signing;

namespace KexecSign.Commands.Agent;

/// <summary>Content on its way from a client: hashed as it comes, and looked at before it is signed.</summary>
/// <param name="Hash">Its hash.</param>
/// <param name="Bytes">The content when it had to be kept, otherwise only its beginning.</param>
internal sealed record AgentContent(byte[] Hash, byte[] Bytes)
{
    private const int Chunk = 1 << 18;
    private const long MostKept = 1L << 30;
    // SET, as the attributes of a SignerInfo are when they are signed.
    private const byte SetTag = 0x31, Indefinite = 0x80;

    /// <summary>Receives content.</summary>
    /// <param name="socket">Where it comes from.</param>
    /// <param name="length">How many bytes will come.</param>
    /// <param name="hash">Algorithm.</param>
    /// <param name="whole">Whether it is kept: ML-DSA signs it as it is.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3872, KS3875.</exception>
    public static AgentContent Receive(Socket socket, long length, HashAlgorithmName hash, bool whole)
    {
        if (length < 0 || (whole && length > MostKept))
            throw OperationErrors.AgentContentRefused.With($"its length is {length}");
        using var hasher = IncrementalHash.CreateHash(hash);
        byte[] buffer = new byte[(int)Math.Min(length, Chunk)];
        byte[] kept = new byte[(int)Math.Min(length, whole ? MostKept : Chunk)];
        for (long at = 0; at < length;)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - at));
            if (!AgentMessage.ReceiveAll(socket, part))
                throw OperationErrors.AgentContentRefused.With($"it ends after {at} of {length} bytes");
            hasher.AppendData(part);
            if (at < kept.Length)
                part[..(int)Math.Min(part.Length, kept.Length - at)].CopyTo(kept.AsSpan((int)at));
            at += part.Length;
        }
        return new(hasher.GetHashAndReset(), kept);
    }

    /// <summary>Refuses content that is not of its kind, or could be taken for another.</summary>
    /// <param name="kind">What the client says that it is.</param>
    /// <param name="length">How long it is.</param>
    /// <param name="hash">Algorithm.</param>
    /// <param name="whole">Whether it is signed as it is, by ML-DSA.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS1511, KS3875.</exception>
    public void Require(ContentKind kind, long length, HashAlgorithmName hash, bool whole = false)
    {
        switch (kind)
        {
            case ContentKind.Authenticode:
                if (length > Bytes.Length)
                    throw OperationErrors.AgentContentRefused.With($"{length} bytes are no signed attributes");
                SignedAttributes.FromDer(Bytes);
                break;
            case ContentKind.Module:
            case ContentKind.Ima:
            case ContentKind.Evm:
                RequireFileId(kind, RawContent.FileIdKind(Bytes, length), whole);
                if (IsSet(Bytes, length))
                    throw OperationErrors.AgentContentRefused.With(
                        "it is an ASN.1 SET, as the signed attributes of an image are: a signature over it would be one of that image");
                break;
            case ContentKind.Digest:
                if (length != HashKind.Of(hash).Length)
                    throw OperationErrors.AgentContentRefused.With(
                        $"a digest by {hash.Name} has {HashKind.Of(hash).Length} bytes, not {length}");
                break;
            default:
                throw OperationErrors.AgentContentRefused.With($"kind {(int)kind} is not known");
        }
    }

    private static void RequireFileId(ContentKind kind, ContentKind? means, bool whole)
    {
        if (means is { } other && other != kind)
            throw OperationErrors.AgentContentRefused.With(
                $"it is what {(other == ContentKind.Evm ? "EVM" : "IMA")} signatures of version 3 are over: a signature over it would be "
                    + "one of another file");
        // No kernel takes anything else of ML-DSA there; as a module it would take the rest.
        if (whole && kind != ContentKind.Module && means is null)
            throw OperationErrors.AgentContentRefused.With(
                "ML-DSA signs for IMA and EVM what their signatures of version 3 are over, and nothing else");
    }

    // Verifiers differ in how strict they are about lengths; whatever one of them could read as one SET is one.
    private static bool IsSet(ReadOnlySpan<byte> bytes, long length)
    {
        if (bytes.Length < 2 || bytes[0] != SetTag)
            return false;
        if (bytes[1] < Indefinite)
            return bytes[1] == length - 2;
        int count = bytes[1] & 0x7F;
        if (count == 0 || count > 8 || bytes.Length < 2 + count)
            return true;
        ulong said = 0;
        foreach (byte digit in bytes.Slice(2, count))
            said = said << 8 | digit;
        return said == (ulong)(length - 2 - count);
    }
}
