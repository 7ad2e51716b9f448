using System.Buffers.Binary;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KexecSign.Commands.Inspect;
using KexecSign.Fixtures;
using KexecSign.Formats.Uefi;
using KexecSign.Inspection;

namespace KexecSign.Tests.Inspection;

/// <summary>Sections written out, with objdump and Debian's own certificate as judges.</summary>
public sealed class ExtractedSectionTests : IDisposable
{
    private readonly Bench _bench = new();

    [SkippableTheory]
    [InlineData("shim arm64")]
    [InlineData("unsigned shim amd64")]
    public void The_certificate_that_a_shim_trusts_is_that_of_its_distribution(string name)
    {
        string output = _bench.Folder.At("vendor.pem");
        InspectResult found = Inspect(DebianFiles.Named(name), VendorCertificates.SectionName, output);
        found.Extracted.ShouldNotBeNull().Certificates.ShouldBe(1);
        found.Fields.Select(field => field.Name).ShouldContain("certificate that shim trusts");
        // What signs Debian's kernels has this issuer; shim has the issuer's certificate.
        string subject = Tool.Run("openssl", "x509", "-in", output, "-noout", "-subject").Trim();
        subject.ShouldContain("Debian Secure Boot CA");
        Tool.Run("sbverify", "--list", DebianFiles.Named("signed kernel arm64")).ShouldContain("CN=Debian Secure Boot CA");
        // Debian's kernels verify by it.
        Tool.Run("sbverify", "--cert", output, DebianFiles.Named("signed kernel arm64"));
    }

    [SkippableFact]
    public void Long_names_are_those_that_objdump_shows()
    {
        string shim = DebianFiles.Named("unsigned shim amd64");
        string[] names = [.. Tool.Run("objdump", "-h", shim).Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length == 7 && int.TryParse(words[0], out _)).Select(words => words[1])];
        names.ShouldContain(VendorCertificates.SectionName);
        Inspect(shim).Sections.Select(section => section.Name).ShouldBe(names);
    }

    [SkippableFact]
    public void A_sections_bytes_are_those_that_objcopy_takes_out()
    {
        string shim = DebianFiles.Named("unsigned shim amd64"), output = _bench.Folder.At("sbat"), taken = _bench.Folder.At("taken");
        Inspect(shim, ".sbat", output).Extracted!.Certificates.ShouldBeNull();
        Tool.Run("objcopy", "-O", "binary", "--only-section=.sbat", shim, taken);
        File.ReadAllBytes(output).ShouldBe(File.ReadAllBytes(taken));
        Encoding.UTF8.GetString(File.ReadAllBytes(output)).ShouldStartWith("sbat,1,");
    }

    [Fact]
    public void A_table_that_leads_out_of_its_section_is_refused()
    {
        byte[] table = new byte[0x40];
        BinaryPrimitives.WriteUInt32LittleEndian(table, 0x31);
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(8), 0x10);
        Refusal.Of("KS4720", () => VendorCertificates.Read(table), "0x31 bytes at 0x10", "0x40");
        Refusal.Of("KS4720", () => VendorCertificates.Read(new byte[4]), "0x4");
        VendorCertificates.Read(new byte[16]).ShouldBe(new([], 0, 0), new Same());
    }

    [Fact]
    public void Lists_of_a_shim_with_several_certificates_are_read_too()
    {
        using X509Certificate2 one = X509CertificateLoader.LoadCertificate(TestSigners.Rsa2048.Certificate.RawData);
        byte[] lists = [.. SignatureList.EncodeAll([SignatureList.Of(one, Guid.Empty), SignatureList.OfSha256([new byte[32]], Guid.Empty), SignatureList.Of(TestSigners.P256.Certificate, Guid.Empty)])];
        byte[] revoked = SignatureList.OfSha256([new byte[32], new byte[32]], Guid.Empty).Encode(), table = new byte[16 + lists.Length + revoked.Length];
        foreach ((int at, int value) in ((int, int)[])[(0, lists.Length), (4, revoked.Length), (8, 16), (12, 16 + lists.Length)])
            BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(at), value);
        lists.CopyTo(table, 16);
        revoked.CopyTo(table, 16 + lists.Length);
        var read = VendorCertificates.Read(table);
        read.Trusted.Select(der => Convert.ToHexString(der.Span)).ShouldBe([Convert.ToHexString(one.RawData), Convert.ToHexString(TestSigners.P256.Certificate.RawData)]);
        (read.TrustedDigests, read.Revoked).ShouldBe((1, 2));
    }

    [Fact]
    public void A_certificate_that_is_none_is_refused_and_nothing_written()
    {
        byte[] table = new byte[0x40];
        BinaryPrimitives.WriteInt32LittleEndian(table, 0x10);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(8), 0x10);
        table[0x10] = 0x30;
        string image = _bench.Folder.File("shim", Vendored(table)), output = _bench.Folder.At("vendor.pem");
        Inspect(image).Fields.ShouldContain(new InspectedField("certificate that shim trusts", "one that cannot be read"));
        Refusal.Of("KS1609", () => Inspect(image, VendorCertificates.SectionName, output), "certificate 1 of 1", image);
        File.Exists(output).ShouldBeFalse();
    }

    [Fact]
    public void What_is_to_be_written_and_where_go_together()
    {
        string image = _bench.Folder.File("image", TestImage.Arm64().Bytes);
        Refusal.Of("KS3010", () => Inspect(image, ".text"), "-o");
        Refusal.Of("KS3010", () => Inspect(image, null, _bench.Folder.At("out")), "--extract");
        Refusal.Of("KS1027", () => Inspect(image, ".gone", _bench.Folder.At("out")), ".gone", ".text");
        File.Exists(_bench.Folder.At("out")).ShouldBeFalse();
    }

    public void Dispose() => _bench.Dispose();

    private InspectResult Inspect(string file, string? section = null, string? output = null) =>
        InspectOperation.Definition.Run(new() { File = file, Extract = section, Output = output }, _bench.Context);

    // A name of more than 8 letters stands in the string table, behind all else.
    private static byte[] Vendored(byte[] table)
    {
        TestImage image = TestImage.Arm64();
        byte[] name = [.. Encoding.ASCII.GetBytes(VendorCertificates.SectionName), 0], strings = new byte[4 + name.Length];
        BinaryPrimitives.WriteInt32LittleEndian(strings, strings.Length);
        name.CopyTo(strings, 4);
        "/4\0\0\0\0\0\0"u8.CopyTo(image.Bytes.AsSpan(image.SectionTable));
        table.CopyTo(image.Bytes, TestImage.SizeOfHeaders);
        BinaryPrimitives.WriteInt32LittleEndian(image.Bytes.AsSpan(BinaryPrimitives.ReadInt32LittleEndian(image.Bytes.AsSpan(60)) + 12), image.Bytes.Length);
        return image.Append(strings).Bytes;
    }

    // Records with arrays compare the arrays' places.
    private sealed class Same : IEqualityComparer<VendorCertificates>
    {
        public bool Equals(VendorCertificates? x, VendorCertificates? y) =>
            x!.Trusted.Length == y!.Trusted.Length && (x.TrustedDigests, x.Revoked) == (y.TrustedDigests, y.Revoked);

        public int GetHashCode(VendorCertificates obj) => 0;
    }
}
