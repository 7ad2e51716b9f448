using KexecSign.Fixtures;

namespace KexecSign.Line.Tests;

/// <summary>A machine whose OpenSSL is missing or computes nothing gets one line with a code, and never an abort.</summary>
public sealed class MachineTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Theory]
    [InlineData("only legacy", "legacy = p\n[p]\nactivate = 1\n", "")]
    [InlineData("FIPS without a module", "fips = p\nbase = p\n[p]\nactivate = 1\n", "")]
    [InlineData("FIPS asked for, not there", "default = p\n[p]\nactivate = 1\n", "[algorithms]\ndefault_properties = fips=yes\n")]
    public void A_configuration_that_leaves_no_algorithm_is_named(string what, string providers, string properties)
    {
        string configuration = _folder.At("openssl.cnf");
        File.WriteAllText(configuration, $"openssl_conf = i\n[i]\nproviders = providers\nalg_section = algorithms\n[providers]\n{providers}{(properties.Length > 0 ? properties : "[algorithms]\n")}");
        foreach (string[] command in Commands())
        {
            Answer answer = KexecSignProgram.RunWith(new() { ["OPENSSL_CONF"] = configuration }, command);
            OneLine(answer, "KS5028", what);
            answer.Error.ShouldContain(configuration);
        }
    }

    [SkippableFact]
    public void A_machine_without_libssl_is_told_so()
    {
        Tool.Demand(Environment.UserName == "root", "only root can hide a library");
        string hidden = _folder.File("hidden", []);
        string library = Tool.Run("sh", "-c", "PATH=$PATH:/sbin:/usr/sbin ldconfig -p | sed -nE 's/^\\s*libssl\\.so\\.3 .* => //p' | head -1").Trim();
        foreach (string[] command in Commands())
        {
            Answer answer = KexecSignProgram.RunAs(
                "unshare", ["--mount", "sh", "-c", $"mount --bind '{hidden}' \"$(realpath '{library}')\" && exec \"$@\"", "sh", ProgramUnderTest.Path, .. command]);
            OneLine(answer, "KS5010", "no libssl");
        }
    }

    public void Dispose() => _folder.Dispose();

    private string[][] Commands()
    {
        string image = _folder.File("image", TestImage.Arm64().Bytes);
        return [["inspect", image], ["verify", image, "--cert", image], ["sign", image, "--key", image, "--cert", image, "-o", _folder.At("out")]];
    }

    private static void OneLine(Answer answer, string code, string what)
    {
        answer.Exit.ShouldBe(1, what + "\n" + answer.Error);
        answer.Output.ShouldBeEmpty(what);
        answer.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldHaveSingleItem().ShouldStartWith(code + ": ");
    }
}
