using System.Text;
using KexecSign.Fixtures;
using KexecSign.Keys.Pins;
using KexecSign.Keys.References;
using KexecSign.Keys.Tests.Tools;

namespace KexecSign.Keys.Tests.Pins;

public sealed class PinSourcesTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("kexecsign-pins-");
    private readonly List<string> _warnings = [];
    private readonly List<string> _prompts = [];

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public void Takes_the_URI_first_then_environment_file_and_prompt()
    {
        var all = new PinOptions { EnvironmentVariable = "PIN", File = In("pin", "from file\nsecond line") };
        Obtain("pkcs11:?pin-value=from%20uri", all).ShouldBe("from uri");
        Obtain($"pkcs11:?pin-source={In("other", "from source\r\n")}", all).ShouldBe("from source");
        Obtain("pkcs11:", all).ShouldBe("from environment");
        Obtain("pkcs11:", all with { EnvironmentVariable = null }).ShouldBe("from file");
        Obtain("pkcs11:", new()).ShouldBe("from prompt");
        _prompts.ShouldBe(["PIN for token 'x'"]);
    }

    [Theory]
    [InlineData("file:{0}")]
    [InlineData("file://{0}")]
    [InlineData("file://localhost{0}")]
    [InlineData("{0}")]
    public void Reads_pin_source_as_path_and_as_file_URI(string form) =>
        Obtain("pkcs11:?pin-source=" + string.Format(form, In("pin", "4711\n")), new()).ShouldBe("4711");

    [Fact]
    public void Warns_once_of_a_PIN_in_the_URI_without_repeating_it()
    {
        using PinSources sources = Sources();
        Pkcs11Uri uri = Pkcs11Uri.Parse("pkcs11:?pin-value=secret");
        for (int i = 0; i < 3; i++)
            sources.Obtain(uri, new(), "token 'x'").Dispose();
        _warnings.ShouldHaveSingleItem().ShouldStartWith("KS2005");
        _warnings[0].ShouldNotContain("secret");
    }

    [Fact]
    public void Reads_one_line_of_a_descriptor_once_and_remembers_it()
    {
        string path = In("fd", "4711\nleft for others");
        using FileStream file = File.OpenRead(path);
        int number = (int)file.SafeFileHandle.DangerousGetHandle();
        using PinSources sources = Sources();
        var options = new PinOptions { FileDescriptor = number };
        for (int i = 0; i < 2; i++)
        {
            using Pin pin = sources.Obtain(null, options, "token 'x'");
            Encoding.UTF8.GetString(pin.Bytes).ShouldBe("4711");
        }
    }

    [Theory]
    [InlineData("pkcs11:?pin-source=/nonexistent/pin", "KS2044")]
    [InlineData("pkcs11:?pin-source=/", "KS2044")]
    [InlineData("pkcs11:?pin-source=%7Ccat%20/etc/passwd", "KS2045")]
    [InlineData("pkcs11:?pin-source=https://example.org/pin", "KS2045")]
    [InlineData("pkcs11:?pin-source=file://example.org/pin", "KS2045")]
    public void A_pin_source_that_gives_nothing_is_not_passed_over(string uri, string code) =>
        Refusal.Of(code, () => Obtain(uri, new PinOptions { EnvironmentVariable = "PIN" }));

    [Fact]
    public void A_given_source_that_gives_nothing_is_not_passed_over()
    {
        // It may be the PIN itself.
        Refusal.Of("KS2075", () => Obtain("pkcs11:", new() { EnvironmentVariable = "UNSET" })).Message.ShouldNotContain("UNSET");
        Refusal.Of("KS2044", () => Obtain("pkcs11:", new() { File = In("empty", "\n1234") }));
        Refusal.Of("KS2044", () => Obtain("pkcs11:", new() { FileDescriptor = 987 })).Message.ShouldContain("987");
        Refusal.Of("KS2044", () => Obtain("pkcs11:", new() { File = In("long", new string('1', 5000)) }));
        _prompts.ShouldBeEmpty();
    }

    [Fact]
    public void Without_any_source_says_how_to_give_one()
    {
        using var sources = new PinSources(_ => null, prompt: null, warn: null);
        string message = Refusal.Of("KS2040", () => sources.Obtain(null, new(), "token 'x'")).Message;
        message.ShouldContain("token 'x'");
        message.ShouldContain("--pin-env");
    }

    [Fact]
    public void A_PIN_shows_only_where_it_came_from_and_is_zeroed()
    {
        var pin = Pin.FromText("secret", "the prompt");
        pin.ToString().ShouldBe("PIN from the prompt");
        pin.Dispose();
        pin.Bytes.ToArray().ShouldAllBe(octet => octet == 0);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead, "0640")]
    [InlineData(UnixFileMode.OtherRead, "0604")]
    public void A_file_that_others_may_read_is_refused(UnixFileMode others, string mode)
    {
        string path = In("open", "4711");
        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | others);
        string told = Refusal.Of("KS2074", () => Obtain("pkcs11:", new() { File = path })).Message;
        told.ShouldContain(mode);
        told.ShouldNotContain("4711");
        Refusal.Of("KS2074", () => Obtain("pkcs11:?pin-source=" + path, new()));
    }

    private string Obtain(string uri, PinOptions options)
    {
        using PinSources sources = Sources();
        using Pin pin = sources.Obtain(Pkcs11Uri.Parse(uri), options, "token 'x'");
        return Encoding.UTF8.GetString(pin.Bytes);
    }

    private PinSources Sources() => new(
        name => name == "PIN" ? "from environment" : null,
        subject =>
        {
            _prompts.Add(subject);
            return "from prompt";
        },
        _warnings.Add);

    private string In(string name, string text)
    {
        string path = Path.Combine(_root.FullName, name);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }
}
