namespace KexecSign.Keys.Pkcs11.Native;

/// <summary>Flags of pkcs11t.h that are read or set here.</summary>
internal static class Flag
{
    public const nuint OsLockingOk = 0x2;
    public const nuint RwSession = 0x2;
    public const nuint SerialSession = 0x4;
    public const nuint LoginRequired = 0x4;
    public const nuint UserPinInitialized = 0x8;
    public const nuint ProtectedAuthenticationPath = 0x100;
    public const nuint TokenInitialized = 0x400;
    public const nuint MechanismSign = 0x800;
}

/// <summary>CKU_ values.</summary>
internal static class UserType
{
    public const nuint SecurityOfficer = 0;
    public const nuint User = 1;
    public const nuint ContextSpecific = 2;
}

/// <summary>CKO_ values.</summary>
internal static class ObjectClass
{
    public const nuint Data = 0;
    public const nuint Certificate = 1;
    public const nuint PublicKey = 2;
    public const nuint PrivateKey = 3;
    public const nuint SecretKey = 4;
}

/// <summary>CKK_ values.</summary>
internal static class KeyType
{
    public const nuint Rsa = 0;
    public const nuint Ec = 3;

    /// <summary>PKCS#11 3.2, as the other constants of ML-DSA.</summary>
    public const nuint MlDsa = 0x4A;
}

/// <summary>CKM_ values.</summary>
internal static class Mechanism
{
    public const nuint RsaPkcsKeyPairGen = 0x0;
    public const nuint RsaPkcs = 0x1;
    public const nuint MlDsaKeyPairGen = 0x1C;
    public const nuint MlDsa = 0x1D;
    public const nuint EcKeyPairGen = 0x1040;
    public const nuint Ecdsa = 0x1041;
}

/// <summary>CKA_ values.</summary>
internal static class AttributeType
{
    public const nuint Class = 0x0;
    public const nuint Token = 0x1;
    public const nuint Private = 0x2;
    public const nuint Label = 0x3;
    public const nuint Value = 0x11;
    public const nuint CertificateType = 0x80;
    public const nuint Issuer = 0x81;
    public const nuint SerialNumber = 0x82;
    public const nuint KeyType = 0x100;
    public const nuint Subject = 0x101;
    public const nuint Id = 0x102;
    public const nuint Sensitive = 0x103;
    public const nuint Encrypt = 0x104;
    public const nuint Decrypt = 0x105;
    public const nuint Wrap = 0x106;
    public const nuint Unwrap = 0x107;
    public const nuint Sign = 0x108;
    public const nuint Verify = 0x10A;
    public const nuint Derive = 0x10C;
    public const nuint Modulus = 0x120;
    public const nuint ModulusBits = 0x121;
    public const nuint PublicExponent = 0x122;
    public const nuint PublicKeyInfo = 0x129;
    public const nuint Extractable = 0x162;
    public const nuint EcParameters = 0x180;
    public const nuint EcPoint = 0x181;
    public const nuint AlwaysAuthenticate = 0x202;
    public const nuint ParameterSet = 0x61D;
}
