using KexecSign.Fixtures;
using KexecSign.Formats.Zboot;
using KexecSign.Zboot;

namespace KexecSign.Tests.Zboot;

public sealed class KernelConfigTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public void Reads_what_a_kit_needs_to_know()
    {
        KernelConfig config = Read("""
            # CONFIG_KERNEL_GZIP is not set
            CONFIG_KERNEL_ZSTD=y
            CONFIG_ARM64=y
            CONFIG_CC_VERSION_TEXT="aarch64-linux-gnu-gcc (Debian 12.2.0-14) 12.2.0"
            CONFIG_LD_IS_BFD=y
            CONFIG_LD_VERSION=24000
            CONFIG_MODULE=m
            """);
        config.Compression.ShouldBe(ZbootCompression.Zstd);
        config.Compiler.ShouldBe("aarch64-linux-gnu-gcc (Debian 12.2.0-14) 12.2.0");
        config.Linker.ShouldBe("GNU ld 2.40");
        (config.IsOn("KERNEL_GZIP"), config.IsOn("MODULE"), config.IsOn("KERNEL")).ShouldBe((false, false, false));
        StubTarget.Of(config).ShouldBe(StubTarget.Arm64);
        Read("CONFIG_LD_IS_LLD=y\nCONFIG_LLD_VERSION=190107\nCONFIG_X86=y").Linker.ShouldBe("LLD 19.1");
        Refusal.Of("KS3112", () => StubTarget.Of(Read("CONFIG_X86=y")));
    }

    [Fact]
    public void Replaces_options_and_keeps_the_others()
    {
        KernelConfig config = Read("CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_AB=\"x\"\n").With(["B", "C"], ["A"]);
        config.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldBe(["CONFIG_AB=\"x\"", "CONFIG_B=y", "CONFIG_C=y", "# CONFIG_A is not set"]);
    }

    [SkippableTheory]
    [InlineData("xz")]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public void Reads_what_distributions_ship_compressed(string program)
    {
        Read("CONFIG_ARM64=y\nCONFIG_RANDOMIZE_BASE=y\n");
        string packed = _path + ".packed";
        Tool.Require(program);
        Tool.RunIn("/", "sh", "-c", $"{program} -c '{_path}' > '{packed}'");
        try
        {
            KernelConfig.Read(packed).IsOn("RANDOMIZE_BASE").ShouldBeTrue();
        }
        finally
        {
            File.Delete(packed);
        }
    }

    [Fact]
    public void Refuses_what_is_no_configuration_or_for_another_architecture()
    {
        Refusal.Of("KS3755", () => Read("no options\nat all\n")).Message.ShouldContain("of its 3 lines");
        Refusal.Of("KS3755", () => Read(""));
        Refusal.Of("KS3756", () => Read("CONFIG_X86_64=y\n").Require(StubTarget.Arm64)).Message.ShouldContain("CONFIG_ARM64=y");
        Read("CONFIG_ARM64=y\n").Require(StubTarget.Arm64);
    }

    public void Dispose() => File.Delete(_path);

    private KernelConfig Read(string text)
    {
        File.WriteAllText(_path, text);
        return KernelConfig.Read(_path);
    }
}
