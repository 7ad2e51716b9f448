using KexecSign.Keys.Pkcs11.Native;

namespace KexecSign.Keys.Pkcs11;

/// <summary>Names of the mechanisms that sign.</summary>
internal static class MechanismNames
{
    public static string Of(nuint mechanism) => (ulong)mechanism switch
    {
        0x1 => "CKM_RSA_PKCS",
        0x3 => "CKM_RSA_X_509",
        0xD => "CKM_RSA_PKCS_PSS",
        0x1D => "CKM_ML_DSA",
        0x1F => "CKM_HASH_ML_DSA",
        0x5 => "CKM_MD5_RSA_PKCS",
        0x6 => "CKM_SHA1_RSA_PKCS",
        0xE => "CKM_SHA1_RSA_PKCS_PSS",
        0x11 => "CKM_DSA",
        0x12 => "CKM_DSA_SHA1",
        0x40 => "CKM_SHA256_RSA_PKCS",
        0x41 => "CKM_SHA384_RSA_PKCS",
        0x42 => "CKM_SHA512_RSA_PKCS",
        0x43 => "CKM_SHA256_RSA_PKCS_PSS",
        0x44 => "CKM_SHA384_RSA_PKCS_PSS",
        0x45 => "CKM_SHA512_RSA_PKCS_PSS",
        0x46 => "CKM_SHA224_RSA_PKCS",
        0x47 => "CKM_SHA224_RSA_PKCS_PSS",
        0x60 => "CKM_SHA3_256_RSA_PKCS",
        0x61 => "CKM_SHA3_384_RSA_PKCS",
        0x62 => "CKM_SHA3_512_RSA_PKCS",
        0x1041 => "CKM_ECDSA",
        0x1042 => "CKM_ECDSA_SHA1",
        0x1043 => "CKM_ECDSA_SHA224",
        0x1044 => "CKM_ECDSA_SHA256",
        0x1045 => "CKM_ECDSA_SHA384",
        0x1046 => "CKM_ECDSA_SHA512",
        0x1048 => "CKM_ECDSA_SHA3_256",
        0x1049 => "CKM_ECDSA_SHA3_384",
        0x104A => "CKM_ECDSA_SHA3_512",
        0x1057 => "CKM_EDDSA",
        ulong other => $"0x{other:x}",
    };

    /// <summary>The mechanisms with which the token makes signatures by private keys, in the token's order.</summary>
    public static List<string> Signing(Cryptoki calls, nuint slot)
    {
        var names = new List<string>();
        foreach (nuint mechanism in calls.Mechanisms(slot))
        {
            string name = Of(mechanism);
            if (name.StartsWith("CKM_", StringComparison.Ordinal) && calls.MechanismOf(slot, mechanism) is { } info
                && (info.Flags & Flag.MechanismSign) != 0)
                names.Add(name);
        }
        return names;
    }
}
