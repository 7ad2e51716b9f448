using System.Collections.Immutable;
using KexecSign.Core.Operations;
using KexecSign.Formats.Errors;

namespace KexecSign.Judging.Firmwares;

/// <summary>A firmware whose rules are known; <see cref="FirmwareRules"/> says which of them are not the same in all.</summary>
/// <param name="Word">Its name in options, policies and reports.</param>
/// <param name="What">Which it is, and who has it.</param>
internal sealed record FirmwareModel(string Word, string What)
{
    /// <summary>EDK2 of November 2022.</summary>
    public static FirmwareModel Edk2202211 { get; } = new("edk2-2022.11",
        "EDK2 of edk2-stable202211 with OpenSSL 1.1.1; Debian 12's AAVMF and OVMF");

    /// <summary>EDK2 of August 2026, with the cryptography that its platforms take if nobody says otherwise.</summary>
    public static FirmwareModel Edk2202608 { get; } = new("edk2-2026.08",
        "EDK2 of edk2-stable202608 with OpenSSL 3.5, built without elliptic curves; Debian sid's AAVMF");

    /// <summary>The same as OVMF is built when its flash has 4 MiB.</summary>
    public static FirmwareModel Ovmf202608 { get; } = new("ovmf-2026.08",
        "the same with all of OpenSSL 3.5, as OVMF of 4 MiB is built since edk2-stable202505; Debian sid's OVMF");

    /// <summary>All of them, the oldest first.</summary>
    public static ImmutableArray<FirmwareModel> All { get; } = [Edk2202211, Edk2202608, Ovmf202608];

    /// <summary>The one that is meant when none is named.</summary>
    public static FirmwareModel Default => Edk2202608;

    /// <summary>The names of all.</summary>
    public static ImmutableArray<string> Words { get; } = [.. All.Select(model => model.Word)];

    /// <summary>A name as an option gives it, if it is one.</summary>
    /// <exception cref="KexecSignException">KS3012.</exception>
    public static string Require(string word) => OptionValues.Choice("firmware", word, Words);

    /// <summary>The one of a name that was checked; the default for null.</summary>
    public static FirmwareModel Of(string? word) => word is null ? Default : All.First(model => model.Word == word);

    /// <summary>Whether it has a rule.</summary>
    public bool Has(FirmwareRule rule) => FirmwareRules.Of(rule).In.Contains(this);
}
