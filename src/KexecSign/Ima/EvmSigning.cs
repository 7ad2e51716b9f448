using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using KexecSign.Core;
using KexecSign.Core.Errors;
using KexecSign.Files;
using KexecSign.Formats.Ima;
using KexecSign.Judging;
using KexecSign.Signing;

namespace KexecSign.Ima;

/// <summary>Portable EVM signatures: made beside an IMA value, and checked.</summary>
internal static class EvmSigning
{
    /// <summary>Name of the sidecar behind the file's name.</summary>
    public const string Sidecar = ".evm.sig";

    /// <summary>Signs what EVM covers.</summary>
    public static byte[] Sign(EvmMetadata metadata, SigningIdentity identity, byte version, string file, RunContext context) =>
        ImaSigner.Sign(
            metadata.Digest(identity.Hash), identity, context, ImaSignature.PortableEvm, version, () => metadata.Content(), file);

    /// <summary>Checks a value against what it covers, and gives the certificate it holds by.</summary>
    /// <exception cref="Formats.Errors.KexecSignException">KS1402, KS1403, KS1406, KS1407, KS4112, KS4115.</exception>
    public static X509Certificate2 Check(byte[] value, EvmMetadata metadata, ImmutableArray<X509Certificate2> trusted)
    {
        var signature = ImaSignature.DecodeEvm(value);
        X509Certificate2 signer = ImaCheck.SignerOf(signature, trusted);
        return ImaCheck.HoldsBy(signer, metadata.Digest(signature.Hash), signature)
            ? signer
            : throw VerifyErrors.EvmSignatureWrong.With(
                $"{signature.KeyId:x8}", metadata.Owner, metadata.Group, Convert.ToString(metadata.Mode, 8),
                    string.Join(", ", metadata.Attributes.Select(a => a.Name)));
    }

    /// <summary>Finds a file's value: the sidecar, then the attributes.</summary>
    public static (byte[] Value, string Source)? Find(string file)
    {
        if (File.Exists(file + Sidecar))
            return (ImaCheck.ReadSidecar(file + Sidecar), "the EVM sidecar");
        foreach (string name in (ReadOnlySpan<string>)["security.evm", "user.evm"])
        {
            if (ExtendedAttribute.TryGet(file, name) is { Length: > 0 } value && value[0] == ImaSignature.PortableEvm)
                return (value, name);
        }
        return null;
    }
}
