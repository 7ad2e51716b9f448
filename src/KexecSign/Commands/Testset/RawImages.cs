using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core.Errors;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;
using KexecSign.Simulation.Answers;

namespace KexecSign.Commands.Testset;

/// <summary>
/// Raw kernel Images, right and wrong. What kexec and firmware do with each was seen on Linux 6.12 and EDK2 2022.11; the boot tests
/// see it again.
/// </summary>
internal static class RawImages
{
    private static readonly ExpectedVerdict Yes = ExpectedVerdict.Accepts, No = ExpectedVerdict.Refuses;

    private static readonly ExpectedVerdict Rejected = ExpectedVerdict.With(KernelErrno.EKEYREJECTED),
        Impossible = ExpectedVerdict.With(KernelErrno.EINVAL);

    /// <summary>The images.</summary>
    public static IEnumerable<TestsetCase> All(TestsetWorkshop workshop) =>
        [.. Signers(workshop), .. Lengths(workshop), .. Bytes(workshop), .. Tables(workshop), .. Headers(workshop)];

    private static IEnumerable<TestsetCase> Signers(TestsetWorkshop workshop)
    {
        Layout kernel = workshop.Kernel;
        yield return Case("unsigned", "No signature.", kernel, No, ExpectedVerdict.With(KernelErrno.ENODATA));
        yield return Case("signed", "Signed by db so that it is exactly image_size long, as it goes into a zboot.",
            workshop.Sign(kernel, "db", fit: true), Yes, Yes);
        yield return Case("wrong-key", "Signed by a key that nobody trusts.", workshop.Sign(kernel, "other", fit: true), No,
            ExpectedVerdict.With(KernelErrno.ENOKEY));
        yield return Case("expired",
            "Signed by a key in db whose certificate ran out in 2002: neither firmware nor kernel looks at dates.",
            workshop.Sign(kernel, "expired"), Yes, Yes);
        yield return Case("revoked", "Signed by a key that is in db and in dbx.", workshop.Sign(kernel, "revoked"), No, Rejected);
        yield return Case("rsa3072", "Signed with RSA of 3072 bits.", workshop.Sign(kernel, "rsa3072"), Yes, Yes);
        yield return Case("rsa4096", "Signed with RSA of 4096 bits.", workshop.Sign(kernel, "rsa4096"), Yes, Yes);
        yield return Case("sha384", "Signed over SHA-384.", workshop.Sign(kernel, "db", digest: "sha384"), Yes, Yes);
        yield return Case("sha512", "Signed over SHA-512.", workshop.Sign(kernel, "db", digest: "sha512"), Yes, Yes);
        yield return Case("two-ours-first", "Two signatures, the trusted one first.", workshop.Sign(workshop.Sign(kernel, "other"), "db"),
            Yes, Yes);
        yield return Case("two-ours-last", "Two signatures, the trusted one last: firmware tries all, the kernel reads the first only.",
            workshop.Sign(workshop.Sign(kernel, "db"), "other"), Yes, ExpectedVerdict.With(KernelErrno.ENOKEY));
    }

    private static IEnumerable<TestsetCase> Lengths(TestsetWorkshop workshop)
    {
        Layout kernel = workshop.Kernel, signed = workshop.Sign(kernel, "db");
        long imageSize = PeReader.Read(kernel).SizeOfImage;
        yield return Case("signed-short", "Signed by db without padding: right for kexec, too short for the stub of a zboot.", signed, Yes,
            Yes);
        yield return Case("signed-raised", "Signed by db where bss left no room for the signature, so that image_size was raised first.",
            workshop.Sign(WithoutTail(kernel), "db", fit: true), Yes, Yes);
        yield return Case("padded-after", "Signed, then padded to image_size as a zboot's payload is: the zeros are hashed, too.",
            signed.PadTo(imageSize), No, Rejected);
        yield return Case("padded-before", "Padded to image_size, then signed: longer than the memory that the kernel asks for.",
            workshop.Sign(kernel.PadTo(imageSize), "db"), Yes, Impossible) with
        { KexecUnenforced = Impossible };
        yield return Case("truncated", "Signed, then cut in the middle.", signed.Slice(0, signed.Length / 2), No,
            ExpectedVerdict.With(KernelErrno.ELIBBAD));
        yield return Case("truncated-table", "Signed, then cut inside the certificate table.", signed.Slice(0, signed.Length - 256), No,
            ExpectedVerdict.With(KernelErrno.ELIBBAD));
        yield return Case("longer-table", "Signed, then 8 zeros behind the certificate table.", signed.AppendZeros(8), No, Rejected);
    }

