using KexecSign.Core.Errors;
using KexecSign.Keys.Kinds;

namespace KexecSign.Ima;

/// <summary>
/// Which version of a value a key signs: 2 is for every kernel and over a hash, 3 is over struct ima_file_id, which alone ML-DSA takes
/// (security/integrity/digsig_asymmetric.c, asymmetric_verify_v3()).
/// </summary>
internal static class ImaVersion
{
    /// <summary>Of what was asked for, or the key's own.</summary>
    /// <param name="key">The key.</param>
    /// <param name="wanted">2 or 3; null for the one that suits the key.</param>
    /// <param name="verity">Whether an fs-verity digest is signed, for which there is version 3 alone.</param>
    /// <exception cref="Formats.Errors.KexecSignException">KS3927 for version 2 by ML-DSA.</exception>
    public static byte Of(ISigningKey key, int? wanted = null, bool verity = false)
    {
        bool mlDsa = key.Algorithm == KeyAlgorithm.MlDsa;
        if (mlDsa && wanted == 2)
            throw OperationErrors.MlDsaVersion.With($"ML-DSA-{key.KeySizeBits}");
        return checked((byte)(wanted ?? (mlDsa || verity ? 3 : 2)));
    }
}
