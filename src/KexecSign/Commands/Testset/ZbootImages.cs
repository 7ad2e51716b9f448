using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Formats.Zboot;
using KexecSign.Parsers;
using KexecSign.Simulation.Answers;

namespace KexecSign.Commands.Testset;

/// <summary>Zboot images, right and wrong: firmware judges the outer signature, kexec what user space unpacks.</summary>
internal static class ZbootImages
{
    private const int HeadersWithoutPadding = 0x400;

    private static readonly ExpectedVerdict Yes = ExpectedVerdict.Accepts, No = ExpectedVerdict.Refuses;

    /// <summary>The images.</summary>
    public static IEnumerable<TestsetCase> All(TestsetWorkshop workshop) =>
        [.. Signers(workshop), .. Payloads(workshop), .. Gaps(workshop), .. Parsers(workshop)];

    private static IEnumerable<TestsetCase> Signers(TestsetWorkshop workshop)
    {
        Layout plain = workshop.PlainZboot, inside = workshop.SignedInsideZboot, signed = workshop.Sign(inside, "db");
        ExpectedVerdict unsigned = ExpectedVerdict.With(KernelErrno.ENODATA);
        yield return Case("unsigned", "No signature, inside or outside.", plain, No, unsigned);
        yield return Case("signed", "Signed by db inside and outside.", signed, Yes, Yes);
        yield return Case("signed-inside", "Signed by db inside only.", inside, No, Yes);
        yield return Case("signed-outside", "Signed by db outside only, as distributions do.", workshop.Sign(plain, "db"), Yes, unsigned);
        yield return Case("wrong-key", "Signed inside by db, outside by a key that nobody trusts.", workshop.Sign(inside, "other"), No,
            Yes);
        yield return Case("wrong-order", "Signed outside first, then inside: the outer signature is that of the image before.",
            WithTableOf(inside, workshop.Sign(plain, "db")), No, Yes);
        yield return Case("flipped-payload", "One bit changed in the compressed kernel.",
            RawImages.Flip(signed, PayloadOf(inside).PayloadOffset + 0x1000), No, No);
        yield return Case("flipped-stub", "One bit changed in the stub's code.",
            RawImages.Flip(signed, PeReader.Read(inside).SizeOfHeaders + 0x20), No, Yes);
    }

    private static IEnumerable<TestsetCase> Payloads(TestsetWorkshop workshop)
    {
        Layout inside = workshop.SignedInsideZboot;
        yield return Case("payload-outside",
            "The header says that the payload goes on behind the end of the file, and is signed so: firmware and stub do not look.",
            workshop.Sign(inside.OverwriteUInt32(12, (uint)inside.Length), "db"), Yes, No);
        byte[] name = new byte[0x20];
        Encoding.ASCII.GetBytes("xzkern", name);
        yield return Case("wrong-compression", "The header names another compression than the payload's, and is signed so.",
            workshop.Sign(inside.Overwrite(0x18, name), "db"), Yes, No);
        yield return Case("bomb", "The payload unpacks to 1 GiB of zeros, more than any kernel; its last bytes promise less.",
            workshop.Sign(Bomb(inside), "db"), Yes, No);
    }

    // The headers end where their data does, as llvm-objcopy and the kexec series' own builder leave it. What lies between them and
    // the first section is then in no signature; instead the last bytes of the file are hashed twice.
    private static IEnumerable<TestsetCase> Gaps(TestsetWorkshop workshop)
    {
        Layout inside = workshop.SignedInsideZboot;
        PeImage image = PeReader.Read(inside);
        Layout gap = inside.OverwriteUInt32(image.SizeOfHeadersOffset, HeadersWithoutPadding);
        Layout signed = workshop.SignSections(gap, "db");
        const string why = "bytes in a gap can be changed under a signature that holds";
        yield return Case("gap", "A gap between headers and first section, and signed so.", signed, Yes, Yes) with { WarnedBecause = why };
        yield return Case("gap-filled", "The same with foreign bytes in the gap, put there after signing: the signature still holds.",
            signed.Overwrite(HeadersWithoutPadding + 0x10, "not signed by anyone"u8.ToArray()), Yes, Yes) with
        { WarnedBecause = why };
    }

    private static IEnumerable<TestsetCase> Parsers(TestsetWorkshop workshop)
    {
        Layout inside = workshop.SignedInsideZboot;
        yield return Parser("bpf-none", "No .bpf section.", inside);
        yield return Parser("bpf-garbage", ".bpf holds no ELF file.", WithParser("this is no parser"u8.ToArray()));
        byte[] elf = new byte[128];
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(elf);
        BinaryPrimitives.WriteUInt64LittleEndian(elf.AsSpan(40), ulong.MaxValue - 63);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(58), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(elf.AsSpan(60), ushort.MaxValue);
        yield return Parser("bpf-hostile", ".bpf holds an ELF file whose section table lies near the end of the address space.",
            WithParser(elf));

        Layout WithParser(byte[] content) => PeEditor.AddSection(inside, ParserSection.Name, Layout.Of(content),
            PeConstants.DiscardableData);

        TestsetCase Parser(string name, string what, Layout content) =>
            Case(name, what, workshop.Sign(content, "db"), Yes, Yes) with { Bpf = No };
    }

    private static TestsetCase Case(string name, string what, Layout content, ExpectedVerdict firmware, ExpectedVerdict kexec) =>
        new($"images/zboot/{name}.efi", what, content, firmware)
        {
            Kexec = kexec,
            KexecOfFile = ExpectedVerdict.With(KernelErrno.EINVAL),
            KexecUnenforced = ExpectedVerdict.With(KernelErrno.EINVAL),
        };

    private static ZbootHeader PayloadOf(Layout zboot) => ZbootHeader.Read(PeReader.Read(zboot), zboot);

    private static Layout WithTableOf(Layout body, Layout signed)
    {
        PeDirectory table = PeReader.Read(signed).CertificateTable;
        return CertificateTable.Attach(PeReader.Read(body), body.AlignTo(8), signed.ReadBytes(table.Address, table.Size));
    }

    // One deflate block again and again, each a megabyte of zeros that refers to nothing before it. The length that the stub
    // believes, in the last bytes of the old payload, stays.
    private static Layout Bomb(Layout zboot)
    {
        const int megabytes = 1024;
        ZbootHeader header = PayloadOf(zboot);
        byte[] block = Megabyte();
        byte[] stream = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, .. Enumerable.Repeat(block, megabytes).SelectMany(b => b), 3, 0];
        return stream.Length + 8 <= header.PayloadSize
            ? zboot.Overwrite(header.PayloadOffset, stream)
            : throw OperationErrors.TestsetImageUnfit.With("payload of a megabyte or more");
    }

    private static byte[] Megabyte()
    {
        var bytes = new MemoryStream();
        using (var deflate = new DeflateStream(bytes, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            deflate.Write(new byte[1 << 20]);
            deflate.Flush();
            // Up to the flush: what closing adds is the end of the stream.
            return bytes.ToArray();
        }
    }
}
