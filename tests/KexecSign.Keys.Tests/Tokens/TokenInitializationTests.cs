using KexecSign.Fixtures;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.Tokens;

/// <summary>A token that cannot be made is refused before anything of the module's is changed.</summary>
[Collection(SoftHsmCollection.Name)]
public sealed class TokenInitializationTests(SoftHsm softHsm)
{
    [SkippableTheory]
    [InlineData("a label of thirty-four bytes, oh!!", 34)]
    [InlineData("ääääääääääääääääß", 34)]
    [InlineData("", 0)]
    public void Refuses_a_label_that_a_token_cannot_keep(string label, int bytes)
    {
        SoftHsm.Require();
        using var keyring = new Keyring();
        Refusal.Of("KS2026", () => keyring.MakeToken(SoftHsm.Module, label, softHsm.PinFromFile, softHsm.PinFromFile),
            $"takes {bytes} bytes", "at most 32", "Choose a shorter label");
    }

    [SkippableFact]
    public void Refuses_a_module_without_a_free_token_and_lists_what_it_has()
    {
        SoftHsm.Require();
        using var keyring = new Keyring();
        Refusal.Of("KS2022", () => keyring.MakeToken($"pkcs11:slot-id=4711?module-path={SoftHsm.ModulePath}", "New", softHsm.PinFromFile, softHsm.PinFromFile),
            SoftHsm.ModulePath, "no uninitialised token for 'New'", "'Test token'", "its vendor's tool");
    }
}
