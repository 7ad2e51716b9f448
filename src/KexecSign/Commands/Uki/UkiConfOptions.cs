using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using KexecSign.Core.Errors;
using KexecSign.Documents;
using KexecSign.Files;
using KexecSign.Formats.Errors;
using KexecSign.Formats.Uki;
using KexecSign.Uki;

namespace KexecSign.Commands.Uki;

/// <summary>
/// Options of <c>uki build</c> from a uki.conf. What was said as an option stays, lists of files begin with those of the file, as
/// ukify has it; paths are taken from the current folder, which is what ukify does, too.
/// </summary>
internal static class UkiConfOptions
{
    private const string TokenLibrary = "pkcs11", NoDatabases = "keys in NSS databases are not taken";

    private static readonly FrozenDictionary<string, Func<UkiBuildOptions, string, UkiBuildOptions>> Image =
        new Dictionary<string, Func<UkiBuildOptions, string, UkiBuildOptions>>(StringComparer.Ordinal)
        {
            ["Linux"] = (o, v) => o with { Linux = o.Linux ?? v },
            ["OSRelease"] = (o, v) => With(o, c => c with { OsRelease = c.OsRelease ?? v }),
            ["Cmdline"] = (o, v) => With(o, c => c with { CommandLine = c.CommandLine ?? CommandLine(v) }),
            ["Initrd"] = (o, v) => With(o, c => c with { Initrds = [.. Words(v), .. c.Initrds] }),
            ["Microcode"] = (o, v) => With(o, c => c with { Microcode = c.Microcode.IsEmpty ? [v] : c.Microcode }),
            ["Splash"] = (o, v) => With(o, c => c with { Splash = c.Splash ?? v }),
            ["DeviceTree"] = (o, v) => With(o, c => c with { DeviceTree = c.DeviceTree ?? v }),
            ["DeviceTreeAuto"] = (o, v) => With(o, c => c with { AutomaticDeviceTrees = [.. Words(v), .. c.AutomaticDeviceTrees] }),
            ["HWIDs"] = (o, v) => With(o, c => c with { HardwareIds = c.HardwareIds.IsEmpty ? [v] : c.HardwareIds }),
            ["Uname"] = (o, v) => With(o, c => c with { Uname = c.Uname ?? v }),
            ["SBAT"] = (o, v) => With(o, c => c with { Sbat = c.Sbat.Insert(0, v) }),
            ["PCRPKey"] = (o, v) => With(o, c => c with { PcrPublicKey = c.PcrPublicKey ?? v }),
            ["Profile"] = (o, v) => o with { Profile = o.Profile ?? v },
            ["Stub"] = (o, v) => o with { Stub = o.Stub ?? v },
            ["EFIArch"] = (o, v) => o with { EfiArchitecture = v },
            ["PCRBanks"] = (o, v) => o with { Pcr = o.Pcr with { Banks = o.Pcr.Banks.IsEmpty ? Banks(v) : o.Pcr.Banks } },
            ["SignInitrdPCRs"] = (o, v) => o with { Pcr = o.Pcr with { SignInitrd = o.Pcr.SignInitrd | Truth("SignInitrdPCRs", v) } },
            ["SecureBootPrivateKey"] = (o, v) => o with { Signing = o.Signing with { Key = o.Signing.Key ?? v } },
            ["SecureBootCertificate"] = (o, v) => o with { Signing = o.Signing with { Certificate = o.Signing.Certificate ?? v } },
            ["SignKernel"] = (o, v) => o with { SignKernel = Truth("SignKernel", v) },
            ["SecureBootSigningTool"] = (o, v) => v is "sbsign" or "systemd-sbsign" ? o : throw Refused("SecureBootSigningTool", v,
                NoDatabases),
            ["SigningEngine"] = (o, v) => FromToken(o, "SigningEngine", v),
            ["SigningProvider"] = (o, v) => FromToken(o, "SigningProvider", v),
            ["CertificateProvider"] = (o, v) => FromToken(o, "CertificateProvider", v),
            ["SecureBootCertificateName"] = (_, v) => throw Refused("SecureBootCertificateName", v, NoDatabases),
            ["Firmware"] = (_, v) => throw Refused("Firmware", v, "folders of firmware are not taken, only finished sections"),
            ["PCRSig"] = (_, v) => throw Refused("PCRSig", v, "signed policies are joined to a finished image"),
            // Of these ukify makes nothing here, either: they are for 'ukify genkey', or for pesign.
            ["SecureBootCertificateDir"] = (o, _) => o,
            ["SecureBootCertificateCommonName"] = (o, _) => o,
            ["SecureBootCertificateValidity"] = (o, _) => o,
        }.ToFrozenDictionary(StringComparer.Ordinal);

    // What names a key or a certificate can name a program, a module or a PIN's place as well.
    private static readonly ImmutableArray<string> KeySettings =
        ["SecureBootPrivateKey", "SecureBootCertificate", "PCRPKey", "PCRPrivateKey", "PCRPublicKey", "PCRCertificate"];

    private static readonly ImmutableArray<string> Policies = ["PCRPrivateKey", "PCRPublicKey", "PCRCertificate", "Phases", "PolicyRef"];

    /// <summary>The options with those of their uki.conf, when they name one.</summary>
    /// <exception cref="KexecSignException">KS3114, KS3686-KS3688, KS3760, KS3761, KS3764, KS1721, KS1722, KS1728, each with line and
    /// column.</exception>
    public static UkiBuildOptions Applied(UkiBuildOptions options)
    {
        if (options.UkiConf is not { } path)
            return options;
        try
        {
            ImmutableArray<UkiConfSetting> settings = UkiConf.Read(Text(WholeFile.Read(path, UkiConf.MaxLength, "a uki.conf")));
            RequireTrust(path, settings);
            foreach (UkiConfSetting setting in settings.Where(s => s.Group is null))
                options = Placed(setting, () => ImageSetting(setting)(options, setting.Value));
            foreach (IGrouping<string?, UkiConfSetting> group in settings.Where(s => s.Group is not null).GroupBy(s => s.Group))
                options = Group(options, [.. group]);
            return Finished(options) with { UkiConf = null };
        }
        catch (KexecSignException refused)
        {
            throw refused.In(path);
        }
    }

