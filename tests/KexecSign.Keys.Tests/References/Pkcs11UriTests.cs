using System.Text;
using KexecSign.Fixtures;
using KexecSign.Formats.Errors;
using KexecSign.Keys.Keyrings;
using KexecSign.Keys.References;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.References;

public sealed class Pkcs11UriTests
{
    // The examples of RFC 7512 section 3, in its order.
    [Fact]
    public void Reads_the_examples_of_the_standard()
    {
        Pkcs11Uri.Parse("pkcs11:").ToString().ShouldBe("pkcs11:");

        Pkcs11Uri uri = Pkcs11Uri.Parse("pkcs11:object=my-pubkey;type=public");
        (uri.Object, uri.Type, uri.Token).ShouldBe(("my-pubkey", "public", null));

        uri = Pkcs11Uri.Parse("pkcs11:object=my-key;type=private?pin-source=file:/etc/token");
        (uri.Object, uri.Type, uri.PinSource).ShouldBe(("my-key", "private", "file:/etc/token"));

        uri = Pkcs11Uri.Parse("pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;model=1.0;object=my-certificate;type=cert;id=%69%95%3E%5C%F4%BD%EC%91;serial=?pin-source=file:/etc/token_pin");
        uri.Token.ShouldBe("The Software PKCS#11 Softtoken");
        uri.Manufacturer.ShouldBe("Snake Oil, Inc.");
        uri.Model.ShouldBe("1.0");
        uri.Id.ShouldBe([0x69, 0x95, 0x3E, 0x5C, 0xF4, 0xBD, 0xEC, 0x91]);
        uri.Serial.ShouldBe("");
        uri.PinSource.ShouldBe("file:/etc/token_pin");

        Pkcs11Uri.Parse("pkcs11:object=my-sign-key;type=private?module-name=mypkcs11").ModuleName.ShouldBe("mypkcs11");
        Pkcs11Uri.Parse("pkcs11:object=my-sign-key;type=private?module-path=/mnt/libmypkcs11.so.1").ModulePath.ShouldBe("/mnt/libmypkcs11.so.1");

        uri = Pkcs11Uri.Parse("pkcs11:token=Software%20PKCS%2311%20softtoken;manufacturer=Snake%20Oil,%20Inc.?pin-value=the-pin");
        Encoding.UTF8.GetString(uri.PinValue!).ShouldBe("the-pin");

        Pkcs11Uri.Parse("pkcs11:slot-description=Sun%20Metaslot").SlotDescription.ShouldBe("Sun Metaslot");

        uri = Pkcs11Uri.Parse("pkcs11:library-manufacturer=Snake%20Oil,%20Inc.;library-description=Soft%20Token%20Library;library-version=1.23");
        (uri.LibraryManufacturer, uri.LibraryDescription, uri.LibraryVersion).ShouldBe(("Snake Oil, Inc.", "Soft Token Library", (1, 23)));

        uri = Pkcs11Uri.Parse("pkcs11:token=My%20token%25%20created%20by%20Joe;library-version=3;id=%01%02%03%Ba%dd%Ca%fe%04%05%06");
        (uri.Token, uri.LibraryVersion).ShouldBe(("My token% created by Joe", (3, 0)));
        uri.Id.ShouldBe([1, 2, 3, 0xBA, 0xDD, 0xCA, 0xFE, 4, 5, 6]);

        Pkcs11Uri.Parse("pkcs11:token=A%20name%20with%20a%20substring%20%25%3B;object=my-certificate;type=cert").Token.ShouldBe("A name with a substring %;");
        Pkcs11Uri.Parse("pkcs11:token=Name%20with%20a%20small%20A%20with%20acute:%20%C3%A1;object=my-certificate;type=cert").Token.ShouldBe("Name with a small A with acute: á");

        uri = Pkcs11Uri.Parse("pkcs11:token=my-token;object=my-certificate;type=cert;vendor-aaa=value-a?pin-source=file:/etc/token_pin&vendor-bbb=value-b");
        (uri.UnknownAttribute, uri.PinSource).ShouldBe(("vendor-aaa", "file:/etc/token_pin"));
    }

    [Theory]
    [InlineData("pkcs11:token=a;token=a")]
    [InlineData("pkcs11:id=%01;object=x;id=%02")]
    [InlineData("pkcs11:?module-path=/a&module-path=/b")]
    [InlineData("pkcs11:vendor=1;vendor=2")]
    public void Refuses_an_attribute_given_twice(string text) => Refusal.Of("KS2003", () => Pkcs11Uri.Parse(text));

    [Fact]
    public void Refuses_pin_value_and_pin_source_together() =>
        Refusal.Of("KS2004", () => Pkcs11Uri.Parse("pkcs11:?pin-value=1&pin-source=/x"));

    [Theory]
    [InlineData("pkcs11:token")]
    [InlineData("pkcs11:token=a;")]
    [InlineData("pkcs11:=a")]
    [InlineData("pkcs11:to ken=a")]
    [InlineData("pkcs11:token=a b")]
    [InlineData("pkcs11:token=a%2")]
    [InlineData("pkcs11:token=a%zz")]
    [InlineData("pkcs11:token=%ff")]
    [InlineData("pkcs11:type=key")]
    [InlineData("pkcs11:slot-id=0x1")]
    [InlineData("pkcs11:slot-id=99999999999999999999")]
    [InlineData("pkcs11:library-version=1.2.3")]
    [InlineData("pkcs11:module-path=/x")]
    public void Refuses_what_the_standard_does_not_allow(string text) =>
        Refusal.Of("KS2002", () => Pkcs11Uri.Parse(text)).Code.Kind.ShouldBe(ErrorKind.Usage);

    [Theory]
    [InlineData("pkcs11:pin-value=secret4711")]
    [InlineData("pkcs11:?pin-value=secret4711 x")]
    [InlineData("pkcs11:?pin-value=secret4711&pin-value=secret4711")]
    [InlineData("pkcs11:?pin-value=secret4711&pin-source=x")]
    public void Never_repeats_a_PIN_in_an_error(string text) =>
        Should.Throw<KexecSignException>(() => Pkcs11Uri.Parse(text)).ToString().ShouldNotContain("secret");

    [Fact]
    public void Shows_itself_without_its_query() =>
        Pkcs11Uri.Parse("PKCS11:object=a%20b;id=%0a?pin-value=secret&module-path=/m").ToString().ShouldBe("pkcs11:object=a%20b;id=%0A");

    [Theory]
    [InlineData("pkcs1:object=a?pin-value=secret4711")]
    [InlineData("object=a?pin-value=secret4711")]
    public void A_mistyped_URI_is_no_path_when_it_carries_a_PIN(string text)
    {
        using var keyring = new Keyring();
        Refusal.Of("KS2002", () => keyring.OpenKey(text, new(), default)).ToString().ShouldNotContain("secret");
    }

    [Fact]
    public void A_bundle_is_not_for_signing_at_once()
    {
        using var keyring = new Keyring();
        Refusal.Of("KS2001", () => keyring.OpenKey("bundle:dir", new(), default));
    }
}
