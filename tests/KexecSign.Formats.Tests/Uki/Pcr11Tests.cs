using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Fixtures;
using KexecSign.Formats.Layouts;
using KexecSign.Formats.Uki;

namespace KexecSign.Formats.Tests.Uki;

/// <summary>The arithmetic of PCR 11; whether real tools and a TPM come to the same is for the operation's tests.</summary>
public sealed class Pcr11Tests
{
    private static readonly ImmutableArray<UkiPart> Parts =
        [.. ((string[])[".pcrpkey", ".sbat", ".uname", ".initrd", ".cmdline", ".osrel", ".linux", ".pcrsig", ".bpf", ".profile", ".dtbauto", ".hwids", ".ucode", ".sdmagic"]).Select(n => new UkiPart(n, Layout.Of("x"u8.ToArray())))];

    [Theory]
    [InlineData(252, ".linux .osrel .cmdline .initrd .pcrpkey")]
    [InlineData(254, ".linux .osrel .cmdline .initrd .uname .sbat .pcrpkey")]
    [InlineData(256, ".linux .osrel .cmdline .initrd .ucode .uname .sbat .pcrpkey")]
    [InlineData(257, ".linux .osrel .cmdline .initrd .ucode .uname .sbat .pcrpkey .profile .hwids")]
    public void Each_stub_measures_what_it_knows_in_its_own_order(int version, string names) =>
        string.Join(' ', Pcr11.Measured(Parts, version).Select(p => p.Name)).ShouldBe(names);

    [Fact]
    public void A_section_is_two_extends_name_with_NUL_then_content()
    {
        PcrBank bank = PcrBank.Named("sha256");
        byte[] content = SHA256.HashData("data"u8);
        byte[] byHand = SHA256.HashData([.. SHA256.HashData([.. new byte[32], .. SHA256.HashData(".linux\0"u8)]), .. content]);
        Pcr11.Base(bank, [(".linux", content)]).ShouldBe(byHand);
        Pcr11.At(bank, byHand, "enter-initrd").ShouldBe(SHA256.HashData([.. byHand, .. SHA256.HashData("enter-initrd"u8)]));
        Pcr11.At(bank, byHand, ":").ShouldBe(byHand);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a::b")]
    [InlineData("::")]
    [InlineData("enter initrd")]
    public void Refuses_phase_paths_with_words_that_are_none(string path) => Refusal.Of("KS1722", () => BootPhases.Words(path), $"'{path}'");

    [Fact]
    public void Refuses_a_bank_that_no_TPM_has() => Refusal.Of("KS1721", () => PcrBank.Named("md5"), "'md5'");
}
