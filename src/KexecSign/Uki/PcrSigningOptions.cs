using System.Collections.Immutable;

namespace KexecSign.Uki;

/// <summary>Signing of PCR 11 policies, and what is to be signed.</summary>
public sealed record PcrSigningOptions
{
    /// <summary>The private key: PKCS#11 URI, <c>file:PATH</c> or a path; null for no signatures.</summary>
    public string? Key { get; init; }

    /// <summary>Its public half, a file in PEM, for a key that is elsewhere; null where nobody named one.</summary>
    public string? PublicKey { get; init; }

    /// <summary>Banks; empty for all that systemd-measure takes.</summary>
    public ImmutableArray<string> Banks { get; init; } = [];

    /// <summary>Phase paths; empty for the usual four.</summary>
    public ImmutableArray<string> Phases { get; init; } = [];

    /// <summary>What the policies are bound to; null for nothing.</summary>
    public string? PolicyReference { get; init; }

    /// <summary>Whether policies for the reference "initrd" and the phase enter-initrd are added, by the first key.</summary>
    public bool SignInitrd { get; init; }

    /// <summary>IDs of the profiles whose policies are signed; empty for all.</summary>
    public ImmutableArray<string> SignedProfiles { get; init; } = [];

    /// <summary>Further keys, each with phases and reference of its own.</summary>
    public ImmutableArray<PcrKeyGroup> Groups { get; init; } = [];

    /// <summary>systemd version of the stub; null for what the stub says.</summary>
    public int? StubVersion { get; init; }

    /// <summary>All keys with what each signs, those of <see cref="Groups"/> last.</summary>
    internal ImmutableArray<PcrKeyGroup> All => Key is null
        ? Groups
        : Groups.Insert(0, new(Key) { Phases = Phases, PolicyReference = PolicyReference, PublicKey = PublicKey });
}

/// <summary>A key that signs PCR 11 policies, and what it signs.</summary>
/// <param name="Key">The private key: PKCS#11 URI, <c>file:PATH</c> or a path.</param>
public sealed record PcrKeyGroup(string Key)
{
    /// <summary>Its public half, a file in PEM that is held against it; null where nobody named one.</summary>
    public string? PublicKey { get; init; }

    /// <summary>The same as a certificate.</summary>
    public string? Certificate { get; init; }

    /// <summary>Phase paths; empty for the usual four.</summary>
    public ImmutableArray<string> Phases { get; init; } = [];

    /// <summary>What the policies are bound to; null for nothing.</summary>
    public string? PolicyReference { get; init; }
}
