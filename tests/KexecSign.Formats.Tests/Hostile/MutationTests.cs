using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Bpf;
using KexecSign.Formats.Elf;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Ima;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Tests.Authenticode;
using KexecSign.Formats.Tests.Elf;
using KexecSign.Formats.Zboot;

namespace KexecSign.Formats.Tests.Hostile;

/// <summary>
/// Damaged files: every reader answers with a value or a KexecSignException, and takes no more memory than a few times the
/// file. Seeded, so that a failure comes back.
/// </summary>
public class MutationTests
{
    private const long MemoryFor = 64 << 20;

    [Fact]
    public void PE_headers()
    {
        byte[] sound = SignedImage();
        int refused = Try(Mutations.Of(sound, 0, 0x180, 4000, seed: 1), Questions.OfPe);
        refused.ShouldBeInRange(1000, 3999);
    }

    [Fact]
    public void Certificate_tables()
    {
        byte[] sound = SignedImage();
        int table = TestImage.Arm64().Bytes.Length;
        Try(Mutations.Of(sound, table, sound.Length, 1500, seed: 2), Questions.OfPe).ShouldBeGreaterThan(100);
    }

    [Fact]
    public void Authenticode_signatures()
    {
        byte[] sound = AuthenticodeSignatureTests.Signed(TestSigners.P256, HashAlgorithmName.SHA256);
        Try(Mutations.Of(sound, 0, sound.Length, 4000, seed: 3), bytes => Questions.OfSignature(AuthenticodeSignature.Decode(bytes))).ShouldBeGreaterThan(300);
    }

    [Fact]
    public void Authenticode_signatures_bit_by_bit()
    {
        byte[] sound = AuthenticodeSignatureTests.Signed(TestSigners.P256, HashAlgorithmName.SHA256);
        IEnumerable<byte[]> flipped = Enumerable.Range(0, sound.Length * 8).Select(bit =>
        {
            byte[] bytes = [.. sound];
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            return bytes;
        });
        Try(flipped, bytes => Questions.OfSignature(AuthenticodeSignature.Decode(bytes))).ShouldBeGreaterThan(1000);
    }

    [Fact]
    public void Zboot_headers()
    {
        byte[] sound = TestImage.Zboot(new byte[64], "zstd").Bytes;
        int refused = Try(Mutations.Of(sound, 4, 0x40, 2000, seed: 4), bytes =>
        {
            Layout file = Layout.Of(bytes);
            ZbootHeader header = ZbootHeader.Read(PeReader.Read(file), file);
            header.UncompressedLength(file);
            file.Slice(header.PayloadOffset, header.PayloadSize);
            _ = header.Compression;
        });
        refused.ShouldBeGreaterThan(500);
    }

    [Fact]
    public void ELF_files_and_parser_objects()
    {
        byte[] sound = ElfBuilder.Parser("kexec_image_parser_anchor"u8, new byte[32]);
        int refused = Try(Mutations.Of(sound, 0, sound.Length, 4000, seed: 5), bytes =>
        {
            Elf64File file = Elf64File.Parse(bytes);
            file.End.ShouldBeLessThanOrEqualTo(bytes.Length);
            foreach (ElfSection section in file.Sections)
                file.Content(section);
            ParserObject.Parse(bytes);
        });
        refused.ShouldBeGreaterThan(1000);
    }

    [Fact]
    public void IMA_values()
    {
        byte[] sound = new ImaSignature(3, 2, HashAlgorithmName.SHA256, 1, new byte[32]).Encode();
        Try(Mutations.Of(sound, 0, 12, 1000, seed: 6), bytes => ImaSignature.Decode(bytes).Encode().Length.ShouldBe(bytes.Length)).ShouldBeGreaterThan(300);
    }

    private static int Try(IEnumerable<byte[]> files, Action<byte[]> read)
    {
        int refused = 0, number = 0;
        foreach (byte[] file in files)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(file);
            }
            catch (KexecSignException)
            {
                refused++;
            }
            catch (Exception escaped) when (escaped is not ShouldAssertException)
            {
                throw new InvalidOperationException($"mutation {number} let an exception out: {Convert.ToHexString(file.AsSpan(0, Math.Min(file.Length, 512)))}", escaped);
            }
            (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(MemoryFor, $"mutation {number}");
            number++;
        }
        return refused;
    }

    private static byte[] SignedImage()
    {
        Layout body = Layout.Of(TestImage.Arm64().Bytes);
        byte[] pkcs7 = AuthenticodeSignatureTests.Signed(TestSigners.P256, HashAlgorithmName.SHA256);
        Layout signed = CertificateTable.Attach(PeReader.Read(body), body, CertificateEntry.Encode(pkcs7, CertificateEntry.SizeFor(pkcs7.Length)));
        return signed.ReadBytes(0, signed.Length);
    }
}
