using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uefi;

namespace KexecSign.Formats.Tests.Uefi;

/// <summary>Stores that real firmware and efitools wrote.</summary>
public sealed class DebianFirmwareTests
{
    private const string Snakeoil = "/usr/share/AAVMF/AAVMF_VARS.snakeoil.fd";
    private const string Certificate = "/usr/share/qemu-efi-aarch64/PkKek-1-snakeoil.pem";

    [SkippableFact]
    public void Variables_that_firmware_wrote_are_listed()
    {
        Tool.Require(Snakeoil);
        VariableStore store = Read(Snakeoil);

        string[] live = [.. store.Variables.Where(v => v.IsLive).Select(v => v.Variable.Name)];
        live.ShouldBe(live.Distinct(), "firmware never leaves two live variables of one name here");
        live.ShouldContain("SecureBootEnable");
        live.ShouldContain("Boot0002");
        store.Variables.Count(v => !v.IsLive).ShouldBeGreaterThan(0);
        Guid custom = new("c076ec0c-7028-4399-a072-71ee5c448b9f");
        store.Find("CustomMode", custom)!.Value.ToArray().ShouldBe([0]);
        ((uint)store.Find("PK", EfiGuids.GlobalVariable)!.Attributes).ShouldBe(0x27u);
    }

    [SkippableFact]
    public void The_enrolled_certificate_is_the_one_that_Debian_ships()
    {
        Tool.Require(Snakeoil);
        using X509Certificate2 shipped = X509CertificateLoader.LoadCertificateFromFile(Certificate);
        VariableStore store = Read(Snakeoil);

        foreach ((string name, Guid vendor) in new[] { ("PK", EfiGuids.GlobalVariable), ("KEK", EfiGuids.GlobalVariable), ("db", EfiGuids.ImageSecurityDatabase) })
        {
            SignatureList list = SignatureList.ReadAll(store.Find(name, vendor)!.Value).ShouldHaveSingleItem();
            list.Type.ShouldBe(EfiGuids.CertX509);
            list.Entries.ShouldHaveSingleItem().Data.ToArray().ShouldBe(shipped.RawData);
        }
        SignatureList forbidden = SignatureList.ReadAll(store.Find("dbx", EfiGuids.ImageSecurityDatabase)!.Value).ShouldHaveSingleItem();
        forbidden.Type.ShouldBe(EfiGuids.CertSha256);
        forbidden.Entries.ShouldHaveSingleItem().Data.Length.ShouldBe(32);
    }

    [SkippableFact]
    public void What_firmware_wrote_is_written_again_byte_for_byte()
    {
        Tool.Require(Snakeoil);
        VariableStore store = Read(Snakeoil);
        StoredVariable enrolled = store.Variables.Last(v => v.Variable.Name == "PK");
        int size = 60 + 2 * 3 + enrolled.Variable.Value.Length;

        VariableStore rewritten = store.Reset().With(enrolled.Variable);

        byte[] written = rewritten.ToLayout().ReadBytes(rewritten.Variables[0].Offset, size);
        written.ShouldBe(store.ToLayout().ReadBytes(enrolled.Offset, size));
    }

    [SkippableFact]
    public void An_added_variable_gives_the_flash_image_that_efitools_flash_var_writes()
    {
        Tool.Require(Snakeoil);
        Tool.Require("flash-var");
        byte[] value = SignatureList.OfSha256([new byte[32]], Guid.Empty).Encode();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("kexecsign-flash-");
        try
        {
            string flash = Path.Combine(folder.FullName, "vars.fd"), content = Path.Combine(folder.FullName, "value");
            File.Copy(Snakeoil, flash);
            File.WriteAllBytes(content, value);
            (int exit, string output) = Tool.Ask(
                "flash-var", "-g", EfiGuids.GlobalVariable.ToString(), "-t", "2024-05-06 07:08:09", flash, "PKDefault", content);
            exit.ShouldBe(0, output);

            var time = new DateTime(2024, 5, 6, 7, 8, 9, DateTimeKind.Utc);
            Layout ours = Read(Snakeoil).With(new("PKDefault", EfiGuids.GlobalVariable, (VariableAttributes)0x27, value) { TimeStamp = time }).ToLayout();

            SHA256.HashData(ours.ReadBytes(0, ours.Length)).ShouldBe(SHA256.HashData(File.ReadAllBytes(flash)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static VariableStore Read(string path) => VariableStore.Read(Layout.Of(File.ReadAllBytes(path)));
}
