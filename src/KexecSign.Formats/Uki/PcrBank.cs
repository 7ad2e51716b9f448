using KexecSign.Formats.Vocabulary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Uki;

/// <summary>A bank of platform configuration registers.</summary>
/// <param name="Name">Name as systemd writes it: sha1, sha256, sha384, sha512.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="Id">TPM_ALG_ID (TCG Algorithm Registry).</param>
public sealed record PcrBank(string Name, HashAlgorithmName Hash, ushort Id)
{
    /// <summary>Those that TPMs have and systemd-measure knows, in its order.</summary>
    public static ImmutableArray<PcrBank> All { get; } =
    [
        .. HashKind.All.Where(hash => hash.Name.Name?.StartsWith("SHA3-", StringComparison.Ordinal) == false)
            .Select(hash => new PcrBank(hash.Word, hash.Name, hash.TpmId)),
    ];

    /// <summary>The names.</summary>
    public static ImmutableArray<string> Names { get; } = [.. All.Select(bank => bank.Name)];

    /// <summary>A bank by its name.</summary>
    /// <exception cref="KexecSignException">KS1721.</exception>
    public static PcrBank Named(string name) =>
        All.FirstOrDefault(bank => bank.Name == name) ?? throw FormatErrors.UnknownPcrBank.With(name);

    /// <summary>The hash of bytes.</summary>
    public byte[] Of(ReadOnlySpan<byte> bytes) => CryptographicOperations.HashData(Hash, bytes);

    /// <summary>A register's value after an extend: H(old value || digest).</summary>
    public byte[] Extend(ReadOnlySpan<byte> value, ReadOnlySpan<byte> digest) => Of([.. value, .. digest]);

    /// <summary>A register's value after a reset.</summary>
    public byte[] Zero => new byte[Of([]).Length];
}
