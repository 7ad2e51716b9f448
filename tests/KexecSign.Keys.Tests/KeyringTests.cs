using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.Kinds;
using KexecSign.Keys.Pins;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests;

[Collection(SoftHsmCollection.Name)]
public sealed class KeyringTests(SoftHsm softHsm)
{
    [Theory]
    [InlineData("pkcs11:object=a?module-path=/nonexistent/module.so", "KS2010")]
    [InlineData("pkcs11:object=a?module-path=/usr", "KS2010")]
    [InlineData("pkcs11:object=a?module-path=./libsofthsm2.so", "KS2073")]
    [InlineData("pkcs11:object=a?module-path=..", "KS2010")]
    [InlineData("pkcs11:object=a?module-name=nonesuch", "KS2010")]
    [InlineData("pkcs11:object=a?module-name=../../tmp/x", "KS2010")]
    [InlineData("pkcs11:object=a?module-path=/etc/passwd", "KS2011")]
    [InlineData("pkcs11:object=a?module-path=/proc/self/exe", "KS2011")]
    public void Refuses_a_module_that_is_missing_or_is_none(string uri, string code) => Refuses(code, uri);

    [SkippableFact]
    public void Finds_a_module_by_name_and_by_environment()
    {
        SoftHsm.Require();
        foreach (string name in (string[])["softhsm2", "libsofthsm2", "libsofthsm2.so"])
        {
            using var named = new Keyring();
            named.OpenCertificates($"pkcs11:token=Test%20token;object=P256?module-name={name}", new(), default).Count.ShouldBe(1);
        }
        foreach (string variable in (string[])["KEXECSIGN_PKCS11_MODULE", "PKCS11_MODULE_PATH"])
        {
            using var keyring = new Keyring(name => name == variable ? SoftHsm.ModulePath : null);
            keyring.OpenCertificates("pkcs11:token=Test%20token;object=P256", new(), default).Count.ShouldBe(1);
        }
    }

    [SkippableTheory]
    [InlineData("token=Nobody;object=P256", "'Test token'")]
    [InlineData("token=Test%20token;serial=1;object=P256", "'Test token'")]
    [InlineData("token=Test%20token;model=x;object=P256", "'Test token'")]
    [InlineData("token=Test%20token;slot-id=1;object=P256", "'Test token'")]
    [InlineData("token=Test%20token;vendor-x=1;object=P256", "vendor-x")]
    [InlineData("library-version=9.9;object=P256", "'Test token'")]
    public void Refuses_a_missing_token_and_lists_those_there(string path, string listed)
    {
        SoftHsm.Require();
        Refuses("KS2020", SoftHsm.Uri(path)).Message.ShouldContain(listed);
    }

    [SkippableTheory]
    [InlineData("?pin-source=file:/nowhere/pin", null, null, "KS2044")]
    [InlineData("?pin-source=env:NOT_SET_HERE", null, null, "KS2075")]
    [InlineData("", "/nowhere/pin", null, "KS2044")]
    [InlineData("", null, "NOT_SET_HERE", "KS2075")]
    public void A_PIN_source_that_is_not_there_is_told_before_the_token_that_it_would_have_led_to(string query, string? file, string? variable, string code)
    {
        SoftHsm.Require();
        using var keyring = new Keyring();
        string uri = SoftHsm.Uri("token=Nobody;object=P256");
        Refusal.Of(code, () => keyring.OpenKey(query.Length == 0 ? uri : $"{uri}&{query[1..]}", new() { File = file, EnvironmentVariable = variable }, default));
    }

