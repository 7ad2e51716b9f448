using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using KexecSign.Formats.Errors;

namespace KexecSign.Formats.Ima;

/// <summary>
/// What a portable EVM signature (<c>security.evm</c>, type 5) covers of a file: its protected attributes, owner, group and mode. Inode
/// number, generation and file system are left out, so that the value holds wherever the file is installed
/// (security/integrity/evm/evm_crypto.c, hmac_add_misc() and evm_calc_hmac_or_hash()).
/// </summary>
/// <param name="Owner">User id.</param>
/// <param name="Group">Group id.</param>
/// <param name="Mode">File type and permission bits, as st_mode: 0100644 octal for a regular file.</param>
/// <param name="Attributes">The file's protected attributes with their raw values, security.ima among them; others are not covered.</param>
public sealed record EvmMetadata(uint Owner, uint Group, ushort Mode, ImmutableArray<ProtectedAttribute> Attributes)
{
    // struct h_misc of a 64-bit kernel: u64 ino, u32 generation, u32 uid, u32 gid, u16 mode, 2 bytes of padding.
    private const int MiscSize = 24;

    /// <summary>
    /// The attributes that EVM protects, in the order in which they are hashed (evm_main.c, evm_config_default_xattrnames).
    /// </summary>
    public static ImmutableArray<string> ProtectedNames { get; } =
    [
        "security.selinux", "security.SMACK64", "security.SMACK64EXEC", "security.SMACK64TRANSMUTE", "security.SMACK64MMAP",
        "security.apparmor", "security.ima", "security.capability",
    ];

    /// <summary>The hash that is signed.</summary>
    /// <param name="hash">Hash algorithm.</param>
    /// <exception cref="KexecSignException">KS1406 when security.ima is missing: the kernel refuses such a value with EPERM.</exception>
    public byte[] Digest(HashAlgorithmName hash)
    {
        return CryptographicOperations.HashData(hash, Content());
    }

    /// <summary>The bytes that are hashed.</summary>
    /// <exception cref="KexecSignException">KS1406.</exception>
    public byte[] Content()
    {
        if (!Attributes.Any(a => a.Name == "security.ima"))
            throw FormatErrors.EvmWithoutIma.With();
        var all = new MemoryStream();
        foreach (string name in ProtectedNames)
        {
            if (Attributes.FirstOrDefault(a => a.Name == name) is { } attribute)
                all.Write(attribute.Value.Span);
        }
        Span<byte> misc = stackalloc byte[MiscSize];
        misc.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(misc[12..], Owner);
        BinaryPrimitives.WriteUInt32LittleEndian(misc[16..], Group);
        BinaryPrimitives.WriteUInt16LittleEndian(misc[20..], Mode);
        all.Write(misc);
        return all.ToArray();
    }
}

/// <summary>An extended attribute that EVM protects.</summary>
/// <param name="Name">Full name, <c>security.</c> included.</param>
/// <param name="Value">Raw bytes; an SELinux label with the zero byte that the kernel stores behind it.</param>
public sealed record ProtectedAttribute(string Name, ReadOnlyMemory<byte> Value);
