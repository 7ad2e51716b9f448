using KexecSign.Formats.Vocabulary;
using KexecSign.Formats.Authenticode;
using KexecSign.Formats.Layouts;

namespace KexecSign.Signing;

/// <summary>What is the same in every PE signature of one identity; found once, because a batch needs it for each file.</summary>
internal sealed class SignatureForm
{
    private const string Name = "KexecSign";

    private SignatureForm(SigningIdentity identity, string programName, int length)
    {
        Identity = identity;
        ProgramName = programName;
        Length = length;
    }

    /// <summary>Whose signatures have it.</summary>
    public SigningIdentity Identity { get; }

    /// <summary>The text of SpcSpOpusInfo.</summary>
    public string ProgramName { get; }

    /// <summary>Length of the PKCS#7 in bytes, timestamps aside; for ECDSA the most that it can be.</summary>
    public int Length { get; }

    /// <summary>The form of an identity's signatures.</summary>
    /// <remarks>
    /// Readers disagree about an entry whose PKCS#7 does not end on a multiple of 8: osslsigncode 2.5 refuses a dwLength that is
    /// not rounded up, strict PKCS#7 parsers such as U-Boot's refuse padding inside a rounded one (systemd issue 42884). So the
    /// text of SpcSpOpusInfo, which nobody acts on, is made long enough for the two to be the same. ECDSA signatures have no
    /// fixed length and stay without rounding.
    /// </remarks>
    public static SignatureForm Of(SigningIdentity identity)
    {
        string name = Name;
        int length = EncodedLength(identity, name);
        while (identity.Scheme == SignatureScheme.RsaPkcs1 && !Alignment.Holds(length, 8))
        {
            name += ' ';
            length = EncodedLength(identity, name);
        }
        return new(identity, name, length);
    }

    // The length depends on certificates and key alone: RSA signatures are as long as the modulus, and ECDSA ones at most
    // MaxSignatureSize.
    private static int EncodedLength(SigningIdentity identity, string programName)
    {
        byte[] content = identity.Statement(new(identity.Hash, new byte[HashKind.Of(identity.Hash).Length]));
        SignedAttributes attributes = SignedAttributes.For(content, identity.Hash, programName, identity.SigningTime);
        return AuthenticodeSignedData.Encode(
            content, attributes, identity.Hash, identity.Certificates, identity.Scheme, new byte[identity.Key.MaxSignatureSize]).Length;
    }
}
