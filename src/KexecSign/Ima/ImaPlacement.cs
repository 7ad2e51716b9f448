using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Layouts;

namespace KexecSign.Ima;

/// <summary>Puts IMA values where they are wanted: beside the file, onto it, into a tar.</summary>
internal static class ImaPlacement
{
    /// <summary>Writes the sidecar and sets the attribute, as far as they are wanted.</summary>
    public static ImaSigned Place(string file, byte[] hash, byte[] value, bool sidecar, string? xattr, RunContext context)
    {
        if (sidecar)
            WrittenFile.Write(Layout.Of(value), file + ".sig", [file], context);
        return SetAttributes(Described(file, hash, value, sidecar), xattr);
    }

    /// <summary>Writes files named one by one with their signatures to a tar.</summary>
    public static string WriteTar(
        string path, ImmutableArray<(string File, byte[] Hash, byte[] Value)> files, HashAlgorithmName algorithm, RunContext context) =>
        ImaTar.Write(path, files.Select(f => new TarFile(f.File, Path.GetFileName(f.File), f.Hash, f.Value)), [], algorithm, context);

    /// <summary>What is reported of a signed file.</summary>
    public static ImaSigned Described(string file, byte[] digest, byte[] value, bool sidecar) => new(
        file, Convert.ToHexStringLower(digest), Convert.ToHexStringLower(value), Convert.ToHexStringLower(value.AsSpan(3, 4)),
        sidecar ? file + ".sig" : null, null);

    /// <summary>Sets the attributes when a namespace for them is given. What is asked for and cannot be done is a failure.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS3923.</exception>
    // security.ima first: with EVM active the kernel checks security.evm against it when it is set.
    public static ImaSigned SetAttributes(ImaSigned signed, string? xattr)
    {
        if (xattr is null)
            return signed;
        foreach ((string name, string? value) in (ReadOnlySpan<(string, string?)>)[(xattr + ".ima", signed.Value),
            (xattr + ".evm", signed.Evm)])
        {
            if (value is not null && ExtendedAttribute.TrySet(signed.File, name, Convert.FromHexString(value)) is { } problem)
                throw OperationErrors.AttributeNotSet.With(name, problem).In(signed.File);
        }
        return signed with { Xattr = xattr + ".ima" };
    }
}