    private static IEnumerable<TestsetCase> Bytes(TestsetWorkshop workshop)
    {
        Layout signed = workshop.Sign(workshop.Kernel, "db", fit: true);
        PeImage image = PeReader.Read(signed);
        PeSection text = Section(image, ".text"), data = Section(image, ".data");
        yield return Case("flipped-header", "One bit changed in a reserved field of the kernel's header.", Flip(signed, 0x28), No,
            Rejected);
        yield return Case("flipped-text", "One bit changed in .text.", Flip(signed, text.PointerToRawData + text.SizeOfRawData / 2), No,
            Rejected);
        yield return Case("flipped-data", "One bit changed in .data.", Flip(signed, data.PointerToRawData + data.SizeOfRawData / 2), No,
            Rejected);
        yield return Case("flipped-padding", "One bit changed in the padding behind the sections.", Flip(signed, image.BodyLength - 9), No,
            Rejected);
        yield return Case("flipped-checksum", "One bit changed in the PE checksum, which no signature covers.",
            Flip(signed, image.CheckSumOffset), Yes, Yes);
        yield return Case("flipped-signature",
            "One bit changed in the RSA signature, so that what it opens to does not begin with the zero of its padding.",
            SpoilSignature(signed, image), No, Impossible);
        yield return Case("flipped-digest", "One bit changed in the digest inside the signature.",
            Flip(signed, DigestInSignature(signed, image)), No, Rejected);
    }

    private static IEnumerable<TestsetCase> Tables(TestsetWorkshop workshop)
    {
        Layout signed = workshop.Sign(workshop.Kernel, "db");
        long table = PeReader.Read(signed).CertificateTable.Address;
        ExpectedVerdict unsupported = ExpectedVerdict.With(KernelErrno.ENOTSUPP);
        yield return Case("table-type", "The certificate entry says that it is no PKCS#7.", signed.OverwriteUInt16(table + 6, 1), No,
            unsupported);
        yield return Case("table-revision", "The certificate entry has revision 1.0: EDK2 does not look, the kernel does.",
            signed.OverwriteUInt16(table + 4, 0x0100), Yes, unsupported) with
        {
            WarnedBecause = "another firmware may look at the revision, as the UEFI specification lets it",
        };
    }

    private static IEnumerable<TestsetCase> Headers(TestsetWorkshop workshop)
    {
        Layout kernel = workshop.Kernel;
        yield return Case("image-size-zero", "image_size is 0, and signed so.", workshop.Sign(kernel.Overwrite(16, new byte[8]), "db"),
            Yes, Impossible) with
        { KexecUnenforced = Impossible };
        yield return Case("other-magic", "The kernel's magic number is not that of arm64, and signed so.",
            workshop.Sign(kernel.OverwriteUInt32(0x38, 0), "db"), Yes, Impossible) with
        { KexecUnenforced = Impossible };
    }

    // What was bss is in the file now, as the zeros that it would be in memory.
    private static Layout WithoutTail(Layout kernel)
    {
        PeImage image = PeReader.Read(kernel);
        PeSection data = Section(image, ".data");
        long more = image.SizeOfImage - data.RawEnd;
        return kernel.PadTo(image.SizeOfImage).OverwriteUInt32(
            image.SectionTableOffset + PeConstants.SectionHeaderSize * image.Sections.IndexOf(data) + 16,
                checked((uint)(data.SizeOfRawData + more)));
    }

    private static TestsetCase Case(string name, string what, Layout content, ExpectedVerdict firmware, ExpectedVerdict kexec) =>
        new($"images/raw/{name}.Image", what, content, firmware) { Kexec = kexec, KexecUnenforced = Yes };

    /// <summary>An image with one bit changed.</summary>
    public static Layout Flip(Layout image, long offset) => image.Overwrite(offset, (byte[])[(byte)(image.ReadBytes(offset, 1)[0] ^ 1)]);

    private static PeSection Section(PeImage image, string name) =>
        image.FindSection(name) is { SizeOfRawData: > 0 } section ? section : throw OperationErrors.TestsetImageUnfit.With(name);

    // Which error the kernel gives depends on what the changed signature opens to (crypto/rsa-pkcs1pad.c); of 256 changes about one
    // leaves the first byte zero, and is passed over. The signature is the last thing in the PKCS#7.
    private static Layout SpoilSignature(Layout file, PeImage image)
    {
        CertificateEntry entry = CertificateTable.Read(image, file)[0];
        long end = entry.Offset + CertificateEntry.HeaderSize + entry.Pkcs7().Length;
        using RSA key = Formats.Authenticode.AuthenticodeSignature.Decode(entry.Pkcs7()).Signer!.GetRSAPublicKey()!;
        RSAParameters numbers = key.ExportParameters(includePrivateParameters: false);
        int size = numbers.Modulus!.Length;
        for (int back = 1; ; back++)
        {
            Layout flipped = Flip(file, end - back);
            BigInteger opened = BigInteger.ModPow(Number(flipped.ReadBytes(end - size, size)), Number(numbers.Exponent!),
                Number(numbers.Modulus));
            if (opened.GetByteCount(isUnsigned: true) == size)
                return flipped;
        }
    }

    private static BigInteger Number(byte[] bigEndian) => new(bigEndian, isUnsigned: true, isBigEndian: true);

    private static long DigestInSignature(Layout file, PeImage image)
    {
        CertificateEntry entry = CertificateTable.Read(image, file)[0];
        ReadOnlyMemory<byte> digest = Formats.Authenticode.AuthenticodeSignature.Decode(entry.Pkcs7()).IndirectData.Digest;
        return entry.Offset + CertificateEntry.HeaderSize + entry.Pkcs7().Span.IndexOf(digest.Span);
    }
}
