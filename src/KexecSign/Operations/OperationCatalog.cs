using System.Collections.Immutable;

namespace KexecSign.Operations;

/// <summary>Every operation there is, in the order in which help lists them. What stands here is what the faces offer.</summary>
public static class OperationCatalog
{
    /// <summary>All operations.</summary>
    public static ImmutableArray<Operation> All { get; } = [];
}
