using System.Text;
using KexecSign.Keys.Pkcs11.Native;
using KexecSign.Keys.References;

namespace KexecSign.Keys.Pkcs11;

/// <summary>What a module tells about one token and its slot, in .NET types.</summary>
internal sealed record TokenState(
    nuint Slot, string Label, string Manufacturer, string Model, string Serial, nuint Flags,
    ulong MaxSessions, ulong OpenSessions, ulong MinPinLength, ulong MaxPinLength,
    string SlotDescription, string SlotManufacturer,
    string LibraryManufacturer, string LibraryDescription, (int Major, int Minor) LibraryVersion)
{
    public bool Initialized => Has(Flag.TokenInitialized);

    public bool LoginRequired => Has(Flag.LoginRequired);

    public bool HasUserPin => Has(Flag.UserPinInitialized);

    public bool HasKeypad => Has(Flag.ProtectedAuthenticationPath);

    /// <summary>Whether it is of SoftHSM, which keeps tokens in files that it rewrites at each login.</summary>
    public bool IsSoftHsm => LibraryManufacturer.StartsWith("SoftHSM", StringComparison.Ordinal);

    /// <summary>Sessions that the token allows; null when it sets no limit or does not say.</summary>
    public ulong? SessionLimit => MaxSessions is 0 or ulong.MaxValue || MaxSessions == nuint.MaxValue ? null : MaxSessions;

    /// <summary>Label and serial, as lists of candidates show them.</summary>
    public override string ToString() =>
        Initialized ? $"'{Label}' (serial {Serial}, slot {Slot})" : $"an uninitialised token (slot {Slot})";

    public bool Matches(Pkcs11Uri uri) =>
        uri.UnknownAttribute is null
        && Fits(uri.Token, Label) && Fits(uri.Manufacturer, Manufacturer) && Fits(uri.Model, Model) && Fits(uri.Serial, Serial)
        && Fits(uri.SlotDescription, SlotDescription) && Fits(uri.SlotManufacturer, SlotManufacturer)
        && Fits(uri.LibraryManufacturer, LibraryManufacturer) && Fits(uri.LibraryDescription, LibraryDescription)
        && (uri.SlotId is null || uri.SlotId == Slot)
        && (uri.LibraryVersion is null || uri.LibraryVersion == LibraryVersion);

    public static unsafe TokenState From(nuint slot, LibraryInfo library, SlotInfo place, TokenInfo token) => new(
        slot,
        Padded(token.Label, 32), Padded(token.Manufacturer, 32), Padded(token.Model, 16), Padded(token.Serial, 16), token.Flags,
        token.MaxSessionCount, token.SessionCount, token.MinPinLength, token.MaxPinLength,
        Padded(place.Description, 64), Padded(place.Manufacturer, 32),
        Padded(library.Manufacturer, 32), Padded(library.Description, 32), (library.Major, library.Minor));

    private bool Has(nuint flag) => (Flags & flag) != 0;

    // Some tokens pad with NULs, and p11tool prints them as %00.
    private static bool Fits(string? wanted, string actual) => wanted is null || wanted.TrimEnd(' ', '\0') == actual;

    private static unsafe string Padded(byte* text, int length) =>
        Encoding.UTF8.GetString(text, length).TrimEnd(' ', '\0');
}
