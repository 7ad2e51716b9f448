namespace KexecSign.Commands.Testset;

/// <summary>Options of <c>testset</c>.</summary>
public sealed record TestsetOptions
{
    /// <summary>The kernel: an arm64 Image without signatures.</summary>
    public string? Image { get; init; }

    /// <summary>A zboot kit for it.</summary>
    public string? Kit { get; init; }

    /// <summary>An EFI stub to make unified kernel images with; null for a set without them.</summary>
    public string? Stub { get; init; }

    /// <summary>The keys/ folder of an earlier test set; null to make new keys.</summary>
    public string? Keys { get; init; }

    /// <summary>The folder that is made.</summary>
    public string? Output { get; init; }
}
