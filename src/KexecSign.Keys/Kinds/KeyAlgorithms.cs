namespace KexecSign.Keys.Kinds;

/// <summary>What differs between algorithms of keys.</summary>
internal static class KeyAlgorithms
{
    /// <summary>Whether a key of it signs messages as they are, and no hash of them.</summary>
    public static bool SignsMessages(this KeyAlgorithm algorithm) => algorithm switch
    {
        KeyAlgorithm.MlDsa => true,
        KeyAlgorithm.Rsa or KeyAlgorithm.Ecdsa => false,
    };
}
