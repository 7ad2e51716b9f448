using KexecSign.Fixtures;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Pins;
using KexecSign.Keys.Tests.Tools;
using KexecSign.Keys.Tokens;

namespace KexecSign.Keys.Tests.Tokens;

[Collection(SoftHsmCollection.Name)]
public sealed class SoftHsmFolderTests(SoftHsm softHsm) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public void Another_configuration_is_refused_while_a_module_of_the_process_uses_one()
    {
        SoftHsm.Require();
        using var keyring = new Keyring();
        keyring.OpenKey(softHsm.Key("P256"), new(), default);
        Refusal.Of("KS2013", () => SoftHsmFolder.Open(_folder.At("second")),
            $"'{softHsm.Folder!.ConfigurationPath}'", $"'{_folder.At("second/softhsm2.conf")}'", "one directory for both");
        SoftHsmFolder.Open(softHsm.Folder.FolderPath).PinPath.ShouldBe(softHsm.Folder.PinPath);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        string file = _folder.File("file", "x"u8);
        Refusal.Of(
            "KS2027", () => SoftHsmFolder.Open(Path.Combine(file, "token")), $"'{file}/token' cannot be written",
            "the folder's permissions");
        File.ReadAllText(file).ShouldBe("x");
    }

    [Fact]
    public void A_PIN_file_that_cannot_be_made_is_named()
    {
        string file = _folder.At("nowhere/pin");
        Refusal.Of("KS2027", () => PinFile.Ensure(file), $"'{file}' cannot be written", "the folder's permissions");
    }
}