    // Decoded leniently, a byte that is not UTF-8 would become another character, and that would be signed.
    private static string Text(byte[] bytes)
    {
        int fault = UkiInputs.NotUtf8(bytes);
        if (fault < 0)
            return Encoding.UTF8.GetString(bytes);
        string before = Encoding.UTF8.GetString(bytes, 0, fault);
        throw OperationErrors.UkiConfSyntax.With($"the byte 0x{bytes[fault]:x2} at 0x{fault:x} is not UTF-8")
            .At(before.Count(c => c == '\n') + 1, before.Length - before.LastIndexOf('\n'));
    }

    // A file that others may write must not choose what runs with the key at hand.
    private static void RequireTrust(string path, ImmutableArray<UkiConfSetting> settings)
    {
        var trust = DocumentTrust.OfKeysFile(path, allowedModules: []);
        foreach (UkiConfSetting setting in settings.Where(s => KeySettings.Contains(s.Key)))
        {
            _ = Placed(setting, () =>
            {
                trust.Require(setting.Value);
                return setting;
            });
        }
    }

    // Nothing behind the '=' is ukify's word for "no such section".
    private static Func<UkiBuildOptions, string, UkiBuildOptions> ImageSetting(UkiConfSetting setting) =>
        Image.TryGetValue(setting.Key, out var put)
            ? (options, value) => value.Length == 0 ? options : put(options, value)
            : throw Unknown(setting, Image.Keys.Order(StringComparer.Ordinal));

    private static UkiBuildOptions Group(UkiBuildOptions options, ImmutableArray<UkiConfSetting> settings)
    {
        var group = new PcrKeyGroup("");
        foreach (UkiConfSetting setting in settings)
            group = Placed(setting, () => Put(group, setting));
        if (group.Key.Length > 0)
            return options with { Pcr = options.Pcr with { Groups = options.Pcr.Groups.Add(group) } };
        // A public key alone is what an image needs whose policies are signed elsewhere.
        return settings is [{ Key: "PCRPublicKey" }] && options.Pcr.All.IsEmpty
            ? With(options, c => c with { PcrPublicKey = c.PcrPublicKey ?? group.PublicKey })
            : Placed<UkiBuildOptions>(
                settings[0], () => throw Refused(settings[0].Key, settings[0].Value, $"[{settings[0].Place}] has no PCRPrivateKey="));
    }

    private static PcrKeyGroup Put(PcrKeyGroup group, UkiConfSetting setting) => setting.Key switch
    {
        "PCRPrivateKey" => group with { Key = setting.Value },
        "PCRPublicKey" => group with { PublicKey = setting.Value },
        "PCRCertificate" => group with { Certificate = setting.Value },
        "Phases" => group with { Phases = [.. List(setting.Value).Select(Phase)] },
        "PolicyRef" => group with { PolicyReference = PolicyReference.Checked(setting.Value) },
        _ => throw Unknown(setting, Policies),
    };

    // The public key's own file is measured, not what the private key would give.
    private static UkiBuildOptions Finished(UkiBuildOptions options)
    {
        if (options.Pcr.All is [{ PublicKey: { } only }])
            options = With(options, c => c with { PcrPublicKey = c.PcrPublicKey ?? only });
        if (options.SignKernel && options.Inner.Key is null)
        {
            options = options.Signing.Key is null
                ? throw Refused("SignKernel", "yes", "there is no SecureBootPrivateKey= to sign with")
                : options with { Inner = options.Inner with { Key = options.Signing.Key, Certificate = options.Signing.Certificate } };
        }
        return options;
    }

    private static UkiBuildOptions With(UkiBuildOptions options, Func<UkiContents, UkiContents> change) =>
        options with { Contents = change(options.Contents) };

    // Keys are pkcs11: URIs then, which are taken here as they are.
    private static UkiBuildOptions FromToken(UkiBuildOptions options, string key, string value) =>
        value == TokenLibrary ? options : throw Refused(key, value, $"only {TokenLibrary} is taken, whose keys are pkcs11: URIs");

    private static string Phase(string path)
    {
        BootPhases.Words(path);
        return path;
    }

    private static string CommandLine(string value) => value.StartsWith('@') ? value : string.Join(' ', Words(value));

    private static ImmutableArray<string> Banks(string value) => [.. List(value).Select(bank => PcrBank.Named(bank).Name)];

    private static string[] Words(string value) => value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static string[] List(string value) => value.Split([',', ' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);

    private static bool Truth(string key, string value) => value.ToLowerInvariant() switch
    {
        "1" or "true" or "yes" or "y" or "t" or "on" => true,
        "0" or "false" or "no" or "n" or "f" or "off" => false,
        _ => throw Refused(key, value, "this is neither yes nor no"),
    };

    private static KexecSignException Unknown(UkiConfSetting setting, IEnumerable<string> known) =>
        OperationErrors.UkiConfUnknown.With(setting.Place, setting.Key, string.Join(", ", known));

    private static KexecSignException Refused(string key, string value, string why) => OperationErrors.UkiConfValue.With(key, value, why);

    private static T Placed<T>(UkiConfSetting setting, Func<T> put)
    {
        try
        {
            return put();
        }
        catch (KexecSignException refused)
        {
            throw refused.At(setting.Line, setting.Column);
        }
    }
}