    [SkippableTheory]
    [InlineData("manufacturer=SoftHSM%20project;object=P256")]
    [InlineData("model=SoftHSM%20v2;library-manufacturer=SoftHSM;object=P256")]
    [InlineData("token=Test%20token%00%00;model=SoftHSM%20v2%00;object=P256")]
    [InlineData("object=P256;type=private")]
    [InlineData("object=P256;type=cert")]
    [InlineData("id=%04")]
    public void Every_attribute_narrows_down(string path)
    {
        SoftHsm.Require();
        using var keyring = new Keyring();
        keyring.OpenKey(SoftHsm.Uri(path), softHsm.PinFromFile, default).KeySizeBits.ShouldBe(256);
    }

    [SkippableFact]
    public void Refuses_a_missing_object_and_lists_those_there()
    {
        SoftHsm.Require();
        string message = Refuses("KS2030", softHsm.Key("nobody")).Message;
        message.ShouldContain("'Rsa2048' (id 01)");
        message.ShouldContain("object=nobody");
        message.ShouldNotContain("pin-source");
        using var keyring = new Keyring();
        Refusal.Of("KS2030", () => keyring.OpenCertificates(SoftHsm.Uri("object=nobody"), new(), default)).Message.ShouldContain("'P384' (id 05)");
    }

    [SkippableFact]
    public void Refuses_an_ambiguous_label_listing_candidates_and_takes_one_by_id()
    {
        SoftHsm.Require();
        string message = Refuses("KS2031", softHsm.Key("twin")).Message;
        message.ShouldContain("(id 20)");
        message.ShouldContain("(id 21)");
        using var keyring = new Keyring();
        keyring.OpenKey(SoftHsm.Uri("object=twin;id=%21"), softHsm.PinFromFile, default).ShouldNotBeNull();
    }

    [SkippableFact]
    public void Refuses_a_reference_to_another_kind_of_object()
    {
        SoftHsm.Require();
        Refuses("KS2032", SoftHsm.Uri("object=P256;type=secret-key"));
    }

    [SkippableFact]
    public void A_key_without_any_PIN_source_says_how_to_give_one()
    {
        SoftHsm.Require();
        Refuses("KS2040", SoftHsm.Uri("object=P256")).Message.ShouldContain("--pin-file");
    }

    [SkippableFact]
    public void A_wrong_PIN_in_the_URI_is_refused_once_and_not_shown_anywhere()
    {
        SoftHsm.Require();
        var told = new List<string>();
        using var keyring = new Keyring(warn: told.Add);
        for (int i = 0; i < 2; i++)
        {
            KexecSignException refusal = Refusal.Of("KS2041", () => keyring.OpenKey(SoftHsm.Uri("object=P256", "pin-value=wr0ng4711"), new(), default));
            refusal.ToString().ShouldNotContain("wr0ng");
        }
        told.ShouldHaveSingleItem().ShouldNotContain("wr0ng");
    }

    [SkippableFact]
    public void The_prompt_is_asked_once_for_several_keys()
    {
        SoftHsm.Require();
        var asked = new List<string>();
        using var keyring = new Keyring(_ => null, subject =>
        {
            asked.Add(subject);
            return softHsm.Pin;
        });
        foreach (string label in (string[])["Rsa2048", "P256", "P384"])
            keyring.OpenKey(SoftHsm.Uri($"object={label}"), new PinOptions(), default);
        asked.ShouldBe(["PIN for token 'Test token'"]);
    }

    [SkippableFact]
    public void A_closed_keyring_opens_nothing()
    {
        SoftHsm.Require();
        var keyring = new Keyring();
        ISigningKey key = keyring.OpenKey(softHsm.Key("P256"), new(), default);
        keyring.Dispose();
        keyring.Dispose();
        Should.Throw<ObjectDisposedException>(() => keyring.OpenKey(softHsm.Key("P256"), new(), default));
        Should.Throw<ObjectDisposedException>(() => key.SignHash(new byte[32], System.Security.Cryptography.HashAlgorithmName.SHA256, default));
    }

    private static KexecSignException Refuses(string code, string uri)
    {
        using var keyring = new Keyring();
        return Refusal.Of(code, () => keyring.OpenKey(uri, new(), default));
    }
}
