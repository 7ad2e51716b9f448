using System.Buffers.Binary;
using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Pe;

namespace KexecSign.Formats.Tests.Pe;

/// <summary>Names of sections that stand in the string table.</summary>
public sealed class LongSectionNamesTests
{
    [Theory]
    [InlineData("/4", ".vendor_cert", ".vendor_cert")]
    [InlineData("/4", ".linux", "/4")]
    [InlineData("/4", ".12345678", ".12345678")]
    [InlineData("/4", ".1234567", "/4")]
    [InlineData("/4", ".vendor\u0001cert", "/4")]
    [InlineData("/3", ".vendor_cert", "/3")]
    [InlineData("/5000", ".vendor_cert", "/5000")]
    [InlineData("/", ".vendor_cert", "/")]
    [InlineData("/+4", ".vendor_cert", "/+4")]
    [InlineData("/9999999", ".vendor_cert", "/9999999")]
    [InlineData(".text", ".vendor_cert", ".text")]
    public void Only_a_name_that_8_bytes_cannot_hold_is_taken_from_the_strings(string inTable, string inStrings, string expected) =>
        Read(inTable, inStrings).Sections[0].Name.ShouldBe(expected);

    [Theory]
    [InlineData(uint.MaxValue, 0u)]
    [InlineData(0x100u, uint.MaxValue)]
    [InlineData(uint.MaxValue, uint.MaxValue)]
    public void Strings_beyond_the_file_leave_the_name_as_it_is(uint at, uint symbols)
    {
        TestImage image = Named("/4");
        int header = BinaryPrimitives.ReadInt32LittleEndian(image.Bytes.AsSpan(60));
        image.U32(header + 12, at).U32(header + 16, symbols);
        PeReader.Read(Layout.Of(image.Bytes)).Sections[0].Name.ShouldBe("/4");
    }

    private static TestImage Named(string name)
    {
        TestImage image = TestImage.Arm64();
        byte[] field = new byte[8];
        Encoding.ASCII.GetBytes(name, field);
        field.CopyTo(image.Bytes, PeReader.Read(Layout.Of(image.Bytes)).SectionTableOffset);
        return image;
    }

    private static PeImage Read(string inTable, string inStrings)
    {
        TestImage image = Named(inTable);
        byte[] strings = [0, 0, 0, 0, .. Encoding.ASCII.GetBytes(inStrings), 0];
        BinaryPrimitives.WriteInt32LittleEndian(strings, strings.Length);
        int header = BinaryPrimitives.ReadInt32LittleEndian(image.Bytes.AsSpan(60));
        image.U32(header + 12, (uint)image.Bytes.Length);
        return PeReader.Read(Layout.Of(image.Bytes).Append(strings));
    }
}
