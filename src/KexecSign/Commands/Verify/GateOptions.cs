using System.Collections.Immutable;

namespace KexecSign.Commands.Verify;

/// <summary>Options of <c>gate</c>.</summary>
public sealed record GateOptions
{
    /// <summary>Files, folders and patterns.</summary>
    public ImmutableArray<string> Files { get; init; } = [];

    /// <summary>A file with more of them; null for none.</summary>
    public string? FilesFrom { get; init; }

    /// <summary>The policy.</summary>
    public string Policy { get; init; } = "";

    /// <summary>PKCS#11 modules that the policy may name.</summary>
    public ImmutableArray<string> AllowedModules { get; init; } = [];
}
