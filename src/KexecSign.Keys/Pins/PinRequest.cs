using KexecSign.Keys.References;

namespace KexecSign.Keys.Pins;

/// <summary>The sources that one reference and its options name.</summary>
internal sealed record PinRequest(Pkcs11Uri? Uri, PinOptions Options);
