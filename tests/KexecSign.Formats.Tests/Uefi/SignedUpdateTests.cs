using KexecSign.Fixtures;
using KexecSign.Formats.Uefi;

namespace KexecSign.Formats.Tests.Uefi;

/// <summary>Signed changes of variables; sound ones are read and written in the tests of 'keys enroll', beside efitools.</summary>
public sealed class SignedUpdateTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(39)]
    [InlineData(100)]
    public void What_does_not_begin_as_one_is_none(int length) => Refusal.Of("KS1540", () => SignedUpdate.Read(new byte[length]));

    // EFI_TIME of 16 bytes, then a WIN_CERTIFICATE_UEFI_GUID that is longer than the file.
    [Fact]
    public void A_certificate_longer_than_the_file_is_refused()
    {
        byte[] file = new byte[64];
        file[16] = 0xFF;
        file[21] = 2;
        (file[22], file[23]) = (0xF1, 0x0E);
        EfiGuids.CertTypePkcs7.TryWriteBytes(file.AsSpan(24)).ShouldBeTrue();
        Refusal.Of("KS1540", () => SignedUpdate.Read(file), "0xff", "0x30");
    }
}
