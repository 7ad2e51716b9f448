namespace KexecSign.Keys.Kinds;

/// <summary>
/// What a key is asked to sign. A signature says nothing of its kind: one over the raw bytes of a "module" that are in truth the signed
/// attributes of an image is that image's signature. Who holds a key for others asks for the content, therefore, and looks.
/// </summary>
public enum ContentKind
{
    /// <summary>The signed attributes of an Authenticode signature.</summary>
    Authenticode,

    /// <summary>What an appended signature covers: a module, a kernel, a parser ELF.</summary>
    Module,

    /// <summary>What IMA hashes: a file, or the fixed structure that version 3 signs.</summary>
    Ima,

    /// <summary>The metadata that a portable EVM signature covers.</summary>
    Evm,

    /// <summary>A hash of something that cannot be shown: nobody can tell what it is of.</summary>
    Digest,
}
