using KexecSign.Boot.Tests.Images;
using KexecSign.Catalog;
using KexecSign.Commands.Keys;
using KexecSign.Core;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uefi;
using KexecSign.Keys.Keyrings;
using KexecSign.Qemu;

namespace KexecSign.Boot.Tests;

/// <summary>The firmware's own verdict on variable stores that <c>keys enroll</c> fills.</summary>
[Collection(nameof(Bench))]
public sealed class EnrolmentTests(Bench bench)
{
    [SkippableFact]
    public void Firmware_trusts_what_is_enrolled()
    {
        (int exit, string console) = BootWith(bench.Ours);
        exit.ShouldBe(0, console);
        console.ShouldContain(" SecureBoot=1\n");
    }

    [SkippableFact]
    public void Firmware_refuses_what_is_not()
    {
        (int exit, string console) = BootWith(bench.Other);
        exit.ShouldBe(1, console);
        console.ShouldContain("Access Denied");
    }

    // keys enroll begins with an empty store, so the lab's boot entry is put back.
    private (int Exit, string Console) BootWith(TestKey allowed)
    {
        Bench.RequireMachine();
        BootLabFiles lab = bench.Lab(bench.Image.SignedBy(bench.Ours), bench.Ours.Certificate);
        string store = Path.Combine(lab.Folder, "vars.fd"), enrolled = Path.Combine(bench.Folder, $"{allowed.Name}.fd");
        using var context = new RunContext { Keyring = new Keyring() };
        OperationCatalog.KeysEnroll.Run(new KeysEnrollOptions
        {
            PlatformKey = bench.Other.CertificateFile,
            KeyExchangeKeys = [bench.Other.CertificateFile],
            Allowed = [allowed.CertificateFile],
            Store = store,
            StoreOutput = enrolled,
        }, context);
        KeepBootEntry(store, enrolled);
        return Bench.Boot(lab.Script);
    }

    private static void KeepBootEntry(string store, string enrolled)
    {
        VariableStore keys = VariableStore.Read(Layout.Of(File.ReadAllBytes(enrolled)));
        foreach (StoredVariable stored in VariableStore.Read(Layout.Of(File.ReadAllBytes(store))).Variables)
        {
            if (stored.IsLive && stored.Variable.TimeStamp is null)
                keys = keys.With(stored.Variable);
        }
        Layout flash = keys.ToLayout();
        File.WriteAllBytes(store, flash.ReadBytes(0, flash.Length));
    }
}
