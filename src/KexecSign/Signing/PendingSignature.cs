using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Compression;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Kernel;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Images;

namespace KexecSign.Signing;

/// <summary>What becomes of signatures that an image carries already.</summary>
public enum ExistingSignatures
{
    /// <summary>An image with signatures is refused.</summary>
    Refuse,

    /// <summary>They are dropped.</summary>
    Replace,

    /// <summary>They stay, and the new one comes behind them.</summary>
    Append,

    /// <summary>They stay, and the new one comes in front, where the kernel looks.</summary>
    Prepend,
}

/// <summary>
/// An image that is laid out for a signature that does not exist yet: its directory entry already names a table of the size
/// to come, so that one pass over the bytes gives every hash, the final file's included.
/// </summary>
internal sealed class PendingSignature
{
    private readonly SigningIdentity _identity;
    private readonly IReadOnlyList<byte[]> _before, _after;
    private readonly int _room;
    private SpcIndirectData? _indirectData;
    private SignedAttributes? _attributes;
    private byte[]? _indirectDer;

    private PendingSignature(
        SigningIdentity identity, PeImage image, Layout body, int tableSize, int room, bool fit,
        IReadOnlyList<byte[]> before, IReadOnlyList<byte[]> after)
    {
        _identity = identity;
        _room = room;
        IsFitted = fit;
        _before = before;
        _after = after;
        Image = image;
        TableSize = tableSize;
        Body = CertificateTable.Attach(image, body, new byte[tableSize]).Slice(0, body.Length);
        ImageHash = new(identity.Hash,
            AuthenticodeDigest.FlatRanges(image with
            {
                FileLength = body.Length,
                Directories = image.Directories.SetItem(PeConstants.CertificateDirectoryIndex, PeDirectory.None)
            }));
    }

    /// <summary>The headers as read.</summary>
    public PeImage Image { get; }

    /// <summary>Everything but the certificate table, directory entry in place.</summary>
    public Layout Body { get; }

    /// <summary>Size of the certificate table to come, in bytes.</summary>
    public int TableSize { get; }

    /// <summary>Whether the padding counts on a table of exactly <see cref="TableSize"/> bytes.</summary>
    public bool IsFitted { get; }

    /// <summary>The image_size that the kernel asks for now, when it had to be raised to make room; null when it was left.</summary>
    public uint? RaisedImageSize { get; private init; }

    /// <summary>How many signatures stay that were there before.</summary>
    public int KeptCount => _before.Count + _after.Count;

    /// <summary>The hash that the signature covers.</summary>
    public HashRequest ImageHash { get; }

    /// <summary>The image digest, once known.</summary>
    public SpcIndirectData? IndirectData => _indirectData;

    /// <summary>The signed attributes, once the image digest is known.</summary>
    public SignedAttributes? Attributes => _attributes;

    /// <summary>Lays an image out for a signature.</summary>
    /// <param name="file">The image; canonical.</param>
    /// <param name="identity">Who will sign; decides the table's size.</param>
    /// <param name="existing">What becomes of the signatures it has.</param>
    /// <param name="fit">
    /// A kernel Image that goes into a zboot is fitted (docs/glossary.md): zero-padded so that image and table together are exactly
    /// image_size long. Signed and then padded, the digest breaks; padded and then signed, kexec refuses it (EINVAL). Where bss leaves no
    /// room for the table, image_size is raised first, unless signatures stay that cover it.
    /// </param>
    /// <param name="fitAny">Whether a zboot or bzImage may be fitted too: to its SizeOfImage, which grows when it must.</param>
    /// <param name="trailing">Whether bytes behind the last section are signed, too, instead of being refused.</param>
    /// <exception cref="KexecSignException">KS10xx when it is not canonical, KS1104, KS1105, KS3021.</exception>
    public static PendingSignature Prepare(
        Layout file, SigningIdentity identity, ExistingSignatures existing, bool fit, bool fitAny = false, bool trailing = false)
    {
        PeImage image = PeReader.Read(file);
        PeCanonical.Require(image, file, trailing);
        IReadOnlyList<byte[]> kept = Kept(image, file, existing);
        Layout body = CertificateTable.Strip(image, file, trailing);
        // Zeros from an earlier padding make room for another table; signatures that are kept cover them.
        if (fit && kept.Count == 0)
            body = body.Slice(0, Math.Min(body.Length, PeCanonical.ContentEnd(image, file)));
        body = body.AlignTo(8);
        int room = CertificateEntry.SizeFor(identity.Form.Length);
        int table = room + CertificateTable.SizeOf(kept);
        uint? raised = null;
        // Neither header says how much memory the kernel will take: what is packed in there does.
        if (fit && fitAny && KnownImage.Of(body).IsPacked)
        {
            body = FitPacked(image, body, table);
        }
        else if (fit)
        {
            Layout roomy = WithRoom(body, table, mayRaise: kept.Count == 0);
            long imageSize = (long)KernelImage.Read(roomy).ImageSize;
            raised = imageSize > (long)KernelImage.Read(body).ImageSize ? (uint)imageSize : null;
            body = roomy.PadTo(imageSize - table);
        }
        bool behind = existing == ExistingSignatures.Append;
        return new(identity, image, body, table, room, fit, behind ? kept : [], behind ? [] : kept) { RaisedImageSize = raised };
    }

