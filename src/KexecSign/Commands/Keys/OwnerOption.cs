using KexecSign.Core.Errors;

namespace KexecSign.Commands.Keys;

/// <summary>The SignatureOwner of what is enrolled; firmware shows it and asks nothing of it.</summary>
internal static class OwnerOption
{
    /// <summary>Spells kexecsign-enroll where tools show the bytes.</summary>
    public static readonly Guid Default = new("6b657865-6373-6967-6e2d-656e726f6c6c");

    public static Guid Parse(string value) =>
        Guid.TryParseExact(value, "D", out Guid owner)
            ? owner
            : throw OperationErrors.OptionValue.With("owner", value, "a GUID such as 6b657865-6373-6967-6e2d-656e726f6c6c");
}
