using System.Buffers.Binary;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Tests.Pe;

public class CertificateTableTests
{
    private static readonly byte[] Der = [0x30, 0x03, 0x02, 0x01, 0x07];

    [Fact]
    public void Reads_the_entries_it_wrote_in_order()
    {
        byte[] table = CertificateTable.Encode([CertificateEntry.Encode(Der, 16), CertificateEntry.Encode(Der, 24)]);
        table.Length.ShouldBe(40);
        var entries = CertificateTable.Parse(table, 0x1000);
        entries.Select(e => e.Offset).ShouldBe([0x1000L, 0x1010L]);
        entries.Select(e => e.Pkcs7().ToArray()).ShouldBe([Der, Der]);
        CertificateTable.Encode([.. entries.Select(e => e.ToBytes())]).ShouldBe(table);
    }

    [Fact]
    public void An_entry_that_came_out_shorter_than_its_room_still_fills_it()
    {
        // The kernel wants the table's size to be the rounded dwLength (verify_pefile.c).
        byte[] entry = CertificateEntry.Encode(Der, 24);
        Alignment.Up(BinaryPrimitives.ReadUInt32LittleEndian(entry), 8).ShouldBe(24);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(7u)]
    [InlineData(17u)]
    [InlineData(0xFFFFFFF9u)]
    [InlineData(0xFFFFFFFFu)]
    public void Refuses_a_length_that_does_not_advance_or_leaves_the_table(uint length) =>
        Refusal.Of("KS1501", () => CertificateTable.Parse(Entry(Der, length), 0x3600), "0x3600", $"0x{length:x}", "0x10");

    [Fact]
    public void Tells_of_bytes_behind_the_signature_that_nobody_signed()
    {
        byte[] clean = CertificateEntry.Encode(Der, 16), filled = [.. clean];
        filled[^1] = 1;
        CertificateTable.Parse(clean, 0x1000)[0].Surplus().ShouldBeNull();
        CertificateTable.Parse(filled, 0x1000)[0].Surplus().ShouldNotBeNull().Message.ShouldStartWith("KS1503: ");
    }

    [Fact]
    public void Refuses_a_remainder_too_short_for_a_header() =>
        Refusal.Of("KS1501", () => CertificateTable.Parse(new byte[] { 13, 0, 0, 0, 0, 2, 2, 0, 0x30, 3, 2, 1, 7, 0, 0, 0, 1 }, 0), "0x10");

    [Theory]
    [InlineData(0x0100, 2)]
    [InlineData(0x0200, 1)]
    [InlineData(0x0200, 0xEF1)]
    public void Refuses_other_revisions_and_types(int revision, int type)
    {
        byte[] table = Entry(Der, 13);
        BinaryPrimitives.WriteUInt16LittleEndian(table.AsSpan(4), (ushort)revision);
        BinaryPrimitives.WriteUInt16LittleEndian(table.AsSpan(6), (ushort)type);
        Refusal.Of("KS1502", () => CertificateTable.Parse(table, 0)[0].Pkcs7(), $"0x{revision:x}", $"0x{type:x}");
    }

    // pesign left a byte there in Red Hat's grub of 2018 and 2019, and every consumer takes it.
    [Fact]
    public void Tells_of_data_hidden_behind_the_DER_and_reads_past_it()
    {
        Surplus(Entry([.. Der, 0, 0, 1], 16)).ShouldContain("0xd");
        Surplus(Entry([.. Der, .. new byte[11]], 24)).ShouldContain("0xb");
        Surplus(Entry([.. Der, 0, 0, 9], 13)).ShouldContain("0x3");
        CertificateTable.Parse(Entry([.. Der, 0, 0, 0], 16), 0)[0].Surplus().ShouldBeNull();

        string Surplus(byte[] table)
        {
            CertificateEntry entry = CertificateTable.Parse(table, 0)[0];
            entry.Pkcs7().ToArray().ShouldBe(Der);
            return entry.Surplus()!.Message;
        }
    }

    [Theory]
    [InlineData("3082FFFF0102030405")]
    [InlineData("04030201070000")]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("308402000000")]
    [InlineData("3080308030803080")]
    public void Refuses_what_is_no_DER_sequence(string hex)
    {
        byte[] content = Convert.FromHexString(hex);
        Refusal.Of("KS1504", () => CertificateTable.Parse(Entry(content, (uint)(8 + content.Length)), 0)[0].Pkcs7(), $"0x{content.Length:x}");
    }

    [Fact]
    public void Refuses_a_signature_that_the_kernel_could_not_read() =>
        Refusal.Of("KS1505", () => CertificateEntry.Encode(new byte[70_000], 70_008), "0x11170", "0xffff");

    [Fact]
    public void Strip_undoes_attach()
    {
        byte[] original = TestImage.Arm64().Bytes;
        Layout body = Layout.Of(original);
        PeImage image = PeReader.Read(body);
        Layout attached = CertificateTable.Attach(image, body, CertificateEntry.Encode(Der, 16));
        PeImage signed = PeReader.Read(attached);
        signed.CertificateTable.ShouldBe(new PeDirectory((uint)original.Length, 16));
        Layout stripped = CertificateTable.Strip(signed, attached);
        stripped.ReadBytes(0, stripped.Length).ShouldBe(original);
    }

    [Fact]
    public void A_table_of_gigabytes_is_refused_before_it_is_read()
    {
        TestImage built = TestImage.Arm64();
        uint offset = (uint)built.Bytes.Length, size = 0xC0000000;
        Layout file = Layout.Of(built.Certificates(offset, size).Bytes).AppendZeros(size);
        Refusal.Of("KS1509", () => CertificateTable.Read(PeReader.Read(file), file), "0xc0000000");
    }

    private static byte[] Entry(ReadOnlySpan<byte> content, uint length)
    {
        byte[] table = new byte[Alignment.Up(8 + content.Length, 8)];
        BinaryPrimitives.WriteUInt32LittleEndian(table, length);
        table[5] = 2;
        table[6] = 2;
        content.CopyTo(table.AsSpan(8));
        return table;
    }
}