    /// <summary>What the key has to sign, now that the image's digest is known.</summary>
    public byte[] ToBeSigned(byte[] imageDigest)
    {
        _indirectData = new SpcIndirectData(_identity.Hash, imageDigest);
        _indirectDer = _identity.Statement(_indirectData);
        _attributes = SignedAttributes.For(_indirectDer, _identity.Hash, _identity.Form.ProgramName, _identity.SigningTime);
        return _attributes.Hash(_identity.Hash);
    }

    /// <summary>The certificate table with the signature in its place.</summary>
    public byte[] Complete(byte[] signature) => Table(Assemble(signature, default));

    /// <summary>The PKCS#7 of a signature.</summary>
    /// <param name="signature">What the key made of <see cref="ToBeSigned"/>.</param>
    /// <param name="timestampToken">DER of an RFC 3161 token over it; empty for none.</param>
    public byte[] Assemble(byte[] signature, ReadOnlyMemory<byte> timestampToken) => AuthenticodeSignedData.Encode(
        _indirectDer, _attributes!, _identity.Hash, _identity.Certificates, _identity.Scheme, signature, timestampToken);

    /// <summary>
    /// The certificate table with a PKCS#7 in its place; as long as foreseen unless it was made or timestamped elsewhere.
    /// </summary>
    /// <exception cref="KexecSignException">KS1505, KS3711 when the padding counts on another length.</exception>
    public byte[] Table(byte[] pkcs7)
    {
        int needed = CertificateEntry.SizeFor(pkcs7.Length);
        bool foreseen = needed <= _room && _room - needed < 16;
        if (IsFitted && !foreseen)
            throw OperationErrors.SignatureDoesNotFit.With(pkcs7.Length, needed, _room);
        return CertificateTable.Encode([.. _before, CertificateEntry.Encode(pkcs7, foreseen ? _room : needed), .. _after]);
    }

    private static IReadOnlyList<byte[]> Kept(PeImage image, Layout file, ExistingSignatures existing)
    {
        if (!image.IsSigned || existing == ExistingSignatures.Replace)
            return [];
        var entries = CertificateTable.Read(image, file);
        if (existing == ExistingSignatures.Refuse)
        {
            X509Certificate2? signer = entries.IsEmpty ? null : AuthenticodeSignature.Decode(entries[0].Pkcs7()).Signer;
            throw OperationErrors.AlreadySigned.With(entries.Length, signer?.Subject ?? "an unknown signer");
        }
        // A table with an entry that nobody can read is refused by some consumers as a whole, the new signature included.
        foreach (CertificateEntry entry in entries)
            AuthenticodeSignature.Decode(entry.Pkcs7());
        return [.. entries.Select(e => e.ToBytes())];
    }

    // In .linux of a UKI, file length, SizeOfRawData, VirtualSize and SizeOfImage are then one number, whichever a reader takes.
    private static Layout FitPacked(PeImage image, Layout body, int table)
    {
        long size = image.SizeOfImage;
        if (size < body.Length + table || !Alignment.Holds(size, Math.Max(512, image.FileAlignment)))
            size = Alignment.Up(Math.Max(size, body.Length + table), Math.Max(4096, image.SectionAlignment));
        if (size > Decompressor.MaxLength)
            throw FormatErrors.UkiKernelTooLarge.With(size, Decompressor.MaxLength);
        return body.OverwriteUInt32(image.SizeOfImageOffset, (uint)size).PadTo(size - table);
    }

    private static Layout WithRoom(Layout body, int table, bool mayRaise)
    {
        long imageSize = checked((long)KernelImage.Read(body).ImageSize), needed = body.Length + table;
        if (needed > imageSize)
            return mayRaise && needed <= Decompressor.MaxLength
                ? KernelMemory.Raise(body, needed)
                : throw FormatErrors.TailTooSmall.With(body.Length, table, needed, imageSize);
        return Alignment.Holds(imageSize, 8) ? body : throw FormatErrors.ImageSizeUnaligned.With(imageSize);
    }
}
