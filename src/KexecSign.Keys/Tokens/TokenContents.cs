using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Keys.Kinds;

namespace KexecSign.Keys.Tokens;

/// <summary>What a token says of itself.</summary>
/// <param name="Label">Its label.</param>
/// <param name="Manufacturer">Who made it.</param>
/// <param name="Model">Its model.</param>
/// <param name="Serial">Its serial number.</param>
/// <param name="Slot">The slot it is in; numbers may change from run to run.</param>
/// <param name="LoginRequired">Whether private keys are seen only after login.</param>
/// <param name="HasKeypad">Whether the PIN is typed on the token itself.</param>
/// <param name="SessionLimit">Sessions that may be open at a time; null when it sets no limit or does not say.</param>
/// <param name="OpenSessions">Sessions that are open now, in all programs as far as the token knows.</param>
/// <param name="Module">Path of the module through which it is seen.</param>
public sealed record TokenDescription(
    string Label, string Manufacturer, string Model, string Serial, ulong Slot, bool LoginRequired, bool HasKeypad,
    ulong? SessionLimit, ulong OpenSessions, string Module);

/// <summary>A private key as a list shows it.</summary>
/// <param name="Label">CKA_LABEL.</param>
/// <param name="Id">CKA_ID.</param>
/// <param name="Algorithm">RSA or ECDSA; null when it is another kind or the token does not tell the public half.</param>
/// <param name="SizeBits">Modulus or field size in bits; null as <paramref name="Algorithm"/>.</param>
/// <param name="AlwaysAuthenticate">Whether every signature needs the PIN again.</param>
public sealed record KeyDescription(string Label, ImmutableArray<byte> Id, KeyAlgorithm? Algorithm, int? SizeBits, bool AlwaysAuthenticate);

/// <summary>A certificate as a list shows it.</summary>
/// <param name="Label">CKA_LABEL.</param>
/// <param name="Id">CKA_ID, the same as its key's.</param>
/// <param name="Certificate">The certificate.</param>
public sealed record CertificateDescription(string Label, ImmutableArray<byte> Id, X509Certificate2 Certificate);
