using System.Collections.Immutable;
using KexecSign.Core.Operations;
using KexecSign.Formats.Uki;

namespace KexecSign.Uki;

/// <summary>The options that the operations on unified kernel images share.</summary>
internal static class UkiOptionSpecs
{
    /// <summary>What an addon may bring as well.</summary>
    public static IEnumerable<OptionSpec<T>> AddonContents<T>(Func<T, UkiContents> get, Func<T, UkiContents, T> set)
        where T : class
    {
        yield return new("cmdline", "TEXT|@FILE", "Kernel command line (.cmdline); line ends become blanks.",
            (o, v) => set(o, get(o) with { CommandLine = v }));
        yield return new("initrd", "FILE", "Initrd (.initrd); several are joined in this order, each padded to 4 bytes.", (o, v) =>
            set(o, get(o) with { Initrds = get(o).Initrds.Add(v) }), repeatable: true);
        yield return new("ucode", "FILE", "Microcode archive (.ucode), which goes before all initrds; systemd-stub 256.", (o, v) =>
            set(o, get(o) with { Microcode = get(o).Microcode.Add(v) }), repeatable: true);
        yield return new("dtb", "FILE", "Device tree (.dtb).", (o, v) => set(o, get(o) with { DeviceTree = v }));
        yield return new("dtbauto", "FILE", "Device tree that is taken on a machine that it fits (.dtbauto); systemd-stub 257.", (o, v) =>
            set(o, get(o) with { AutomaticDeviceTrees = get(o).AutomaticDeviceTrees.Add(v) }), repeatable: true);
        yield return new("hwids", "PATH",
            "Which machine takes which device tree (.hwids): a JSON file, a folder of them, or a finished table; systemd-stub 257.",
            (o, v) => set(o, get(o) with { HardwareIds = get(o).HardwareIds.Add(v) }), repeatable: true);
        yield return new("uname", "TEXT|@FILE", "The kernel's version, uname -r (.uname).", (o, v) => set(o, get(o) with { Uname = v }));
        yield return new("osrel", "TEXT|@FILE", "The system's os-release (.osrel); boot menus show it.",
            (o, v) => set(o, get(o) with { OsRelease = v }));
        yield return new("sbat", "TEXT|@FILE", "Rows for .sbat.", (o, v) => set(o, get(o) with { Sbat = get(o).Sbat.Add(v) }),
            repeatable: true);
        yield return new("section", "NAME:FILE", "Any further section.",
            (o, v) => set(o, get(o) with { Sections = get(o).Sections.Add(v) }), repeatable: true);
    }

    /// <summary>All contents.</summary>
    public static IEnumerable<OptionSpec<T>> Contents<T>(Func<T, UkiContents> get, Func<T, UkiContents, T> set)
        where T : class =>
        [
            .. AddonContents(get, set),
            new("splash", "FILE", "Bitmap that is shown while booting (.splash).", (o, v) => set(o, get(o) with { Splash = v })),
            new("efifw", "FILE", "Firmware that is taken on a machine that .hwids names (.efifw); systemd-stub 258.", (o, v) =>
                set(o, get(o) with { Firmware = get(o).Firmware.Add(v) }), repeatable: true),
            new("parser", "FILE", "A kexec BPF parser object for the image's own .bpf section.",
                (o, v) => set(o, get(o) with { Parser = v })),
        ];

    /// <summary>Signing of PCR 11 policies.</summary>
    public static IEnumerable<OptionSpec<T>> Pcr<T>(
        Func<T, PcrSigningOptions> get, Func<T, PcrSigningOptions, T> set, Func<T, UkiContents> contents,
            Func<T, UkiContents, T> setContents)
        where T : class =>
        [
            new("pcr-key", "KEY", "Private RSA key that signs PCR 11 policies (.pcrsig); its public half becomes .pcrpkey.",
                (o, v) => set(o, get(o) with { Key = v })),
            new("pcrpkey", "FILE", "Public key for .pcrpkey, PEM; without it that of --pcr-key.",
                (o, v) => setContents(set(o, get(o) with { PublicKey = v }), contents(o) with { PcrPublicKey = v })),
            .. Measuring(get, set),
            .. References(get, set),
        ];

    /// <summary>What policies are bound to.</summary>
    public static IEnumerable<OptionSpec<T>> References<T>(Func<T, PcrSigningOptions> get, Func<T, PcrSigningOptions, T> set)
        where T : class
    {
        yield return new("policyref", "TEXT",
            "Word that the policies are bound to, besides their key; what is sealed without it does not open by them. systemd 262.",
            (o, v) => set(o, get(o) with { PolicyReference = v }));
        yield return new("sign-initrd-pcrs", null,
            "Add policies for the phase enter-initrd bound to 'initrd', which NvPCRs of systemd 262 need.", (o, _) =>
                set(o, get(o) with { SignInitrd = true }));
        yield return new("sign-profile", "ID", "Profile that policies are made for; without it all.",
            (o, v) => set(o, get(o) with { SignedProfiles = get(o).SignedProfiles.Add(v) }), repeatable: true);
    }

    /// <summary>What is measured.</summary>
    public static IEnumerable<OptionSpec<T>> Measuring<T>(Func<T, PcrSigningOptions> get, Func<T, PcrSigningOptions, T> set)
        where T : class
    {
        yield return new("pcr-bank", "BANK", "PCR bank; without it all four.",
            (o, v) => set(o, get(o) with { Banks = get(o).Banks.Add(OptionValues.Choice("pcr-bank", v, PcrBank.Names)) }),
                repeatable: true, choices: PcrBank.Names);
        yield return new("phase", "PHASES",
            "Phases measured when a policy is to hold, joined by colons; without it the four usual paths, from enter-initrd to ready.",
            (o, v) => set(o, get(o) with { Phases = get(o).Phases.Add(v) }), repeatable: true);
        yield return new("stub-version", "N",
            "systemd version of the stub, on which depends what it measures; without it what the stub says.",
            (o, v) => set(o, get(o) with { StubVersion = OptionValues.Number("stub-version", v) }));
    }
}
